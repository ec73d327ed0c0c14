/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/mirrors_places.h"

#include "redirect/choose.h"
#include "redirect/digests.h"
#include "redirect/sites.h"

/* Of each kind. */
enum { CHOICES_MAX = 16 };

struct places {
	struct redirect_place *list;
	size_t count, most;
};

/* What came over TLS does not go on over plain HTTP, unless the site itself redirects there. */
static bool is_downgrade(const struct redirect_mirrors_of *of, const struct redirect_target *target)
{
	bool plain = !of->tls || target->https;

	for (size_t i = 0; i < of->site->target_count && !plain; i++)
		plain = !of->site->targets[i].https;
	return !plain;
}

static void add(const struct redirect_mirrors_of *of, struct places *places, const struct redirect_target *target,
		const char *geo)
{
	if (places->count == places->most || is_downgrade(of, target) || redirect_mirrors_avoided(of->wishes, target)
	    || (target->host_uses != 0 && of->host.len == 0))
		return;
	if (of->chosen != NULL && (target == of->chosen || strcmp(target->url, of->chosen->url) == 0))
		return;
	for (size_t i = 0; i < places->count; i++)
		if (strcmp(places->list[i].target->url, target->url) == 0)
			return;
	places->list[places->count++] = (struct redirect_place){ target, geo };
}

static void add_choices(const struct redirect_mirrors_of *of, const struct redirect_site *site, struct places *places)
{
	uint64_t hash = redirect_choose_hash(of->wishes->path);
	const struct redirect_choosing choosing = {
		.site = site,
		.health = of->health,
		.wishes = of->wishes,
		.family = of->family,
		.random = hash,		/* the same order for the same file */
		.path_hash = hash,
	};
	const struct redirect_target *target;
	struct redirect_choices choices;
	enum redirect_choice choice;

	redirect_choices_begin(&choices, &choosing);
	for (unsigned i = 0; places->count < places->most && i < CHOICES_MAX; i++) {
		target = redirect_choices_next(&choices, &choice);
		if (target == NULL)
			return;
		add(of, places, target, NULL);
	}
}

static void add_mirrors(const struct redirect_mirrors_of *of, struct places *places)
{
	for (size_t i = 0; i < of->site->mirror_count; i++)
		if ((of->site->mirrors[i].target.families & of->family) != 0)
			add(of, places, &of->site->mirrors[i].target, of->site->mirrors[i].geo);
}

size_t redirect_places(const struct redirect_mirrors_of *of, size_t most,
		       struct redirect_place list[REDIRECT_PLACES_MAX])
{
	struct redirect_place other_list[REDIRECT_PLACES_MAX];
	struct places own = { list, 0, most }, others = { other_list, 0, most };
	/* Each kind by itself, so that many targets do not stand in front of the first sibling. */
	struct redirect_site here = *of->site, elsewhere = *of->site;

	here.fallback_count = 0;
	elsewhere.target_count = 0;
	elsewhere.weight = 0;
	add_choices(of, &elsewhere, &others);
	add_mirrors(of, &others);
	own.most = most - (others.count < (most + 1) / 2 ? others.count : (most + 1) / 2);
	add_choices(of, &here, &own);
	own.most = most;
	for (size_t i = 0; i < others.count; i++)
		add(of, &own, others.list[i].target, others.list[i].geo);
	return own.count;
}

struct span redirect_place_url(const struct redirect_mirrors_of *of, const struct redirect_place *place,
			       uint8_t out[REDIRECT_LOCATION_MAX])
{
	struct span query = of->wishes->query;
	size_t len = redirect_location_write(place->target, of->host, of->wishes->path, out);

	/* Path and query together are of one request line, which REDIRECT_LOCATION_MAX has room for. */
	if (len != 0 && query.len != 0)
		memcpy(out + len, query.at, query.len);
	return (struct span){ out, len != 0 ? len + query.len : 0 };
}

const struct redirect_digest *redirect_places_digest(const struct redirect_mirrors_of *of)
{
	return redirect_digests_find(of->site->digests, of->wishes->path);
}

void redirect_text_put(struct redirect_text *text, struct span piece)
{
	if (text->full || text->len > text->room || piece.len > text->room - text->len) {
		text->full = true;
		return;
	}
	if (piece.len != 0)
		memcpy(text->out + text->len, piece.at, piece.len);
	text->len += piece.len;
}

void redirect_text_puts(struct redirect_text *text, const char *piece)
{
	redirect_text_put(text, span_string(piece));
}

void redirect_text_number(struct redirect_text *text, uint64_t number)
{
	uint8_t digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (uint8_t)('0' + number % 10);
	while ((number /= 10) != 0);
	redirect_text_put(text, (struct span){ digits + at, sizeof digits - at });
}

void redirect_text_hex(struct redirect_text *text, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		const uint8_t pair[] = { (uint8_t)digits[bytes.at[i] >> 4], (uint8_t)digits[bytes.at[i] & 15] };

		redirect_text_put(text, (struct span){ pair, sizeof pair });
	}
}

static const char *entity(uint8_t byte)
{
	switch (byte) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

void redirect_text_escape(struct redirect_text *text, struct span piece)
{
	for (size_t i = 0; i < piece.len; i++) {
		const char *named = entity(piece.at[i]);

		if (named != NULL)
			redirect_text_puts(text, named);
		else
			redirect_text_put(text, (struct span){ piece.at + i, 1 });
	}
}
