/* SPDX-License-Identifier: Apache-2.0 */
/* From root to the configured user, once, after binding and before any content is read. Main, before threads start. */
#ifndef SERVER_PRIVILEGES_H
#define SERVER_PRIVILEGES_H

#include <stdbool.h>

#include "conf/base/err.h"
#include "conf/conf.h"

/* Open files up to the hard limit: every TCP client is one. */
void privileges_raise_files(void);
/* Creates state-dir where missing, as the user's. -errno with a note. */
int privileges_make_state_dir(const struct conf *conf, struct err_note *note);
/* Becomes conf->user with its groups, no capability left and none to be had again (bounding set, no_new_privs). When not
 * root, the same without changing the user (and says so). As root without user, all rights stay but CAP_NET_ADMIN, which the
 * helper of server/anycast has.
 * The control socket goes to the user too. -errno with a note. */
int privileges_drop(const struct conf *conf, struct err_note *note);

/* Whether this process may change interfaces and addresses. */
bool privileges_have_netadmin(void);
/* For the helper of server/anycast: becomes conf->user and keeps CAP_NET_ADMIN alone. -errno. */
int privileges_keep_netadmin(const struct conf *conf);
/* Whether threads may have real-time priority, also after the user has changed; allows it where that is ours to do. */
bool privileges_can_realtime(const struct conf *conf);
enum { PRIVILEGES_RT_PRIORITY = 10 };

#endif
