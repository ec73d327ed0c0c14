/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_metadata.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_body.h"

const char *tuf_kind_name(enum tuf_kind kind)
{
	static const char *const names[TUF_KINDS] = {
		[TUF_ROOT] = "root", [TUF_TIMESTAMP] = "timestamp",
		[TUF_SNAPSHOT] = "snapshot", [TUF_TARGETS] = "targets",
	};

	return names[kind];
}

int tuf_body_refuse(struct err_note *note, const char *format, ...)
{
	char text[sizeof note->text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_note_set(note, NULL, 0, "%s", text);
	return ERR_INVALID;
}

const char *tuf_body_show(const char *text)
{
	size_t len = strlen(text);

	if (len > 128)
		return "?";
	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)text[i]))
			return "?";
	}
	return text;
}

bool tuf_body_is_texts(struct json_view *list)
{
	if (!json_view_is_list(list))
		return false;
	for (size_t i = 0; i < json_view_count(list); i++) {
		if (json_view_text(json_view_at(list, i)) == NULL)
			return false;
	}
	return true;
}

/* Two or three numbers, the first of which is 1 (4.3: a client is for one major version). */
static bool is_our_spec(const char *text)
{
	unsigned numbers = 0;

	if (text == NULL || strncmp(text, "1.", 2) != 0)
		return false;
	for (const char *at = text;; at++) {
		if (!isdigit((unsigned char)*at))
			return false;
		while (isdigit((unsigned char)*at))
			at++;
		numbers++;
		if (*at != '.')
			return *at == '\0' && numbers <= 3;
	}
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_twice(const char **texts, size_t count)
{
	qsort(texts, count, sizeof *texts, compare_texts);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(texts[i - 1], texts[i]) == 0)
			return true;
	}
	return false;
}

/* A key id that signs twice makes the file malformed; what a signature looks like is judged when it is needed. */
static int read_signatures(struct tuf_metadata *metadata, struct err_note *note)
{
	struct json_view *list = json_view_member(metadata->document, "signatures");
	size_t count = json_view_count(list);
	const char *ids[TUF_KEYIDS_MAX];

	if (!json_view_is_list(list))
		return tuf_body_refuse(note, "\"signatures\" is not a list");
	if (count > TUF_KEYIDS_MAX)
		return tuf_body_refuse(note, "more than %d signatures", TUF_KEYIDS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct json_view *signature = json_view_at(list, i);

		ids[i] = json_view_text(json_view_member(signature, "keyid"));
		if (ids[i] == NULL || json_view_text(json_view_member(signature, "sig")) == NULL)
			return tuf_body_refuse(note, "a signature without \"keyid\" or \"sig\"");
	}
	if (has_twice(ids, count))
		return tuf_body_refuse(note, "two signatures with one keyid");
	metadata->signatures = list;
	return 0;
}

static int read_common(struct tuf_metadata *metadata, struct err_note *note)
{
	struct json_view *body = metadata->body;
	const char *type = json_view_text(json_view_member(body, "_type"));
	const char *expires = json_view_text(json_view_member(body, "expires"));

	if (type == NULL || strcmp(type, tuf_kind_name(metadata->kind)) != 0)
		return tuf_body_refuse(note, "\"_type\" is %s", type != NULL ? tuf_body_show(type) : "not there");
	if (!is_our_spec(json_view_text(json_view_member(body, "spec_version"))))
		return tuf_body_refuse(note, "\"spec_version\" is not one of 1.x");
	if (!json_view_integer(json_view_member(body, "version"), &metadata->version) || metadata->version < 1
	    || metadata->version > TUF_VERSION_MAX)
		return tuf_body_refuse(note, "\"version\" is not a number from 1 on");
	if (expires == NULL || tuf_time_parse(expires, &metadata->expires_s) != 0)
		return tuf_body_refuse(note, "\"expires\" is not a time YYYY-MM-DDTHH:MM:SSZ");
	return 0;
}

static int read_all(struct tuf_metadata *metadata, struct err_note *note)
{
	static int (*const readers[TUF_KINDS])(struct tuf_metadata *, struct err_note *) = {
		[TUF_ROOT] = tuf_body_root, [TUF_TIMESTAMP] = tuf_body_timestamp,
		[TUF_SNAPSHOT] = tuf_body_snapshot, [TUF_TARGETS] = tuf_body_targets,
	};

	metadata->body = json_view_member(metadata->document, "signed");
	if (!json_view_is_object(metadata->body))
		return tuf_body_refuse(note, "no \"signed\" object");
	int err = read_signatures(metadata, note);
	if (err == 0)
		err = read_common(metadata, note);
	if (err == 0)
		err = readers[metadata->kind](metadata, note);
	if (err != 0)
		return err;
	metadata->canonical = json_view_canonical(metadata->body, &metadata->canonical_len);
	return metadata->canonical != NULL ? 0 : tuf_body_refuse(note, "a number that is no integer");
}

int tuf_metadata_read(enum tuf_kind kind, struct span bytes, struct tuf_metadata **ret_metadata,
		      struct err_note *note)
{
	struct json_view *document = json_view_parse(bytes, note);
	int err;

	if (document == NULL)
		return ERR_SYNTAX;
	struct tuf_metadata *metadata = mem_alloc(sizeof *metadata);
	*metadata = (struct tuf_metadata){ .kind = kind, .document = document };
	err = read_all(metadata, note);
	if (err != 0)
		tuf_metadata_free(metadata);
	else
		*ret_metadata = metadata;
	return err;
}

void tuf_metadata_free(struct tuf_metadata *metadata)
{
	if (metadata == NULL)
		return;
	json_view_free(metadata->document);
	mem_free(metadata->canonical);
	mem_free(metadata->roles);
	mem_free(metadata);
}
