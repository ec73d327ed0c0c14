/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to people at a table: from the terminal, or line by line from --answers FILE. Thread: one at a time. */
#ifndef SYNC_TOOL_PUBLISH_DIALOG_H
#define SYNC_TOOL_PUBLISH_DIALOG_H

#include <stdio.h>

#include "sync/tool/publish_call.h"

enum { PUBLISH_LINE_MAX = 1024 };	/* bytes of an answer */

struct publish_dialog {
	struct publish_call *call;
	FILE *answers;			/* NULL: the terminal */
};

/* An exit code. publish_dialog_close() ends it, also one that was never opened. */
int publish_dialog_open(struct publish_dialog *dialog, struct publish_call *call);
void publish_dialog_close(struct publish_dialog *dialog);

/* One line, without its end. false: there are no more answers, which is told. */
bool publish_dialog_ask(struct publish_dialog *dialog, char line[PUBLISH_LINE_MAX], const char *format,
			...) __attribute__((format(printf, 3, 4)));
/* Asks until it is a number from least to most; answers from a file have one try. */
bool publish_dialog_number(struct publish_dialog *dialog, int64_t least, int64_t most, int64_t *ret,
			   const char *question);
/* For a key that is made at path, without an echo. The caller's (wiped, mem_free); NULL: there is none. */
char *publish_dialog_passphrase(struct publish_dialog *dialog, const char *path);

#endif
