/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/ctl.h"

#include <stdio.h>
#include <string.h>

/* Text goes to a terminal: nothing in it may move the cursor. */
static void put_text(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		putc_unlocked((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f ? '?' : byte, to);
	}
}

static void put_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* Text lines as strings of one list, printed as they come: a zone of millions of records needs no memory here. */
static void put_lines(struct ctl_print *print, const char *text)
{
	if (!print->lines_open) {
		fputs("{\"lines\":[", stdout);
		print->lines_open = print->first_line = true;
	}
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		json_t *line = json_stringn(text, len);

		if (!print->first_line)
			fputc(',', stdout);
		print->first_line = false;
		if (line != NULL)
			put_json(line);
		json_decref(line);
		text += len + (text[len] == '\n');
	}
}

/* A list is continued by the list of the same name, anything else replaced. */
static void join(struct ctl_print *print, const json_t *data)
{
	const char *key;
	json_t *value;

	if (print->whole == NULL)
		print->whole = json_object();
	json_object_foreach((json_t *)(size_t)data, key, value) {
		json_t *before = json_object_get(print->whole, key);

		if (json_is_array(before) && json_is_array(value))
			json_array_extend(before, value);
		else
			json_object_set(print->whole, key, value);
	}
}

void ctl_print_more(struct ctl_print *print, const json_t *line)
{
	const json_t *data = json_object_get(line, "data");
	const char *text = json_string_value(json_object_get(line, "text"));
	bool has_data = json_object_size(data) > 0;

	if (!print->as_json) {
		put_text(stdout, text ? text : "");
	} else if (json_is_true(json_object_get(line, "live"))) {
		put_json(data);
		fputc('\n', stdout);
	} else if (has_data) {
		join(print, data);
	} else {
		put_lines(print, text ? text : "");
	}
	if (json_is_true(json_object_get(line, "live")))
		fflush(stdout);
}

static void put_whole(struct ctl_print *print, const char *error)
{
	if (error != NULL)
		json_object_set_new(print->whole, "error", json_string(error));
	if (!print->lines_open) {
		put_json(print->whole);
		fputc('\n', stdout);
		return;
	}

	/* The list of lines is open: closes it and puts the members behind it. */
	char *text = json_dumps(print->whole, JSON_COMPACT);
	printf("]%s%s\n", json_object_size(print->whole) > 0 ? "," : "", text ? text + 1 : "}");
	free(text);
}

int ctl_print_last(struct ctl_print *print, const json_t *line)
{
	const char *text = json_string_value(json_object_get(line, "text"));
	const char *error = json_string_value(json_object_get(line, "error"));
	bool ok = json_is_true(json_object_get(line, "ok"));
	json_int_t exit = json_integer_value(json_object_get(line, "exit"));

	if (!ok && error == NULL)
		error = "failed, and the node does not say why";
	if (!print->as_json)
		put_text(stdout, text ? text : "");
	join(print, json_object_get(line, "data"));
	if (print->as_json && !(ok && json_is_true(json_object_get(line, "live"))))
		put_whole(print, ok ? NULL : error);
	json_decref(print->whole);
	print->whole = NULL;

	if (!ok) {
		fputs("catchmentctl: ", stderr);
		put_text(stderr, error);
		fputc('\n', stderr);
	}
	return ok ? CTL_DONE : exit == CTL_USAGE ? CTL_USAGE : CTL_FAILED;
}
