/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/writer.h"

#include <string.h>

enum {
	POINTER = 0xc000,
	POINTER_MAX = 0x3fff,	/* a compression pointer reaches that far */
	FIXED_BEFORE_LENGTH = 8,
};

void writer_init(struct writer *writer, uint8_t *message, size_t limit)
{
	writer->message = message;
	writer->len = DNS_HEADER_BYTES;
	writer->limit = limit;
	memset(writer->counts, 0, sizeof writer->counts);
	writer->base = NULL;
	writer->names = 0;
}

bool writer_question(struct writer *writer, struct span question)
{
	if (writer->len + question.len > writer->limit)
		return false;
	memcpy(writer->message + writer->len, question.at, question.len);
	writer->len += question.len;
	return true;
}

void writer_know(struct writer *writer, zref ref, size_t offset)
{
	if (writer->names == WRITER_NAMES || offset > POINTER_MAX)
		return;
	writer->name[writer->names].ref = ref;
	writer->name[writer->names++].offset = (uint16_t)offset;
}

void writer_clear(struct writer *writer, size_t question_end)
{
	writer->len = question_end;
	memset(writer->counts, 0, sizeof writer->counts);
	writer->names = 0;
}

static inline bool put(struct writer *writer, const void *bytes, size_t len)
{
	if (len > writer->limit - writer->len)
		return false;
	memcpy(writer->message + writer->len, bytes, len);
	writer->len += len;
	return true;
}

static inline bool put_pointer(struct writer *writer, uint16_t offset)
{
	if (writer->limit - writer->len < 2)
		return false;
	dns_put_u16(writer->message + writer->len, (uint16_t)(POINTER | offset));
	writer->len += 2;
	return true;
}

static inline uint16_t known_at(const struct writer *writer, zref ref)
{
	for (unsigned i = 0; i < writer->names; i++) {
		if (writer->name[i].ref == ref)
			return writer->name[i].offset;
	}
	return 0;
}

/* A name of the image: labels until an ancestor stands in the message already. */
static bool put_name(struct writer *writer, zref ref)
{
	const struct zone_image_header *base = writer->base;
	static const uint8_t root = 0;

	for (;;) {
		/* The root is one byte: shorter than a pointer to it. */
		if (ref == 0 || (ref == base->apex_node && base->apex_len == 1))
			return put(writer, &root, 1);

		uint16_t offset = known_at(writer, ref);
		if (offset != 0)
			return put_pointer(writer, offset);
		writer_know(writer, ref, writer->len);
		if (ref == base->apex_node)
			return put(writer, base->apex, base->apex_len);

		const struct zone_node *node = zone_node_at(base, ref);
		if (!put(writer, node->wire, node->label_bytes))
			return false;
		ref = node->parent;
	}
}

static inline bool put_owner(struct writer *writer, struct writer_owner owner)
{
	if (owner.offset != 0 && writer->message[owner.offset] == 0)
		return put(writer, "", 1);
	return owner.offset != 0 ? put_pointer(writer, owner.offset) : put_name(writer, owner.ref);
}

/* Short RDATA, which is most of it, is copied without a call. */
static void copy_rdata(uint8_t *to, const uint8_t *from, size_t len)
{
	if (len == 2 + 4)
		memcpy(to, from, 2 + 4);
	else if (len == 2 + 16)
		memcpy(to, from, 2 + 16);
	else
		memcpy(to, from, len);
}

/* RDATA with names in it, which are compressed. Gives where the next RR begins, or NULL. */
static const uint8_t *put_named_rdata(struct writer *writer, struct zone_layout layout, const uint8_t *rr)
{
	size_t length_at = writer->len;
	const uint8_t *names = rr + ((layout.prefix + 3u) & ~3u);
	const uint8_t *suffix = names + layout.names * sizeof(zref);

	if (!put(writer, "\0", 2) || !put(writer, rr, layout.prefix))
		return NULL;
	for (unsigned i = 0; i < layout.names; i++) {
		zref name;

		memcpy(&name, names + i * sizeof name, sizeof name);
		if (!put_name(writer, name))
			return NULL;
	}
	if (!put(writer, suffix, layout.suffix))
		return NULL;
	dns_put_u16(writer->message + length_at, (uint16_t)(writer->len - length_at - 2));
	return suffix + ((layout.suffix + 3u) & ~3u);
}

/* Owner, TYPE, CLASS and TTL of the RRs of a set, ready to be copied before each. Without a place for the owner the
 * name is written out, once: the others point at it. */
struct head {
	uint8_t bytes[2 + FIXED_BEFORE_LENGTH];
	bool has_owner;
};

