/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as metadata: read or refused with a reason; what was read answers questions, and nobody trusts it
 * unsigned. The same bytes as every file of a repository never become trusted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_client.h"
#include "sync/tuf_match.h"
#include "sync/tuf_search.h"

#define PATH "zones/example.org/zone"

static void ask(const struct tuf_metadata *metadata)
{
	struct tuf_search search;
	struct tuf_file file;

	for (size_t i = 0; i < metadata->role_count; i++) {
		if (tuf_role_signatures(&metadata->roles[i], metadata->keys, metadata, false)
		    > metadata->roles[i].threshold)
			abort();
		if (tuf_role_lost_key(&metadata->roles[i], metadata->keys, &metadata->roles[i], metadata->keys))
			abort();
	}
	if (metadata->kind == TUF_SNAPSHOT)
		tuf_snapshot_file(metadata, "targets", &file);
	if (metadata->kind != TUF_TARGETS)
		return;
	if (tuf_targets_file(metadata, PATH, &file) == 0 && (file.length < 0 || file.hashes.count == 0))
		abort();
	tuf_search_init(&search, PATH, metadata);
	for (int i = 0; i < 40 && tuf_search_next(&search, 32) != NULL; i++)
		tuf_search_descend(&search, metadata);
	tuf_search_fini(&search);
}

static void drive(struct span bytes)
{
	struct tuf_settings settings;
	struct tuf_step step;

	tuf_settings_init(&settings, 0);
	struct tuf_client *client = tuf_client_new(&settings);
	for (enum tuf_step_kind kind; (kind = tuf_client_step(client, &step)) < TUF_STEP_DONE; ) {
		if (kind == TUF_STEP_LOAD || kind == TUF_STEP_FETCH)
			tuf_client_feed(client, bytes);
		else
			tuf_client_stored(client);
	}
	if (tuf_client_step(client, &step) == TUF_STEP_DONE || tuf_client_reason(client)->text[0] == '\0')
		abort();	/* one file is not root and timestamp at once */
	tuf_client_free(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (enum tuf_kind kind = 0; kind < TUF_KINDS; kind++) {
		struct tuf_metadata *metadata = NULL;
		struct err_note note = { 0 };
		int err = tuf_metadata_read(kind, (struct span){ data, size }, &metadata, &note);

		if ((err == 0) != (metadata != NULL) || (err != 0 && note.text[0] == '\0'))
			abort();
		if (metadata != NULL)
			ask(metadata);
		tuf_metadata_free(metadata);
	}
	drive((struct span){ data, size });
	return 0;
}
