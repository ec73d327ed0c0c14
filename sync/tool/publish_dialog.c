/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tool/publish_dialog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"

int publish_dialog_open(struct publish_dialog *dialog, struct publish_call *call)
{
	*dialog = (struct publish_dialog){ .call = call };
	if (call->answers == NULL || (dialog->answers = fopen(call->answers, "re")) != NULL)
		return PUBLISH_DONE;
	return publish_call_say(call, "%s: %s", call->answers, err_text(-errno));
}

void publish_dialog_close(struct publish_dialog *dialog)
{
	if (dialog->answers != NULL)
		fclose(dialog->answers);
	dialog->answers = NULL;
}

bool publish_dialog_ask(struct publish_dialog *dialog, char line[PUBLISH_LINE_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" ");
	fflush(stdout);
	if (fgets(line, PUBLISH_LINE_MAX, dialog->answers != NULL ? dialog->answers : stdin) == NULL) {
		publish_call_say(dialog->call, "the answers end here: nothing more was made");
		return false;
	}
	line[strcspn(line, "\r\n")] = '\0';
	if (dialog->answers != NULL)
		printf("%s\n", line);
	return true;
}

bool publish_dialog_number(struct publish_dialog *dialog, int64_t least, int64_t most, int64_t *ret,
			   const char *question)
{
	char line[PUBLISH_LINE_MAX], *end;

	for (;;) {
		if (!publish_dialog_ask(dialog, line, "%s (%" PRId64 " to %" PRId64 ")", question, least, most))
			return false;
		*ret = strtoll(line, &end, 10);
		if (end != line && *end == '\0' && *ret >= least && *ret <= most)
			return true;
		printf("That is not a number from %" PRId64 " to %" PRId64 ".\n", least, most);
		if (dialog->answers != NULL)
			return false;
	}
}

char *publish_dialog_passphrase(struct publish_dialog *dialog, const char *path)
{
	struct err_note note;
	char line[PUBLISH_LINE_MAX], *copy;

	if (dialog->answers == NULL) {
		copy = publish_call_ask_new(dialog->call, path, &note);
		if (copy == NULL)
			publish_call_fail(dialog->call, &note);
		return copy;
	}
	if (fgets(line, sizeof line, dialog->answers) == NULL || line[0] == '\n')
		return NULL;
	line[strcspn(line, "\r\n")] = '\0';
	copy = mem_string(line);
	key_wipe(line, sizeof line);
	return copy;
}
