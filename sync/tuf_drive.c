/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_drive.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_match.h"
#include "sync/tuf_target.h"

/* One that is damaged, or too large to be one, is fetched anew; one that the disk does not give is a failure: going
 * on would lose the guard against rollback. */
static int load(const struct tuf_drive *drive, const struct tuf_step *step, struct err_note *note)
{
	char text[sizeof note->file + sizeof note->text];
	uint8_t *bytes;
	size_t len;
	int err = tuf_store_load(drive->store, step->role, step->max_bytes, &bytes, &len, note);

	if (err == ERR_LIMIT && drive->remark != NULL)
		drive->remark(err_note_print(note, text, sizeof text));
	if (err == -ENOENT || err == ERR_LIMIT) {
		tuf_client_absent(drive->client);
		return 0;
	}
	if (err != 0)
		return err;
	tuf_client_feed(drive->client, (struct span){ bytes, len });
	mem_free(bytes);
	const struct err_note *passed_over = tuf_client_passed_over(drive->client);
	if (passed_over != NULL && drive->remark != NULL)
		drive->remark(passed_over->text);
	return 0;
}

static int fetch(const struct tuf_drive *drive, const struct tuf_step *step, struct err_note *note)
{
	char *url = tuf_url_join(drive->metadata_url, step->name);
	struct transport_buffer buffer = { 0 };
	int err = drive->transport->get(drive->transport, url, step->max_bytes, transport_buffer_take, &buffer, note);

	mem_free(url);
	if (err == 0)
		tuf_client_feed(drive->client, (struct span){ buffer.bytes, buffer.len });
	else if (err == ERR_UNKNOWN)
		tuf_client_absent(drive->client);
	mem_free(buffer.bytes);
	return err == ERR_UNKNOWN ? 0 : err;
}

int tuf_drive_on(const struct tuf_drive *drive, struct err_note *note)
{
	for (;;) {
		struct tuf_step step;
		int err = 0;

		switch (tuf_client_step(drive->client, &step)) {
		case TUF_STEP_LOAD:
			err = load(drive, &step, note);
			break;
		case TUF_STEP_FETCH:
			err = fetch(drive, &step, note);
			break;
		case TUF_STEP_PERSIST:
			err = tuf_store_save(drive->store, step.role, step.bytes, note);
			if (err == 0)
				tuf_client_stored(drive->client);
			break;
		case TUF_STEP_FORGET:
			err = tuf_store_forget(drive->store, step.role, note);
			if (err == 0)
				tuf_client_stored(drive->client);
			break;
		case TUF_STEP_DONE:
			return 0;
		case TUF_STEP_REFUSED:
			*note = *tuf_client_reason(drive->client);
			return ERR_INVALID;
		}
		if (err != 0)
			return err;
	}
}

static int take_target(void *ctx, struct span piece)
{
	return tuf_target_take(ctx, piece);
}

static int download(const struct tuf_drive *drive, const char *url, const char *path, const struct tuf_file *file,
		    struct err_note *note)
{
	struct tuf_target *target;
	int err = tuf_target_begin(path, file, &target, note);

	if (err != 0)
		return err;
	err = drive->transport->get(drive->transport, url, (uint64_t)file->length, take_target, target, note);
	if (err == 0 || tuf_target_fault(target) != 0)
		return tuf_target_end(target, note);
	tuf_target_abandon(target);
	return err == ERR_UNKNOWN ? ERR_INVALID : err;
}

int tuf_drive_target(const struct tuf_drive *drive, const char *path, const char *targets_url, const char *folder,
		     struct err_note *note)
{
	struct tuf_file file;
	int err;

	tuf_client_find(drive->client, path);
	err = tuf_drive_on(drive, note);
	if (err != 0)
		return err;
	if (tuf_client_target(drive->client, &file, NULL) != 0) {
		*note = *tuf_client_reason(drive->client);
		return ERR_UNKNOWN;
	}
	char *quoted = tuf_file_quote(path), *name = tuf_client_target_name(drive->client, path, &file);
	char *to = mem_format("%s/%s", folder, quoted), *url = tuf_url_join(targets_url, name);
	if (!tuf_target_is_there(to, &file))
		err = download(drive, url, to, &file, note);
	mem_free(quoted);
	mem_free(name);
	mem_free(to);
	mem_free(url);
	return err;
}

int tuf_drive_init(struct tuf_store *store, struct span root, struct err_note *note)
{
	struct tuf_trust trust = { 0 };
	int err;

	tuf_settings_init(&trust.settings, 0);
	err = root.len <= (uint64_t)trust.settings.bytes_max[TUF_ROOT] ? tuf_trust_first_root(&trust, root, note)
								       : ERR_LIMIT;
	if (err == ERR_LIMIT)
		err_note_set(note, NULL, 0, "root: more than the %" PRId64 " bytes that are taken of it",
			     trust.settings.bytes_max[TUF_ROOT]);
	if (err == 0)
		err = tuf_store_save(store, "root", root, note);
	tuf_trust_fini(&trust);
	return err;
}
