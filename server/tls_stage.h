/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for a dataset that is being built. Blocking: before the loops start, or in the thread pool. Files are
 * read at the start, as the user that started the node, and with a reload of the configuration, as the user it became.
 */
#ifndef SERVER_TLS_STAGE_H
#define SERVER_TLS_STAGE_H

#include "sync/dataset.h"

/* For the start and for --check: any fault refuses. strict: an expired certificate is one, too. Warnings are logged. */
int tls_stage_load(const struct conf *conf, bool strict, struct dataset_tls ret[DATASET_TLS_SERVICES],
		   struct err_list *errors);
/* For a reload: files that cannot be used leave what runs in use, with the fault told and noted in the dataset. */
void tls_stage_reload(const struct conf *conf, const struct dataset *running, struct dataset *dataset);
/* For a reload of secrets: the certificates as they run, with ticket keys and OCSP responses read again. A ticket key that
 * cannot be used is a fault; the dataset is complete all the same. */
int tls_stage_secrets(const struct conf *conf, const struct dataset *running, struct dataset *dataset,
		      struct err_list *errors);
/* For the start, once content is there: takes tls over into the dataset, with the ticket keys of its content. */
void tls_stage_first(const struct conf *conf, struct dataset_tls tls[DATASET_TLS_SERVICES], struct dataset *dataset);
/* For what reloads something else: the certificates as they run. */
void tls_stage_keep(const struct dataset *running, struct dataset *dataset);

/* Of the first service whose newest files are not in use; NULL: all are. */
const char *tls_stage_fault(const struct dataset *dataset);

#endif
