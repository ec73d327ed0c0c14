/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"

const char *err_text(int err)
{
	switch (err) {
	case 0: return "done";
	case ERR_SYNTAX: return "syntax error";
	case ERR_LIMIT: return "over a limit";
	case ERR_INVALID: return "not valid";
	case ERR_FORMAT: return "damaged, or of another format version";
	case ERR_UNKNOWN: return "no such thing";
	case ERR_UNAVAILABLE: return "not available in this version";
	default: break;
	}
	return err < 0 && err > -4096 ? strerrordesc_np(-err) ? strerrordesc_np(-err) : "unknown error" : "unknown error";
}

static void note_fill(struct err_note *note, const char *file, unsigned line, const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));

static void note_fill(struct err_note *note, const char *file, unsigned line, const char *format, va_list args)
{
	snprintf(note->file, sizeof note->file, "%s", file ? file : "");
	note->line = line;
	vsnprintf(note->text, sizeof note->text, format, args);
}

void err_note_set(struct err_note *note, const char *file, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note_fill(note, file, line, format, args);
	va_end(args);
}

const char *err_note_print(const struct err_note *note, char *buf, size_t size)
{
	if (note->file[0] != '\0' && note->line != 0)
		snprintf(buf, size, "%s:%u: %s", note->file, note->line, note->text);
	else if (note->file[0] != '\0')
		snprintf(buf, size, "%s: %s", note->file, note->text);
	else
		snprintf(buf, size, "%s", note->text);
	return buf;
}

void err_list_add(struct err_list *list, const char *file, unsigned line, const char *format, ...)
{
	list->count++;
	if (list->kept == ERR_LIST_MAX)
		return;
	if (list->notes == NULL)
		list->notes = mem_array(ERR_LIST_MAX, sizeof *list->notes);

	va_list args;
	va_start(args, format);
	note_fill(&list->notes[list->kept++], file, line, format, args);
	va_end(args);
}

void err_list_fini(struct err_list *list)
{
	mem_free(list->notes);
	*list = (struct err_list){ 0 };
}
