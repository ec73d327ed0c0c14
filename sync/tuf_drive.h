/* SPDX-License-Identifier: Apache-2.0 */
/* The TUF client, its folder and a transport put together: what a plain command does, from the first step to the
 * last. Waits for the transport. Thread: one at a time. */
#ifndef SYNC_TUF_DRIVE_H
#define SYNC_TUF_DRIVE_H

#include "sync/transport.h"
#include "sync/tuf_client.h"
#include "sync/tuf_store.h"

struct tuf_drive {
	struct tuf_client *client;
	struct tuf_store *store;
	struct transport *transport;
	const char *metadata_url;
	void (*remark)(const char *text); /* what is worth to be known and no failure; NULL: nobody wants to know */
};

/* Steps until done: a refresh, or a search begun with tuf_client_find(). 0, or a negative int with the reason. */
int tuf_drive_on(const struct tuf_drive *drive, struct err_note *note);
/* Into the folder, under the percent-encoded path, from below targets_url. ERR_UNKNOWN: no such target. */
int tuf_drive_target(const struct tuf_drive *drive, const char *path, const char *targets_url, const char *folder,
		     struct err_note *note);

/* A root to trust from now on: checked as 5.2 says, and stored. */
int tuf_drive_init(struct tuf_store *store, struct span root, struct err_note *note);

#endif