static bool put_head(struct writer *writer, struct head *head, zref owner)
{
	size_t at = writer->len;

	if (head->has_owner)
		return put(writer, head->bytes, sizeof head->bytes);
	if (!put_name(writer, owner) || !put(writer, head->bytes + 2, FIXED_BEFORE_LENGTH))
		return false;
	if (writer->message[at] != 0 && at <= POINTER_MAX) {
		dns_put_u16(head->bytes, (uint16_t)(POINTER | at));
		head->has_owner = true;
	}
	return true;
}

/* RRs whose RDATA is kept as wire, RDLENGTH and RDATA as they stand in the image. The hottest loop: nothing but copies. */
static bool put_wire_rrs(struct writer *writer, struct head *head, zref owner, const struct zone_rrset *set)
{
	const uint8_t *rr = set->rrs;
	unsigned left = set->count;

	for (; left > 0 && !head->has_owner; left--) {
		size_t len = 2 + (size_t)dns_get_u16(rr);

		if (!put_head(writer, head, owner) || !put(writer, rr, len))
			return false;
		rr += len;
	}

	uint8_t *at = writer->message + writer->len;
	size_t room = writer->limit - writer->len;
	for (; left > 0; left--) {
		size_t len = 2 + (size_t)dns_get_u16(rr), whole = sizeof head->bytes + len;

		if (whole > room)
			return false;
		memcpy(at, head->bytes, sizeof head->bytes);
		copy_rdata(at + sizeof head->bytes, rr, len);
		at += whole;
		room -= whole;
		rr += len;
	}
	writer->len = (size_t)(at - writer->message);
	return true;
}

static bool put_named_rrs(struct writer *writer, struct head *head, zref owner, const struct zone_rrset *set,
			  struct zone_layout layout)
{
	const uint8_t *rr = set->rrs;

	for (unsigned i = 0; i < set->count; i++) {
		if (!put_head(writer, head, owner))
			return false;
		rr = put_named_rdata(writer, layout, rr);
		if (rr == NULL)
			return false;
	}
	return true;
}

/* The whole set; on false the caller rolls back. */
static bool put_rrs(struct writer *writer, struct writer_owner owner, const struct zone_rrset *set, const uint8_t *fixed)
{
	struct zone_layout layout = zone_layout(zone_rrset_type(set));
	uint16_t offset = owner.offset != 0 ? owner.offset : known_at(writer, owner.ref);
	zref name = owner.offset != 0 ? 0 : owner.ref;
	struct head head;

	/* The root is not pointed at: it is shorter by itself. */
	head.has_owner = offset != 0 && writer->message[offset] != 0;
	dns_put_u16(head.bytes, (uint16_t)(POINTER | offset));
	memcpy(head.bytes + 2, fixed, FIXED_BEFORE_LENGTH);
	return layout.names == 0 ? put_wire_rrs(writer, &head, name, set)
				 : put_named_rrs(writer, &head, name, set, layout);
}

static bool put_set(struct writer *writer, enum writer_section section, struct writer_owner owner,
		    const struct zone_rrset *set, const uint8_t *fixed)
{
	size_t len = writer->len;
	unsigned names = writer->names;

	if (!put_rrs(writer, owner, set, fixed)) {
		writer->len = len;
		writer->names = names;
		return false;
	}
	writer->counts[section] = (uint16_t)(writer->counts[section] + set->count);
	return true;
}

bool writer_rrset(struct writer *writer, enum writer_section section, struct writer_owner owner,
		  const struct zone_rrset *set)
{
	return put_set(writer, section, owner, set, set->fixed);
}

bool writer_rrset_ttl(struct writer *writer, enum writer_section section, struct writer_owner owner,
		      const struct zone_rrset *set, uint32_t ttl)
{
	uint8_t fixed[FIXED_BEFORE_LENGTH];

	memcpy(fixed, set->fixed, sizeof fixed);
	dns_put_u32(fixed + 4, ttl);
	return put_set(writer, section, owner, set, fixed);
}

bool writer_record(struct writer *writer, enum writer_section section, struct writer_owner owner, uint16_t type,
		   uint16_t class, uint32_t ttl, struct span rdata, size_t *ret_rdata_at)
{
	size_t len = writer->len;
	unsigned names = writer->names;
	uint8_t fixed[DNS_RR_FIXED_BYTES];

	dns_put_u16(fixed, type);
	dns_put_u16(fixed + 2, class);
	dns_put_u32(fixed + 4, ttl);
	dns_put_u16(fixed + 8, (uint16_t)rdata.len);
	if (!put_owner(writer, owner) || !put(writer, fixed, sizeof fixed) || !put(writer, rdata.at, rdata.len)) {
		writer->len = len;
		writer->names = names;
		return false;
	}
	if (ret_rdata_at != NULL)
		*ret_rdata_at = writer->len - rdata.len;
	writer->counts[section]++;
	return true;
}
