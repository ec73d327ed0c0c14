/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/query.h"

/* Over a name that is not looked at: labels, ended by the root or by a pointer, which is not followed. */
static bool skip_name(struct reader *reader)
{
	for (;;) {
		uint8_t len = reader_u8(reader);

		if (reader->bad)
			return false;
		if (len == 0)
			return true;
		if ((len & 0xc0) == 0xc0) {
			reader_take(reader, 1);
			return !reader->bad;
		}
		if (len > DNS_LABEL_MAX)
			return false;
		reader_take(reader, len);
	}
}

static bool read_question(struct reader *reader, struct query *query)
{
	const uint8_t *begin = reader->at;

	if (name_read(reader, &query->name) != 0)
		return false;
	query->type = reader_u16(reader);
	query->class = reader_u16(reader);
	if (reader->bad)
		return false;
	query->question = (struct span){ begin, (size_t)(reader->at - begin) };
	query->has_question = true;
	return true;
}

/* A query may carry records: IXFR has a SOA, NOTIFY an answer, updates all kinds. They are only skipped; but two have
 * their place: OPT stands once, in the additional section, owned by the root (RFC 6891, 6.1.1), and TSIG is the last
 * record of all (RFC 8945, 5.1). */
static bool read_record(struct reader *reader, bool additional, struct query *query)
{
	struct span owner = { reader->at, 0 };

	if (query->tsig_owner.len != 0)
		return false;
	if (reader_left(reader) > 0 && reader->at[0] == 0)
		reader->at++;
	else if (!skip_name(reader))
		return false;
	owner.len = (size_t)(reader->at - owner.at);

	struct span fixed = reader_take(reader, DNS_RR_FIXED_BYTES);
	if (reader->bad)
		return false;
	struct span rdata = reader_take(reader, dns_get_u16(fixed.at + 8));
	if (reader->bad)
		return false;
	switch (dns_get_u16(fixed.at)) {
	case DNS_OPT:
		return additional && owner.len == 1 && !query->edns.present && edns_read(fixed.at, rdata, &query->edns);
	case DNS_TSIG:
		query->tsig_owner = owner;
		query->tsig_rdata = rdata;
		return additional;
	default:
		return true;
	}
}

enum query_status query_read(struct span packet, struct query *ret_query)
{
	struct reader reader = reader_of(packet.at, packet.len);
	struct query *query = ret_query;

	query->id = reader_u16(&reader);
	query->flags = reader_u16(&reader);
	unsigned questions = reader_u16(&reader);
	unsigned records = reader_u16(&reader);
	records += reader_u16(&reader);
	unsigned additional = reader_u16(&reader);

	/* Answering a response, ours or another's, is how two servers talk to each other for ever. */
	if (reader.bad || query->flags & DNS_QR)
		return QUERY_SILENT;
	query->opcode = (query->flags & DNS_OPCODE) >> 11;
	query->has_question = false;
	query->edns = (struct edns){ 0 };
	query->tsig_owner = query->tsig_rdata = (struct span){ 0 };

	/* More than one question has no meaning (RFC 9619, 4). */
	if (questions > 1 || (questions == 1 && !read_question(&reader, query)))
		return QUERY_BAD;
	for (unsigned i = 0; i < records + additional; i++) {
		if (!read_record(&reader, i >= records, query))
			return QUERY_BAD;
	}
	/* Bytes behind the last record are ignored, as most peers do. */
	return questions == 1 ? QUERY_GOOD : QUERY_EMPTY;
}
