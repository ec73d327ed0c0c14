/* SPDX-License-Identifier: Apache-2.0 */
/* catchment-fetch: the node's verifier as a plain TUF client command. */
#include <stdio.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/tool/fetch_options.h"
#include "sync/tool/fetch_web.h"
#include "sync/tuf_drive.h"
#include "sync/tuf_target.h"

enum { ROOT_FILE_MAX = 1 << 20 };

static void say(const char *text)
{
	fprintf(stderr, "catchment-fetch: note: %s\n", text);
}

static int init(const struct fetch_options *options, struct tuf_store *store, struct err_note *note)
{
	uint8_t *bytes;
	size_t len;
	int err = file_read(options->root_file, ROOT_FILE_MAX, &bytes, &len);

	if (err != 0) {
		err_note_set(note, options->root_file, 0, "the root cannot be read: %s", err_text(err));
		return err;
	}
	err = tuf_drive_init(store, (struct span){ bytes, len }, note);
	mem_free(bytes);
	return err;
}

static int download(const struct fetch_options *options, const struct tuf_drive *drive, struct err_note *note)
{
	int err = file_make_folders(options->target_dir, 0755);

	if (err != 0)
		err_note_set(note, options->target_dir, 0, "the folder cannot be made: %s", err_text(err));
	tuf_target_sweep(options->target_dir, clock_wall_s());
	for (size_t i = 0; err == 0 && i < options->target_count; i++)
		err = tuf_drive_target(drive, options->target_names[i], options->target_base_url, options->target_dir,
				       note);
	return err;
}

/* The clock is read once: everything in one update is judged by one time (TUF 5.1). */
static int update(const struct fetch_options *options, struct tuf_store *store, struct err_note *note)
{
	struct fetch_web *web = fetch_web_new(options->ca);
	struct tuf_settings settings;
	int err = ERR_UNAVAILABLE;

	if (web == NULL) {
		err_note_set(note, NULL, 0, "libcurl does not start");
		return err;
	}
	tuf_settings_init(&settings, clock_wall_s());
	struct tuf_drive drive = {
		.client = tuf_client_new(&settings), .store = store, .transport = fetch_web_transport(web),
		.metadata_url = options->metadata_url, .remark = options->verbose ? say : NULL,
	};
	err = tuf_drive_on(&drive, note);
	if (err == 0 && options->verb == FETCH_DOWNLOAD)
		err = download(options, &drive, note);
	tuf_client_free(drive.client);
	fetch_web_free(web);
	return err;
}

static int run(const struct fetch_options *options)
{
	char text[sizeof(struct err_note)];
	struct tuf_store *store = NULL;
	struct err_note note = { 0 };
	int err = tuf_store_open(options->metadata_dir, options->verb == FETCH_INIT, &store, &note);

	if (err == 0)
		err = options->verb == FETCH_INIT ? init(options, store, &note) : update(options, store, &note);
	tuf_store_close(store);
	if (err != 0)
		fprintf(stderr, "catchment-fetch: %s\n", err_note_print(&note, text, sizeof text));
	return err != 0 ? FETCH_FAILED : FETCH_DONE;
}

int main(int argc, char **argv)
{
	struct fetch_options options;
	int exit = fetch_options_parse(argc, argv, &options);

	if (exit < 0)
		exit = run(&options);
	mem_free(options.target_names);
	return exit;
}
