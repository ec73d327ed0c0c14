/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alternatives in the response itself (RFC 6249). There is no Digest field beside them: RFC 9530 made it obsolete,
 * and what took its place would speak of the redirect's own content; the Metalink has the digest. Alternatives come
 * before rel=describedby, for aria2 takes the first of a field line.
 */
#include "redirect/mirrors_places.h"
#include "redirect/sites.h"

static bool put_duplicate(const struct redirect_mirrors_of *of, const struct redirect_place *place, unsigned priority,
			  struct redirect_text *text)
{
	uint8_t bytes[REDIRECT_LOCATION_MAX];
	size_t was = text->len;
	struct span url = redirect_place_url(of, place, bytes);

	redirect_text_puts(text, was != 0 ? ", <" : "<");
	redirect_text_put(text, url);
	redirect_text_puts(text, ">; rel=duplicate; pri=");
	redirect_text_number(text, priority);
	if (place->geo != NULL) {
		redirect_text_puts(text, "; geo=");
		redirect_text_puts(text, place->geo);
	}
	if (!text->full)
		return true;
	text->len = was;	/* a shorter one may fit yet */
	text->full = false;
	return false;
}

/* A reference of a query alone (RFC 3986, 5.2.2): the URL that was asked for, whatever its scheme, port and path
 * are. */
static void put_described_by(const struct redirect_mirrors_of *of, struct redirect_text *text)
{
	redirect_text_puts(text, of->wishes->query.len != 0 ? "<" : "<?");
	redirect_text_put(text, of->wishes->query);
	redirect_text_puts(text, of->wishes->query.len > 1 ? "&" : "");
	redirect_text_puts(text, "meta4>; rel=describedby; type=\"application/metalink4+xml\"");
}

size_t redirect_mirrors_links(const struct redirect_mirrors_of *of, uint8_t out[REDIRECT_LINKS_MAX])
{
	struct redirect_place places[REDIRECT_PLACES_MAX];
	uint8_t last[REDIRECT_LINKS_MAX];
	struct redirect_text text = { .out = out, .room = REDIRECT_LINKS_MAX };
	struct redirect_text described = { .out = last, .room = sizeof last - 2 };
	size_t most = of->site->links < REDIRECT_PLACES_MAX ? of->site->links : REDIRECT_PLACES_MAX;
	unsigned priority = 1;

	if (most == 0 || !redirect_mirrors_speaks(of->site))
		return 0;
	if (redirect_places_digest(of) != NULL)
		put_described_by(of, &described);
	if (described.full)
		described.len = 0;
	text.room -= described.len + 2;
	size_t count = redirect_places(of, most, places);
	for (size_t i = 0; i < count; i++)
		priority += put_duplicate(of, &places[i], priority, &text);
	text.room = REDIRECT_LINKS_MAX;
	if (described.len != 0) {
		redirect_text_puts(&text, text.len != 0 ? ", " : "");
		redirect_text_put(&text, (struct span){ last, described.len });
	}
	return text.len;
}

struct span redirect_mirrors_next_link(struct span *links)
{
	static const char between[] = ", <";
	const uint8_t *at = links->len != 0 ? memmem(links->at, links->len, between, sizeof between - 1) : NULL;
	struct span link = { links->at, at != NULL ? (size_t)(at - links->at) : links->len };
	size_t used = at != NULL ? link.len + 2 : link.len;

	*links = (struct span){ links->at + used, links->len - used };
	return link;
}
