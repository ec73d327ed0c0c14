/* SPDX-License-Identifier: Apache-2.0 */
/* All listening sockets of a node, one set a worker, bound before privileges are dropped and any thread starts. Main. */
#ifndef SERVER_SOCKETS_H
#define SERVER_SOCKETS_H

#include "conf/base/err.h"
#include "conf/conf.h"
#include "server/worker.h"

/* Gives conf->workers sets; all faults go to errors. The array is the caller's (sockets_free), the descriptors belong
 * to the workers once they have started. */
int sockets_bind(const struct conf *conf, struct worker_sockets **ret_sockets, struct err_list *errors);
void sockets_free(struct worker_sockets *sockets, unsigned workers);

#endif
