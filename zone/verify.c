/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/verify_inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "zone/text.h"
#include "zone/walk.h"

enum {
	SENTENCE_MAX = 480,	/* fits an err_note behind what is put in front */
	STOP_EVERY = 64,	/* names between two looks at how->stop */
};

static void print_subject(const struct verify *verify, struct verify_subject subject, char *out, size_t size)
{
	char name[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX];
	uint8_t wire[DNS_NAME_MAX];

	zone_node_name(verify->base, zone_ref_of(verify->base, subject.node), wire);
	name_print(wire, name);
	if (subject.type == 0)
		snprintf(out, size, "%.256s ", name);
	else
		snprintf(out, size, "%s%s of %.256s ", subject.rrsig ? "RRSIG " : "",
			 zone_text_type(subject.type, type), name);
}

void verify_tell(struct verify *verify, enum zone_verify_kind kind, struct verify_subject subject,
		 const char *format, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	/* A zone may have millions of faults: no text for those that nobody will read. */
	if (verify->counts[kind]++ >= verify->how->texts)
		return;
	print_subject(verify, subject, text, sizeof text);
	size_t len = strlen(text);
	va_start(args, format);
	vsnprintf(text + len, sizeof text - len, format, args);
	va_end(args);
	verify->how->found(verify->how->ctx, kind, text);
}

struct span verify_take_name(struct reader *reader)
{
	struct span name = { reader->at, 0 };

	for (;;) {
		uint8_t label = reader_u8(reader);

		name.len += 1 + (size_t)label;
		if (label > DNS_LABEL_MAX || name.len > DNS_NAME_MAX)
			reader->bad = true;
		reader_take(reader, label);
		if (reader->bad)
			return (struct span){ 0 };
		if (label == 0)
			return name;
	}
}

bool verify_same_name(struct span wire, const uint8_t *lower, size_t len)
{
	if (wire.len != len)
		return false;
	if (memcmp(wire.at, lower, len) == 0)
		return true;
	for (size_t i = 0; i < len; i++) {	/* length bytes are below 'A' */
		if (name_lower(wire.at[i]) != lower[i])
			return false;
	}
	return true;
}

bool verify_owns_only_nsec3(const struct zone_node *node)
{
	const struct zone_rrset *set = zone_node_first_set(node);

	for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
		if (zone_rrset_type(set) != DNS_NSEC3 && set->covers != DNS_NSEC3)
			return false;
	}
	return node->sets != 0;
}

/* What of a delegation is the parent's word (RFC 4035, 2.2). */
static bool is_signed_here(const struct zone_node *node, uint16_t type)
{
	return !(node->flags & ZONE_NODE_CUT) || type == DNS_DS || type == DNS_NSEC || type == DNS_NSEC3;
}

static void visit_set(struct verify *verify, const struct zone_rrset *set, const struct zone_rrset *rrsigs)
{
	const struct zone_node *node = verify->place.node;
	uint16_t type = zone_rrset_type(set);

	if (is_signed_here(node, type))
		verify_signatures(verify, set, rrsigs);
	else if (rrsigs != NULL)
		verify_tell(verify, ZONE_VERIFY_BROKEN, (struct verify_subject){ node, type, true },
			    "is over a delegation, which the child signs");
}

/* In the image the RRSIGs of an RRset stand right behind it. */
static void visit_sets(struct verify *verify)
{
	const struct zone_node *node = verify->place.node;
	const struct zone_rrset *set = zone_node_first_set(node);

	for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
		const struct zone_rrset *next = i + 1 < node->sets ? zone_rrset_next(set) : NULL;

		if (set->covers != 0) {
			verify_tell(verify, ZONE_VERIFY_BROKEN, (struct verify_subject){ node, set->covers, true },
				    "covers nothing: there is no such record");
			continue;
		}
		bool has_rrsigs = next != NULL && next->covers == zone_rrset_type(set);
		visit_set(verify, set, has_rrsigs ? next : NULL);
		if (has_rrsigs) {
			set = next;
			i++;
		}
	}
}

