/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Metalink (RFC 5854) for programs and a page for people. No date of publication and no version of ours stand in
 * them: what is the same on two nodes has the same bytes.
 */
#include "redirect/digests.h"
#include "redirect/mirrors_places.h"
#include "redirect/percent.h"
#include "redirect/sites.h"

enum { NAME_MAX_BYTES = 255 };

/* The bytes of a UTF-8 character that XML 1.0 allows, 0 for everything else (RFC 3629; XML, 2.2). */
static size_t character_len(const uint8_t *at, size_t left)
{
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
	static const uint32_t least[] = { 0, 0x20, 0x80, 0x800, 0x10000 };

	if (len == 0 || len > left)
		return 0;
	uint32_t value = len == 1 ? at[0] : at[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (at[i] & 0x3f);
	}
	if (value < least[len] || value > 0x10ffff || (value >= 0x7f && value < 0xa0)
	    || (value >= 0xd800 && value < 0xe000) || value == 0xfffe || value == 0xffff)
		return 0;
	return len;
}

static bool is_plain_name(struct span name)
{
	for (size_t at = 0, len; at < name.len; at += len) {
		len = character_len(name.at + at, name.len - at);
		if (len == 0 || name.at[at] == '/' || name.at[at] == '\\')
			return false;
	}
	return name.len != 0 && !span_equal(name, SPAN_TEXT(".")) && !span_equal(name, SPAN_TEXT(".."));
}

/* The last segment decoded, as what a client will call the file: so nothing that leads into another folder (RFC 5854,
 * 4.1.2.1), and what would stays escaped. */
static struct span name_of(struct span path, uint8_t out[NAME_MAX_BYTES])
{
	size_t from = path.len, len = 0;

	while (from > 0 && path.at[from - 1] != '/')
		from--;
	struct span raw = { path.at + from, path.len - from };
	for (const uint8_t *at = raw.at, *end = at + raw.len; at < end && len < NAME_MAX_BYTES;)
		out[len++] = redirect_percent_next(&at, end);
	struct span name = { out, len };
	if (is_plain_name(name))
		return name;
	if (len == NAME_MAX_BYTES)	/* too long for a file system, perhaps cut within a character */
		return SPAN_TEXT("download");
	return raw.len <= NAME_MAX_BYTES && is_plain_name(raw) && memchr(raw.at, '%', raw.len) != NULL
		       && !span_equal(name, SPAN_TEXT(".")) && !span_equal(name, SPAN_TEXT(".."))
		       ? raw
		       : SPAN_TEXT("index.html");
}

/* Where none works, all of them: a check may be wrong, and a Metalink without a place is none. */
static size_t places_of(const struct redirect_mirrors_of *of, struct redirect_place places[REDIRECT_PLACES_MAX])
{
	struct redirect_mirrors_of any = *of;
	size_t count = redirect_places(of, REDIRECT_PLACES_MAX, places);

	any.health = NULL;
	return count != 0 || of->health == NULL ? count : redirect_places(&any, REDIRECT_PLACES_MAX, places);
}

typedef void put_place(struct redirect_text *text, const struct redirect_place *place, struct span url,
		       unsigned priority);

/* One behind the other, those left out for which there is no room beside what must follow. */
static unsigned put_places(const struct redirect_mirrors_of *of, struct redirect_text *text, size_t reserve,
			   const struct redirect_place *places, size_t count, put_place *put)
{
	uint8_t bytes[REDIRECT_LOCATION_MAX];
	unsigned told = 0;

	text->room -= reserve;
	for (size_t i = 0; i < count; i++) {
		size_t was = text->len;
		struct span url = redirect_place_url(of, &places[i], bytes);

		put(text, &places[i], url, told + 1);
		told += !text->full;
		if (text->full)
			text->len = was;
		text->full = false;
	}
	text->room += reserve;
	return told;
}

static void put_url_element(struct redirect_text *text, const struct redirect_place *place, struct span url,
			    unsigned priority)
{
	redirect_text_puts(text, "    <url");
	if (place->geo != NULL) {
		redirect_text_puts(text, " location=\"");
		redirect_text_puts(text, place->geo);
		redirect_text_puts(text, "\"");
	}
	redirect_text_puts(text, " priority=\"");
	redirect_text_number(text, priority);
	redirect_text_puts(text, "\">");
	redirect_text_escape(text, url);
	redirect_text_puts(text, "</url>\n");
}

