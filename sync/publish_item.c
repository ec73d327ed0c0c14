/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_item.h"

#include <stdio.h>
#include <string.h>

#include "sync/tuf_match.h"
#include "zone/name.h"

static const struct {
	const char *text, *folder, *file;	/* file: the last part when the name is not */
	const char *role;
	bool has_name;
} kinds[PUBLISH_KINDS] = {
	[PUBLISH_ZONE] = { "zone", "zones/", "/zone", "zones", true },
	[PUBLISH_SITE] = { "site", "sites/", "/sites.yaml", "sites", true },
	[PUBLISH_FILE] = { "file", "files/", "", "files", true },
	[PUBLISH_SECRET] = { "secret", "secrets/", "", "secrets", true },
	[PUBLISH_GUARDS] = { "guards", "policy/guards.json", "", "targets", false },
	[PUBLISH_PROBES] = { "probes", "policy/probes.json", "", "targets", false },
	[PUBLISH_GATE] = { "gate", "policy/gate.json", "", "targets", false },
	[PUBLISH_GROUP] = { "subscribe", "fleet/", "/subscribe.json", "targets", true },
};

const char *publish_kind_text(enum publish_kind kind)
{
	return kinds[kind].text;
}

bool publish_kind_has_name(enum publish_kind kind)
{
	return kinds[kind].has_name;
}

int publish_kind_parse(const char *text, enum publish_kind *ret_kind)
{
	for (enum publish_kind i = 0; i < PUBLISH_KINDS; i++) {
		if (strcmp(kinds[i].text, text) == 0) {
			*ret_kind = i;
			return 0;
		}
	}
	return ERR_UNKNOWN;
}

static int refuse(struct err_note *note, enum publish_kind kind, const char *name, const char *what)
{
	err_note_set(note, NULL, 0, "\"%.200s\" is not the name of a %s: expected %s", name, kinds[kind].text, what);
	return ERR_INVALID;
}

/* Bytes outside of [a-z0-9._-] as %HH; the root is "@". */
static int zone_part(const char *name, char *out, size_t size)
{
	char text[DNS_NAME_TEXT_MAX];
	struct name apex;
	size_t len = 0;

	if (name_from_text(name, &apex) != 0)
		return ERR_INVALID;
	if (apex.labels == 0) {
		snprintf(out, size, "@");
		return 0;
	}
	name_print(apex.wire, text);
	text[strlen(text) - 1] = '\0';
	for (const char *at = text; *at != '\0'; at++) {
		bool plain = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '.' || *at == '-'
			|| *at == '_';

		if (len + 4 > size)
			return ERR_INVALID;
		len += (size_t)snprintf(out + len, size - len, plain ? "%c" : "%%%02x", (unsigned char)*at);
	}
	return 0;
}

/* Segments that neither leave the folder nor are empty, of the characters that mean nothing to a shell or a URL. */
static bool is_plain_path(const char *name)
{
	if (name[0] == '\0' || strlen(name) > PUBLISH_PATH_MAX - 32)
		return false;
	for (const char *at = name, *begin = name;; at++) {
		if (*at != '/' && *at != '\0') {
			if ((unsigned char)*at <= ' ' || (unsigned char)*at > '~' || strchr("*?[]\"\\#", *at) != NULL)
				return false;
			continue;
		}
		size_t len = (size_t)(at - begin);
		if (len == 0 || (len == 1 && begin[0] == '.') || (len == 2 && strncmp(begin, "..", 2) == 0))
			return false;
		if (*at == '\0')
			return true;
		begin = at + 1;
	}
}

static size_t slashes(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '/';
	return count;
}

int publish_item_path(enum publish_kind kind, const char *name, char ret_path[PUBLISH_PATH_MAX],
		      struct err_note *note)
{
	char part[PUBLISH_PATH_MAX - 32];

