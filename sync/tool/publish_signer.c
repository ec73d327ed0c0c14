/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tool/publish_signer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_tree.h"

enum { SIGNED_MAX = 1 << 30, NOT_STARTED = 127 };

struct signer {
	const char *command, *zone;
	uint32_t serial;
	char *folder, *unsigned_file, *signed_file;
};

/* In the child: never returns. */
static void become(const struct signer *signer)
{
	int in = open(signer->unsigned_file, O_RDONLY | O_CLOEXEC);
	int out = open(signer->signed_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char serial[16];

	snprintf(serial, sizeof serial, "%u", signer->serial);
	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0
	    || setenv("CATCHMENT_ZONE", signer->zone, 1) != 0 || setenv("CATCHMENT_SERIAL", serial, 1) != 0
	    || setenv("CATCHMENT_ZONE_FILE", signer->unsigned_file, 1) != 0)
		_exit(NOT_STARTED);
	execl("/bin/sh", "sh", "-c", signer->command, (char *)NULL);
	_exit(NOT_STARTED);
}

static int run(const struct signer *signer, struct err_note *note)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		become(signer);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (pid < 0) {
		err_note_set(note, NULL, 0, "--signer cannot be started: %s", err_text(-errno));
		return ERR_UNAVAILABLE;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		err_note_set(note, NULL, 0, "--signer \"%.200s\" ended by signal %d: nothing was changed",
			     signer->command, WTERMSIG(status));
	else
		err_note_set(note, NULL, 0, "--signer \"%.200s\" failed with exit code %d: nothing was changed",
			     signer->command, WEXITSTATUS(status));
	return ERR_UNAVAILABLE;
}

static int run_in(const struct signer *signer, struct span text, uint8_t **ret_text, size_t *ret_len,
		  struct err_note *note)
{
	int err = file_replace_unsynced(signer->unsigned_file, text.at, text.len, 0600);

	if (err != 0) {
		err_note_set(note, signer->unsigned_file, 0, "cannot be written: %s", err_text(err));
		return err;
	}
	err = run(signer, note);
	if (err != 0)
		return err;
	err = file_read(signer->signed_file, SIGNED_MAX, ret_text, ret_len);
	if (err == 0 && *ret_len == 0) {
		mem_free(*ret_text);
		err = ERR_UNAVAILABLE;
	}
	if (err != 0)
		err_note_set(note, NULL, 0, "--signer \"%.200s\" wrote no zone to its standard output%s%s",
			     signer->command, err != ERR_UNAVAILABLE ? ": " : "",
			     err != ERR_UNAVAILABLE ? err_text(err) : "");
	return err;
}

int publish_signer_run(const char *command, const char *zone, uint32_t serial, struct span text, uint8_t **ret_text,
		       size_t *ret_len, struct err_note *note)
{
	char *folder = publish_tree_make("catchment-signer");

	if (folder == NULL) {
		err_note_set(note, NULL, 0, "no folder for --signer can be made below TMPDIR: %s", err_text(-errno));
		return ERR_UNAVAILABLE;
	}
	const struct signer signer = {
		.command = command, .zone = zone, .serial = serial, .folder = folder,
		.unsigned_file = mem_format("%s/zone", folder), .signed_file = mem_format("%s/signed", folder),
	};
	int err = run_in(&signer, text, ret_text, ret_len, note);
	publish_tree_remove(folder);
	mem_free(signer.unsigned_file);
	mem_free(signer.signed_file);
	mem_free(folder);
	return err;
}
