/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/mirrors.h"

#include "redirect/percent.h"
#include "redirect/sites.h"

bool redirect_mirrors_speaks(const struct redirect_site *site)
{
	return site->mirror_count != 0 || site->fallback_count != 0 || site->digests != NULL;
}

/* Everything before the first byte of the kind, or all. */
static struct span before(struct span text, char byte)
{
	const uint8_t *at = text.len != 0 ? memchr(text.at, byte, text.len) : NULL;

	return at != NULL ? (struct span){ text.at, (size_t)(at - text.at) } : text;
}

/* Behind what before() gave, and behind the byte. */
static struct span behind(struct span text, struct span part)
{
	size_t used = part.len < text.len ? part.len + 1 : text.len;

	return (struct span){ text.at + used, text.len - used };
}

/* NODE[,NODE]; false when none is named. More than we keep are taken and forgotten. */
static bool take_avoid(struct span names, struct redirect_wishes *wishes)
{
	bool some = false;

	while (names.len != 0) {
		struct span name = before(names, ',');

		if (name.len != 0 && wishes->avoid_count < REDIRECT_AVOID_MAX)
			wishes->avoid[wishes->avoid_count++] = name;
		some |= name.len != 0;
		names = behind(names, name);
	}
	return some;
}

/* Whether a parameter is ours. Of two documents the first is meant. */
static bool take(struct span parameter, struct redirect_wishes *wishes)
{
	static const char avoid[] = "avoid=";
	enum redirect_wish wish = span_equal(parameter, SPAN_TEXT("meta4"))      ? REDIRECT_WISH_META4
				  : span_equal(parameter, SPAN_TEXT("mirrorlist")) ? REDIRECT_WISH_LIST
										   : REDIRECT_WISH_FILE;

	if (wish != REDIRECT_WISH_FILE) {
		wishes->wish = wishes->wish == REDIRECT_WISH_FILE ? wish : wishes->wish;
		return true;
	}
	if (parameter.len < sizeof avoid || memcmp(parameter.at, avoid, sizeof avoid - 1) != 0)
		return false;
	return take_avoid((struct span){ parameter.at + sizeof avoid - 1, parameter.len - sizeof avoid + 1 }, wishes);
}

void redirect_mirrors_wishes(const struct redirect_site *site, struct span target, uint8_t *scratch,
			     struct redirect_wishes *ret)
{
	uint8_t *to = scratch;
	bool ours = false, more = true;

	*ret = (struct redirect_wishes){ .path = before(target, '?') };
	ret->query = (struct span){ target.at + ret->path.len, target.len - ret->path.len };
	if (ret->query.len == 0 || !redirect_mirrors_speaks(site))
		return;
	/* What is not ours stays in its order with every byte it had. */
	for (struct span rest = behind(target, ret->path); more;) {
		struct span parameter = before(rest, '&');

		more = parameter.len < rest.len;
		rest = behind(rest, parameter);
		if (take(parameter, ret)) {
			ours = true;
			continue;
		}
		*to = to == scratch ? '?' : '&';
		to++;
		if (parameter.len != 0)
			memcpy(to, parameter.at, parameter.len);
		to += parameter.len;
	}
	if (ours)
		ret->query = (struct span){ scratch, to - scratch > 1 ? (size_t)(to - scratch) : 0 };
}

static bool is_node(struct span name, const char *node)
{
	const uint8_t *at = name.at, *end = at + name.len;

	while (at < end && *node != '\0')
		if (redirect_percent_next(&at, end) != (uint8_t)*node++)
			return false;
	return at == end && *node == '\0';
}

bool redirect_mirrors_avoided(const struct redirect_wishes *wishes, const struct redirect_target *target)
{
	for (size_t i = 0; wishes != NULL && i < wishes->avoid_count; i++)
		if (target->node != NULL && target->node[0] != '\0' && is_node(wishes->avoid[i], target->node))
			return true;
	return false;
}
