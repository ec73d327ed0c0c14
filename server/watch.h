/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches the folders of the files with secrets (of cookies, of session tickets) and of OCSP responses, so that one that is
 * rolled by a file change is used within a second on every node, without a command. Zones and the configuration are not watched, on purpose: a change of several files is
 * switched to when somebody says that it is complete. Main thread only.
 */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

#include "conf/conf.h"

struct node;
struct watch;

struct watch *watch_new(struct node *node);
/* Watches what this configuration names instead of what was watched before. */
void watch_secrets(struct watch *watch, const struct conf *conf);
void watch_close(struct watch *watch);
void watch_free(struct watch *watch);	/* after the loop has ended */

#endif