	if (!kinds[kind].has_name) {
		snprintf(ret_path, PUBLISH_PATH_MAX, "%s", kinds[kind].folder);
		return 0;
	}
	if (kind == PUBLISH_ZONE && zone_part(name, part, sizeof part) != 0)
		return refuse(note, kind, name, "a domain name");
	if (kind != PUBLISH_ZONE && !is_plain_path(name))
		return refuse(note, kind, name,
			      "ASCII without blanks, \"..\" and * ? [ ] \" \\ # (write others as %HH)");
	if ((kind == PUBLISH_SITE || kind == PUBLISH_GROUP) && slashes(name) != 0)
		return refuse(note, kind, name, "one word without a slash");
	if (kind == PUBLISH_SECRET && (slashes(name) != 1 || (strncmp(name, "cookies/", 8) != 0
							      && strncmp(name, "tickets/", 8) != 0)))
		return refuse(note, kind, name, "cookies/NAME or tickets/NAME");
	if (kind == PUBLISH_FILE && (slashes(name) == 0 || slashes(name) > 8))
		return refuse(note, kind, name, "HOST/PATH with at most 8 slashes");
	if (kind != PUBLISH_ZONE)
		snprintf(part, sizeof part, "%s", name);
	snprintf(ret_path, PUBLISH_PATH_MAX, "%s%s%s", kinds[kind].folder, part, kinds[kind].file);
	return 0;
}

int publish_path_kind(const char *path, enum publish_kind *ret_kind)
{
	for (enum publish_kind i = 0; i < PUBLISH_KINDS; i++) {
		size_t front = strlen(kinds[i].folder), back = strlen(kinds[i].file), len = strlen(path);

		if (strncmp(path, kinds[i].folder, front) != 0)
			continue;
		if (!kinds[i].has_name && len != front)
			continue;
		if (kinds[i].has_name && (len <= front + back || strcmp(path + len - back, kinds[i].file) != 0))
			continue;
		*ret_kind = i;
		return 0;
	}
	return ERR_UNKNOWN;
}

static void unquote(char *text)
{
	char *out = text;
	unsigned byte;

	for (; *text != '\0'; text++) {
		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
}

const char *publish_path_name(const char *path, char buf[PUBLISH_PATH_MAX])
{
	enum publish_kind kind;

	snprintf(buf, PUBLISH_PATH_MAX, "%s", path);
	if (publish_path_kind(path, &kind) != 0 || !kinds[kind].has_name)
		return buf;
	size_t front = strlen(kinds[kind].folder), len = strlen(path) - front - strlen(kinds[kind].file);
	memmove(buf, path + front, len);
	buf[len] = '\0';
	if (kind != PUBLISH_ZONE)
		return buf;
	if (strcmp(buf, "@") == 0)
		return strcpy(buf, ".");
	unquote(buf);
	return buf;
}

int publish_item_parse(const char *text, enum publish_kind *ret_kind, char ret_path[PUBLISH_PATH_MAX],
		       struct err_note *note)
{
	const char *colon = strchr(text, ':');
	char word[16] = "";

	if (publish_path_kind(text, ret_kind) == 0) {
		snprintf(ret_path, PUBLISH_PATH_MAX, "%s", text);
		return 0;
	}
	size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);
	if (len < sizeof word)
		memcpy(word, text, len);
	if (publish_kind_parse(word, ret_kind) == 0 && publish_kind_has_name(*ret_kind) == (colon != NULL))
		return publish_item_path(*ret_kind, colon != NULL ? colon + 1 : "", ret_path, note);
	err_note_set(note, NULL, 0,
		     "\"%.200s\" names no item: expected zone:NAME, site:NAME, file:HOST/PATH, secret:USE/NAME, "
		     "guards, probes, gate or the path of a target", text);
	return ERR_INVALID;
}

const char *publish_bin_name(unsigned bin, char buf[16])
{
	snprintf(buf, 16, "zones-%02x", bin & 0xff);
	return buf;
}

const char *publish_item_role(enum publish_kind kind, const char *path, bool bins, char buf[16])
{
	char digest[TUF_DIGEST_TEXT_MAX];

	if (kind != PUBLISH_ZONE || !bins)
		return kinds[kind].role;
	snprintf(buf, 16, "zones-%.2s", tuf_path_digest(path, digest));
	return buf;
}
