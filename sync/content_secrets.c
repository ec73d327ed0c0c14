/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that all nodes share, each sealed to every node's own key: of DNS cookies and of TLS session tickets. */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/content_inner.h"
#include "sync/follow_inner.h"
#include "sync/node_key.h"

static bool take_cookie(struct content *content, const uint8_t *plain, size_t len)
{
	uint8_t *secret = content->cookies.secret[content->cookies.count];
	char text[2 * COOKIE_SECRET_BYTES + 1];

	if (len == COOKIE_SECRET_BYTES) {
		memcpy(secret, plain, len);
	} else {
		while (len > 0 && strchr(" \t\r\n", plain[len - 1]) != NULL)
			len--;
		if (len != sizeof text - 1)
			return false;
		memcpy(text, plain, len);
		text[len] = '\0';
		int got = hash_get_hex(text, secret, COOKIE_SECRET_BYTES);
		explicit_bzero(text, sizeof text);
		if (got != COOKIE_SECRET_BYTES)
			return false;
	}
	content->cookies.count++;
	return true;
}

static bool take_ticket(struct content *content, const uint8_t *plain, size_t len)
{
	if (len != 48 && len != CONTENT_TICKET_MAX)
		return false;
	struct content_ticket *ticket = &content->tickets[content->ticket_count++];
	memcpy(ticket->bytes, plain, len);
	ticket->len = len;
	return true;
}

static void take(struct content_build *build, const struct manifest_item *item, const uint8_t *plain, size_t len)
{
	struct content *content = build->content;
	bool cookie = strncmp(item->path, "secrets/cookies/", 16) == 0;

	if (cookie ? content->cookies.count == COOKIE_SECRETS_MAX : content->ticket_count == CONF_TICKET_KEYS_MAX)
		content_remark(build, "%s: passed over: there are as many as are taken", item->path);
	else if (cookie ? !take_cookie(content, plain, len) : !take_ticket(content, plain, len))
		content_remark(build, "%s: passed over: expected %s", item->path,
			       cookie ? "32 hexadecimal digits or 16 bytes" : "80 or 48 bytes");
}

/* A secret that this node cannot open is told and left out: it answers all the same, with one of its own. */
static void open_sealed(struct content_build *build, const struct manifest_item *item, const uint8_t *bytes)
{
	struct json_view *document = json_view_parse((struct span){ bytes, item->blob.length }, build->note);
	const char *node = build->wish->conf->node.name;
	const char *sealed = json_view_text(json_view_member(json_view_member(document, "sealed"), node));
	uint8_t *plain;

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
}

enum content_fault content_build_secret(struct content_build *build, const struct manifest_item *item)
{
	uint8_t *bytes;
	enum content_fault what = content_blob(build, follow_target_name(item->path, item->blob.sha256), &item->blob, &bytes);

	if (what != CONTENT_GOOD)
		return what;
	open_sealed(build, item, bytes);
	mem_free(bytes);
	return CONTENT_GOOD;
}