static void visit_glue(struct verify *verify, const struct zone_node *node)
{
	const struct zone_rrset *set = zone_node_first_set(node);

	for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
		if (zone_rrset_type(set) != DNS_RRSIG && zone_rrset_type(set) != DNS_NSEC)
			continue;
		verify_tell(verify, ZONE_VERIFY_BROKEN,
			    (struct verify_subject){ node, set->covers ? set->covers : DNS_NSEC, set->covers != 0 },
			    "is below a delegation, where nothing is signed");
		return;
	}
}

static void visit(struct verify *verify, const struct zone_node *node)
{
	uint16_t flags = verify->base->flags;

	if (node->flags & ZONE_NODE_BELOW_CUT) {
		visit_glue(verify, node);
		return;
	}
	if (node->flags & ZONE_NODE_BELOW_DNAME)
		return;
	verify->place.node = node;
	verify->place.len = zone_node_name(verify->base, zone_ref_of(verify->base, node), verify->place.wire);
	visit_sets(verify);
	if (flags & ZONE_IMAGE_NSEC3)
		verify_nsec3_name(verify);
	else if (flags & ZONE_IMAGE_NSEC && node->sets != 0)
		verify_nsec_name(verify);
}

static void walk(struct verify *verify)
{
	const struct zone_image_header *base = verify->base;
	struct zone_walk places = zone_walk_begin(base);
	unsigned count = 0;

	for (const struct zone_node *node; (node = zone_walk_next(&places)) != NULL; count++) {
		if (count % STOP_EVERY == 0 && verify->how->stop != NULL && atomic_load(verify->how->stop))
			return;
		visit(verify, node);
	}
	if (base->flags & ZONE_IMAGE_NSEC3)
		verify_nsec3_end(verify);
	else if (base->flags & ZONE_IMAGE_NSEC)
		verify_nsec_end(verify);
}

/* Whether the zone means to be signed: keys, and a signature over what every zone has. One of both without the other
 * is told here, in one sentence instead of one for every RRset. */
static bool is_meant(struct verify *verify, const struct zone_node *apex)
{
	bool keys = zone_node_find(apex, DNS_DNSKEY) != NULL;
	bool signatures = zone_node_rrsig(apex, DNS_SOA) != NULL || zone_node_rrsig(apex, DNS_DNSKEY) != NULL;

	if (keys && signatures)
		return true;
	if (signatures)
		verify_tell(verify, ZONE_VERIFY_BROKEN, (struct verify_subject){ apex, DNS_SOA, true },
			    "has no key: there is no DNSKEY");
	else if (keys)
		verify_tell(verify, ZONE_VERIFY_BROKEN, (struct verify_subject){ apex, DNS_DNSKEY, false },
			    "has no RRSIG, nor has the SOA");
	return false;
}

void zone_verify(const struct zone_image_header *base, const struct zone_verify *how,
		 size_t ret_counts[ZONE_VERIFY_KINDS])
{
	const struct zone_node *apex = zone_node_at(base, base->apex_node);
	struct verify *verify = mem_alloc(sizeof *verify);

	memset(ret_counts, 0, ZONE_VERIFY_KINDS * sizeof ret_counts[0]);
	*verify = (struct verify){ .base = base, .how = how, .counts = ret_counts };
	if (is_meant(verify, apex)) {
		if (!(base->flags & (ZONE_IMAGE_NSEC | ZONE_IMAGE_NSEC3)))
			verify_tell(verify, ZONE_VERIFY_BROKEN, (struct verify_subject){ apex, 0, false },
				    "has neither an NSEC nor a chain of NSEC3: no denial can be proved");
		verify_keys_init(verify);
		verify_nsec3_init(verify);
		walk(verify);
		verify_nsec3_fini(verify);
		verify_keys_fini(verify);
	}
	mem_free(verify->data);
	mem_free(verify);
}
