/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/chaos.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/prefix.h"
#include "zone/name.h"

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

static const struct span sync_server = WIRE("\4sync\6server");

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

static enum respond_outcome say(const struct query *query, struct writer *writer, struct span text)
{
	struct writer_owner owner = { .offset = DNS_HEADER_BYTES };
	uint8_t rdata[1 + TXT_MAX];

	if (text.len == 0 || text.len > TXT_MAX)
		return RESPOND_REFUSED;	/* hidden by the operator */
	if (query->type != DNS_TXT && query->type != DNS_ANY)
		return RESPOND_NODATA;
	rdata[0] = (uint8_t)text.len;
	memcpy(rdata + 1, text.at, text.len);
	writer_record(writer, WRITER_ANSWER, owner, DNS_TXT, DNS_CLASS_CH, 0, (struct span){ rdata, 1 + text.len }, NULL);
	return RESPOND_CHAOS;
}

/* sync.server, or the zone whose name stands in front of it. Nobody else learns that there is such a name. */
static enum respond_outcome say_sync(const struct zone_tell *tell, const struct query *query, struct span client,
				     struct writer *writer)
{
	size_t front = query->name.len - sync_server.len;
	uint8_t wire[DNS_NAME_MAX];
	struct name apex;
	char text[TXT_MAX + 1];
	size_t len;

	if (!prefixes_have(tell->allow, address_of(client)))
		return RESPOND_REFUSED;
	if (front == 0) {
		len = tell->text(tell, NULL, text, sizeof text);
	} else {
		bool root = front == 2 && query->name.wire[1] == '@';

		memcpy(wire, query->name.wire, front);
		wire[root ? 0 : front] = 0;
		if (name_from_wire(wire, root ? 1 : front + 1, &apex) != 0)
			return RESPOND_REFUSED;
		len = tell->text(tell, &apex, text, sizeof text);
	}
	return say(query, writer, (struct span){ (const uint8_t *)text, len });
}

enum respond_outcome chaos_answer(const struct zone_identity *identity, const struct query *query, struct span client,
				  struct writer *writer)
{
	struct span asked = { query->name.wire, query->name.len };
	char number[24];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (!span_equal(asked, names[i].name))
			continue;

		return say(query, writer, text_of(identity, names[i].text, number, sizeof number));
	}
	if (identity->tell != NULL && name_is_below(&query->name, sync_server.at, sync_server.len))
		return say_sync(identity->tell, query, client, writer);
	return RESPOND_REFUSED;
}
