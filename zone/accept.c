/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/accept.h"

#include <stdio.h>
#include <string.h>

#include "zone/verify.h"
#include "zone/zonemd.h"

static int accept_zonemd(enum conf_zonemd policy, const struct zone_image_header *base, struct err_list *errors,
			 struct err_list *warnings)
{
	if (policy == CONF_ZONEMD_OFF)
		return 0;

	enum zonemd_outcome outcome = zonemd_verify(base);
	if (outcome == ZONEMD_GOOD)
		return 0;
	if (policy == CONF_ZONEMD_REQUIRE) {
		err_list_add(errors, NULL, 0, "%s (serial %u, zonemd: require)", zonemd_text(outcome), base->serial);
		return ERR_INVALID;
	}
	/* Without one that could be looked at, there is nothing to say (RFC 8976, 4). */
	if (outcome != ZONEMD_NONE && outcome != ZONEMD_UNKNOWN)
		err_list_add(warnings, NULL, 0, "%s", zonemd_text(outcome));
	return 0;
}

struct firsts {
	char text[ZONE_VERIFY_KINDS][sizeof(struct err_note)];
};

static void keep_first(void *ctx, enum zone_verify_kind kind, const char *text)
{
	struct firsts *firsts = ctx;

	snprintf(firsts->text[kind], sizeof firsts->text[kind], "%s", text);
}

static void warn_dnssec(const char *name, const struct zone_image_header *base, int64_t now_s,
			struct err_list *warnings)
{
	struct firsts firsts = { 0 };
	struct zone_verify how = { .now_s = now_s, .texts = 1, .found = keep_first, .ctx = &firsts };
	size_t counts[ZONE_VERIFY_KINDS], sum = 0;
	const char *first = NULL;
	char more[200] = "";

	zone_verify(base, &how, counts);
	for (unsigned kind = 0; kind < ZONE_VERIFY_NOTE; kind++) {
		if (first == NULL && counts[kind] != 0)
			first = firsts.text[kind];
		sum += counts[kind];
	}
	if (first == NULL)
		return;
	if (sum > 1)
		snprintf(more, sizeof more, " (and %zu more: catchmentctl zone check %.120s)", sum - 1, name);
	err_list_add(warnings, NULL, 0, "signed, but %.290s%s", first, more);
}

int zone_accept(const struct zone_accept *accept, const char *name, const struct zone_image_header *base,
		struct err_list *errors, struct err_list *warnings)
{
	int err = accept_zonemd(accept->zonemd, base, errors, warnings);

	if (err == 0 && accept->dnssec)
		warn_dnssec(name, base, accept->now_s, warnings);
	return err;
}
