/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tool/publish_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"

enum { PASSPHRASE_MAX = 1024 };

int publish_call_fail(struct publish_call *call, const struct err_note *note)
{
	char text[sizeof *note];

	(void)call;
	fprintf(stderr, "catchment-publish: %s\n", err_note_print(note, text, sizeof text));
	return PUBLISH_FAILED;
}

static void say(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static void say(const char *format, va_list args)
{
	fputs("catchment-publish: ", stderr);
	vfprintf(stderr, format, args);
}

int publish_call_say(struct publish_call *call, const char *format, ...)
{
	va_list args;

	(void)call;
	va_start(args, format);
	say(format, args);
	va_end(args);
	fputc('\n', stderr);
	return PUBLISH_FAILED;
}

int publish_call_wrong(const struct publish_call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	fprintf(stderr, "; try --help%s%s\n", call->command != NULL ? " or catchment-publish(1), " : "",
		call->command != NULL ? call->command : "");
	return PUBLISH_USAGE;
}

int publish_call_faults(struct publish_call *call)
{
	for (size_t i = 0; i < call->errors.kept; i++)
		publish_call_fail(call, &call->errors.notes[i]);
	if (call->errors.count > call->errors.kept)
		publish_call_say(call, "and %zu more faults", call->errors.count - call->errors.kept);
	return PUBLISH_FAILED;
}

int publish_call_alone(struct publish_call *call)
{
	return call->word_count == 0 ? PUBLISH_DONE
		: publish_call_wrong(call, "%s takes options only, not \"%s\"", call->command, call->words[0]);
}

const char *publish_call_repo(struct publish_call *call)
{
	const char *repo = call->repo != NULL ? call->repo : getenv("CATCHMENT_REPO");

	if (repo == NULL || repo[0] == '\0') {
		publish_call_wrong(call, "which repository? --repo REPO, or the environment's CATCHMENT_REPO");
		return NULL;
	}
	return repo;
}

char *publish_call_work(struct publish_call *call, const char *repo)
{
	return call->work != NULL ? mem_string(call->work) : publish_work_beside(repo);
}

char *publish_call_path(struct publish_call *call, const char *path)
{
	char *real = realpath(path, NULL), *copy;

	if (real == NULL) {
		publish_call_say(call, "%s: %s", path, err_text(-errno));
		return NULL;
	}
	copy = mem_string(real);
	free(real);
	return copy;
}

int publish_call_open_keys(struct publish_call *call)
{
	struct json_view *folders = call->opened != NULL ? json_view_member(call->opened->config, "keys") : NULL;
	struct err_note note;
	int err = 0;

	call->ring.ask = publish_call_ask;
	call->ring.ctx = call;
	for (size_t i = 0; err == 0 && i < json_view_count(folders); i++)
		err = publish_ring_add(&call->ring, json_view_text(json_view_at(folders, i)), &note);
	for (size_t i = 0; err == 0 && i < call->keys.count; i++)
		err = publish_ring_add(&call->ring, call->keys.list[i], &note);
	/* A folder may be that of a medium that is not plugged in now; a key that is named is meant. */
	for (size_t i = 0; err == 0 && i < call->key.count; i++) {
		if (access(call->key.list[i], F_OK) != 0)
			return publish_call_say(call, "--key %s: %s", call->key.list[i], err_text(-errno));
		err = publish_ring_add(&call->ring, call->key.list[i], &note);
	}
	return err == 0 ? 0 : publish_call_fail(call, &note);
}

int publish_call_open(struct publish_call *call)
{
	const char *repo = publish_call_repo(call);
	struct err_note note;

	if (repo == NULL)
		return PUBLISH_USAGE;
	char *work = publish_call_work(call, repo);
	int err = publish_work_open(work, false, NULL, &call->opened, &note);
	mem_free(work);
	if (err == 0)
		err = publish_repo_open(call->opened->repository, true, &call->served, &note);
	return err == 0 ? publish_call_open_keys(call) : publish_call_fail(call, &note);
}

void publish_call_close(struct publish_call *call)
{
	publish_ring_fini(&call->ring);
	publish_repo_free(call->served);
	publish_work_close(call->opened);
	call->served = NULL;
	call->opened = NULL;
	err_list_fini(&call->errors);
}

static char *passphrase_of_file(const char *file, struct err_note *note)
{
	uint8_t *bytes;
	size_t len;
	int err = file_read(file, PASSPHRASE_MAX, &bytes, &len);

	if (err != 0) {
		err_note_set(note, file, 0, "the passphrase cannot be read: %s", err_text(err));
		return NULL;
	}
	bytes[strcspn((char *)bytes, "\r\n")] = '\0';
	return (char *)bytes;
}

static char *passphrase_of_terminal(const char *question, struct err_note *note)
{
	FILE *terminal = fopen("/dev/tty", "r+");
	struct termios before, silent;
	char line[PASSPHRASE_MAX];

	if (terminal == NULL) {
		err_note_set(note, NULL, 0, "%s: there is no terminal to ask on; --passphrase-file FILE", question);
		return NULL;
	}
	fprintf(terminal, "%s: ", question);
	fflush(terminal);
	bool quiet = tcgetattr(fileno(terminal), &before) == 0;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	if (quiet)
		tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
	bool read = fgets(line, sizeof line, terminal) != NULL;
	if (quiet)
		tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	fputc('\n', terminal);
	fclose(terminal);
	if (!read) {
		err_note_set(note, NULL, 0, "%s: nothing was entered", question);
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	char *copy = mem_string(line);
	key_wipe(line, sizeof line);
	return copy;
}

static const char *passphrase_file(const struct publish_call *call)
{
	return call->passphrase_file != NULL ? call->passphrase_file : getenv("CATCHMENT_PASSPHRASE_FILE");
}

char *publish_call_ask(void *ctx, const char *path, struct err_note *note)
{
	struct publish_call *call = ctx;
	const char *file = passphrase_file(call);
	char *question, *passphrase;

	if (file != NULL)
		return passphrase_of_file(file, note);
	question = mem_format("passphrase of %s", path);
	passphrase = passphrase_of_terminal(question, note);
	mem_free(question);
	return passphrase;
}

static void forget(char *passphrase)
{
	if (passphrase != NULL)
		key_wipe(passphrase, strlen(passphrase));
	mem_free(passphrase);
}

char *publish_call_ask_new(struct publish_call *call, const char *path, struct err_note *note)
{
	char *once = publish_call_ask(call, path, note);

	if (once != NULL && passphrase_file(call) == NULL) {
		char *again = passphrase_of_terminal("the same again", note);

		if (again == NULL || strcmp(once, again) != 0) {
			err_note_set(note, path, 0, "the two passphrases are not the same: nothing was written");
			forget(once);
			once = NULL;
		}
		forget(again);
	}
	if (once != NULL && once[0] == '\0') {
		err_note_set(note, path, 0,
			     "an empty passphrase protects nothing; --no-passphrase for keys that a machine uses");
		forget(once);
		once = NULL;
	}
	return once;
}

bool publish_split(const char *text, char *name, size_t size, const char **ret_rest)
{
	const char *equal = strchr(text, '=');

	if (equal == NULL || (size_t)(equal - text) >= size)
		return false;
	memcpy(name, text, (size_t)(equal - text));
	name[equal - text] = '\0';
	*ret_rest = equal + 1;
	return true;
}