size_t redirect_mirrors_meta4(const struct redirect_mirrors_of *of, uint8_t out[REDIRECT_DOCUMENT_MAX])
{
	static const char end[] = "  </file>\n</metalink>\n";
	struct redirect_place places[REDIRECT_PLACES_MAX];
	struct redirect_text text = { .out = out, .room = REDIRECT_DOCUMENT_MAX };
	const struct redirect_digest *digest = redirect_places_digest(of);
	uint8_t name[NAME_MAX_BYTES];

	redirect_text_puts(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				  "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">\n"
				  "  <generator>Catchment</generator>\n  <file name=\"");
	redirect_text_escape(&text, name_of(of->wishes->path, name));
	redirect_text_puts(&text, "\">\n");
	if (digest != NULL && digest->has_size) {
		redirect_text_puts(&text, "    <size>");
		redirect_text_number(&text, digest->size);
		redirect_text_puts(&text, "</size>\n");
	}
	if (digest != NULL) {
		redirect_text_puts(&text, "    <hash type=\"sha-256\">");
		redirect_text_hex(&text, (struct span){ digest->sha256, sizeof digest->sha256 });
		redirect_text_puts(&text, "</hash>\n");
	}
	size_t count = places_of(of, places);
	if (put_places(of, &text, sizeof end - 1, places, count, put_url_element) == 0)
		return 0;
	redirect_text_puts(&text, end);
	return text.len;
}

static void put_list_item(struct redirect_text *text, const struct redirect_place *place, struct span url,
			  unsigned priority)
{
	const char *node = place->target->node;

	(void)priority;
	redirect_text_puts(text, "<li><a href=\"");
	redirect_text_escape(text, url);
	redirect_text_puts(text, "\">");
	redirect_text_escape(text, url);
	redirect_text_puts(text, "</a>");
	if (node != NULL && node[0] != '\0') {
		redirect_text_puts(text, " (node ");
		redirect_text_escape(text, span_string(node));
		redirect_text_puts(text, ")");
	}
	if (place->geo != NULL) {
		redirect_text_puts(text, " [");
		redirect_text_puts(text, place->geo);
		redirect_text_puts(text, "]");
	}
	redirect_text_puts(text, "</li>\n");
}

static void put_digest(struct redirect_text *text, const struct redirect_digest *digest)
{
	redirect_text_puts(text, "<dl>\n");
	if (digest->has_size) {
		redirect_text_puts(text, "<dt>Size</dt><dd>");
		redirect_text_number(text, digest->size);
		redirect_text_puts(text, " bytes</dd>\n");
	}
	redirect_text_puts(text, "<dt>SHA-256</dt><dd><code>");
	redirect_text_hex(text, (struct span){ digest->sha256, sizeof digest->sha256 });
	redirect_text_puts(text, "</code></dd>\n</dl>\n");
}

static void put_meta4_link(struct redirect_text *text, struct span query)
{
	size_t was = text->len;

	text->room /= 2;	/* a long query leaves room for the places */
	redirect_text_puts(text, "<p><a href=\"");
	redirect_text_puts(text, query.len != 0 ? "" : "?");
	redirect_text_escape(text, query);
	redirect_text_puts(text, query.len > 1 ? "&amp;meta4\">" : "meta4\">");
	redirect_text_puts(text, "Metalink</a> for download programs</p>\n");
	if (text->full)
		text->len = was;
	text->full = false;
	text->room *= 2;
}

size_t redirect_mirrors_list(const struct redirect_mirrors_of *of, uint8_t out[REDIRECT_DOCUMENT_MAX])
{
	static const char end[] = "</ol>\n</main>\n</body>\n</html>\n";
	struct redirect_place places[REDIRECT_PLACES_MAX];
	struct redirect_text text = { .out = out, .room = REDIRECT_DOCUMENT_MAX };
	const struct redirect_digest *digest = redirect_places_digest(of);
	uint8_t bytes[NAME_MAX_BYTES];
	struct span name = name_of(of->wishes->path, bytes);
	size_t count = places_of(of, places);

	if (digest == NULL && count == 0)
		return 0;
	redirect_text_puts(&text, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
				  "<meta name=\"viewport\" content=\"width=device-width\">\n"
				  "<meta name=\"robots\" content=\"noindex\">\n<title>");
	redirect_text_escape(&text, name);
	redirect_text_puts(&text, ": places to get it</title>\n<style>body{font-family:sans-serif;max-width:60em;"
				  "margin:2em auto;padding:0 1em}li,code{overflow-wrap:anywhere}</style>\n"
				  "</head>\n<body>\n<main>\n<h1>");
	redirect_text_escape(&text, name);
	redirect_text_puts(&text, "</h1>\n");
	if (digest != NULL)
		put_digest(&text, digest);
	put_meta4_link(&text, of->wishes->query);
	redirect_text_puts(&text, "<ol>\n");
	if (put_places(of, &text, sizeof end - 1, places, count, put_list_item) == 0)
		redirect_text_puts(&text, "<li>No server that has it can be named now.</li>\n");
	redirect_text_puts(&text, end);
	return text.len;
}
