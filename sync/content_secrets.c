/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that all nodes share, each sealed to every node's own key: of DNS cookies and of TLS session tickets. */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/content_inner.h"
#include "sync/follow_inner.h"
#include "sync/hash.h"
#include "sync/node_key.h"

/* What a secret is made of, in bytes or as hexadecimal digits. */
static bool is_length(bool cookie, size_t len)
{
	return cookie ? len == COOKIE_SECRET_BYTES : len == CONTENT_TICKET_SHORT || len == CONTENT_TICKET_MAX;
}

static bool is_full(const struct content *content, bool cookie)
{
	return cookie ? content->cookies.count == COOKIE_SECRETS_MAX : content->ticket_count == CONF_TICKET_KEYS_MAX;
}

static void take_one(struct content *content, bool cookie, const uint8_t *plain, size_t len)
{
	if (cookie) {
		memcpy(content->cookies.secret[content->cookies.count++], plain, len);
	} else {
		struct content_ticket *ticket = &content->tickets[content->ticket_count++];

		memcpy(ticket->bytes, plain, len);
		ticket->len = len;
	}
}

/* Digits up to the next blank. Gives how many bytes they are; 0: no such digits. */
static size_t read_line(const uint8_t **at, const uint8_t *end, uint8_t out[CONTENT_TICKET_MAX])
{
	char text[2 * CONTENT_TICKET_MAX + 1];
	size_t digits = 0;

	while (*at < end && strchr(" \t\r\n", **at) == NULL && digits < sizeof text - 1)
		text[digits++] = (char)*(*at)++;
	text[digits] = '\0';
	int got = hash_get_hex(text, out, CONTENT_TICKET_MAX);
	explicit_bzero(text, sizeof text);
	return got > 0 ? (size_t)got : 0;
}

/* Lines: of the first one cookies or tickets are made, all are taken. */
static bool take_lines(struct content_build *build, const struct manifest_item *item, bool cookie,
		       const uint8_t *plain, size_t len)
{
	struct content *content = build->content;
	const size_t cookies = content->cookies.count, tickets = content->ticket_count;
	const uint8_t *end = plain + len;
	uint8_t bytes[CONTENT_TICKET_MAX];
	bool good = true, any = false;

	while (good && plain < end) {
		if (*plain != '\0' && strchr(" \t\r\n", *plain) != NULL) {
			plain++;
			continue;
		}
		size_t got = read_line(&plain, end, bytes);
		good = is_length(cookie, got) && (plain == end || strchr(" \t\r\n", *plain) != NULL);
		if (good && is_full(content, cookie))
			content_remark(build, "%s: one is passed over: there are as many as are taken", item->path);
		else if (good)
			take_one(content, cookie, bytes, got);
		any = any || good;
	}
	explicit_bzero(bytes, sizeof bytes);
	if (!good) {
		content->cookies.count = cookies;
		content->ticket_count = tickets;
	}
	return good && any;
}

static void take(struct content_build *build, const struct manifest_item *item, const uint8_t *plain, size_t len)
{
	bool cookie = strncmp(item->path, "secrets/cookies/", 16) == 0;

	if (is_full(build->content, cookie))
		content_remark(build, "%s: passed over: there are as many as are taken", item->path);
	else if (is_length(cookie, len))
		take_one(build->content, cookie, plain, len);
	else if (!take_lines(build, item, cookie, plain, len))
		content_remark(build, "%s: passed over: expected %s", item->path,
			       cookie ? "16 bytes, or lines of 32 hexadecimal digits"
				      : "80 or 48 bytes, or lines of as many in hexadecimal digits");
}

/* A secret that this node cannot open is told and left out: it answers all the same, with one of its own. */
static enum content_fault open_sealed(struct content_build *build, const struct manifest_item *item,
				      const uint8_t *bytes)
{
	struct json_view *document = json_view_parse((struct span){ bytes, item->blob.length }, build->note);
	const char *node = build->wish->conf->node.name;
	const char *sealed = json_view_text(json_view_member(json_view_member(document, "sealed"), node));
	uint8_t *plain;

	if (!json_view_is_object(json_view_member(document, "sealed"))) {
		json_view_free(document);
		err_note_set(build->note, item->path, 0, "expected {\"v\":1,\"sealed\":{NODE: BASE64, ...}}");
		return CONTENT_FAULT;
	}
	if (sealed == NULL || build->wish->key == NULL) {
		content_remark(build, "%s: passed over: it is not sealed for node %s", item->path, node);
	} else {
		int len = node_key_unseal(build->wish->key, sealed, &plain);

		if (len < 0) {
			content_remark(build, "%s: passed over: it is not sealed to this node's key", item->path);
		} else {
			take(build, item, plain, (size_t)len);
			explicit_bzero(plain, (size_t)len);
			mem_free(plain);
		}
	}
	json_view_free(document);
	return CONTENT_GOOD;
}

enum content_fault content_build_secret(struct content_build *build, const struct manifest_item *item)
{
	uint8_t *bytes;
	enum content_fault what = content_blob(build, follow_target_name(item->path, item->blob.sha256), &item->blob, &bytes);

	if (what != CONTENT_GOOD)
		return what;
	what = open_sealed(build, item, bytes);
	mem_free(bytes);
	return what;
}
