/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/chaos.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TXT_MAX = 255 };

#define WIRE(text) { (const uint8_t *)(text), sizeof(text) }	/* the end of a C string is the root label */

static const struct {
	struct span name;
	enum chaos_text { NODE, VERSION, RELEASE, GENERATION } text;
} names[] = {
	{ WIRE("\2id\6server"), NODE },
	{ WIRE("\10hostname\4bind"), NODE },
	{ WIRE("\7version\6server"), VERSION },
	{ WIRE("\7version\4bind"), VERSION },
	{ WIRE("\7release\11catchment"), RELEASE },
	{ WIRE("\12generation\11catchment"), GENERATION },
};

static struct span text_of(const struct zone_identity *identity, enum chaos_text text, char *buf, size_t size)
{
	switch (text) {
	case NODE: return identity->node;
	case VERSION: return identity->version;
	case RELEASE: return identity->release;
	case GENERATION: break;
	}
	int len = snprintf(buf, size, "%" PRIu64, identity->generation);
	return (struct span){ (const uint8_t *)buf, (size_t)len };
}

enum respond_outcome chaos_answer(const struct zone_identity *identity, const struct query *query,
				  struct writer *writer)
{
	struct span asked = { query->name.wire, query->name.len };
	struct writer_owner owner = { .offset = DNS_HEADER_BYTES };
	uint8_t rdata[1 + TXT_MAX];
	char number[24];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (!span_equal(asked, names[i].name))
			continue;

		struct span text = text_of(identity, names[i].text, number, sizeof number);
		if (text.len == 0 || text.len > TXT_MAX)
			return RESPOND_REFUSED;	/* hidden by the operator */
		if (query->type != DNS_TXT && query->type != DNS_ANY)
			return RESPOND_NODATA;
		rdata[0] = (uint8_t)text.len;
		memcpy(rdata + 1, text.at, text.len);
		writer_record(writer, WRITER_ANSWER, owner, DNS_TXT, DNS_CLASS_CH, 0,
			      (struct span){ rdata, 1 + text.len }, NULL);
		return RESPOND_CHAOS;
	}
	return RESPOND_REFUSED;
}
