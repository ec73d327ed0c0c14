/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/rules.h"

#include <stdio.h>
#include <string.h>

#include "zone/text.h"

static void tell(struct zone_layout_work *work, struct err_list *list, const struct zone_key *owner,
		 const struct zone_stored *stored, const char *what)
{
	uint8_t wire[DNS_NAME_MAX];
	char name[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX];

	if (list->kept == ERR_LIST_MAX) {
		list->count++;	/* a zone may have millions of oddities: no text for those that nobody will read */
		return;
	}
	zone_key_wire(owner, wire);
	err_list_add(list, zone_records_file(work->records, stored), stored->line, "%s %s: %s",
		     name_print(wire, name), zone_text_type(stored->type, type), what);
}

void zone_rules_error(struct zone_layout_work *work, const struct zone_key *owner, const struct zone_stored *stored,
		      const char *what)
{
	tell(work, work->errors, owner, stored, what);
}

void zone_rules_warn(struct zone_layout_work *work, const struct zone_key *owner, const struct zone_stored *stored,
		     const char *what)
{
	tell(work, work->warnings, owner, stored, what);
}

static const struct zone_stored *first_of(const struct zone_layout_work *work, const struct zone_group *group)
{
	return work->members[group->at].stored;
}

static const struct zone_group *find_group(const struct zone_layout_work *work, uint16_t type)
{
	for (size_t i = 0; i < work->group_count; i++) {
		if (work->groups[i].key == (uint32_t)type << 1)
			return &work->groups[i];
	}
	return NULL;
}

static bool is_apex(const struct zone_layout_work *work, const struct zone_key *owner)
{
	return owner->len == work->records->names.list[work->records->apex_number].len;
}

enum {
	SET_BYTES_MAX = DNS_MESSAGE_MAX - DNS_HEADER_BYTES,	/* what one message can carry at best */
	RR_BYTES = 2 + DNS_RR_FIXED_BYTES,	/* of an RR in front of its RDATA, the owner as a pointer */
	NAMED_RRS = 64,				/* whose names may all become pointers */
};

bool zone_rules_fits(uint16_t type, size_t count, size_t rdata_bytes)
{
	if (count > SET_BYTES_MAX / RR_BYTES)
		return false;
	return (zone_layout(type).names != 0 && count <= NAMED_RRS) || count * RR_BYTES + rdata_bytes <= SET_BYTES_MAX;
}

bool zone_rules_may_join_cname(uint16_t type)
{
	return type == DNS_CNAME || type == DNS_RRSIG || type == DNS_NSEC || type == DNS_KEY || type == DNS_SIG
		|| type == DNS_NXT;
}

static void check_alone(struct zone_layout_work *work, const struct zone_key *owner)
{
	const struct zone_group *cname = find_group(work, DNS_CNAME);
	char what[96], type[ZONE_TEXT_TYPE_MAX];

	for (size_t i = 0; cname != NULL && i < work->group_count; i++) {
		if (zone_rules_may_join_cname(zone_group_type(&work->groups[i])))
			continue;
		snprintf(what, sizeof what, "a CNAME must be alone at its name, but %s is there too",
			 zone_text_type(zone_group_type(&work->groups[i]), type));
		zone_rules_error(work, owner, first_of(work, cname), what);
		return;
	}
}

static void check_single(struct zone_layout_work *work, const struct zone_key *owner)
{
	static const uint16_t single[] = { DNS_SOA, DNS_CNAME, DNS_DNAME };

	for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
		const struct zone_group *group = find_group(work, single[i]);

		if (group != NULL && group->count > 1)
			zone_rules_error(work, owner, work->members[group->at + 1].stored,
					 "expected one record of this type at a name");
	}
}

static void check_apex(struct zone_layout_work *work, const struct zone_key *owner)
{
	const struct zone_group *soa = find_group(work, DNS_SOA);

	if (!is_apex(work, owner)) {
		if (soa != NULL)
			zone_rules_error(work, owner, first_of(work, soa),
					 "an SOA belongs to the apex of a zone only");
		return;
	}
	if (soa == NULL)
		zone_rules_error(work, owner, first_of(work, &work->groups[0]), "the zone has no SOA");
	if (find_group(work, DNS_NS) == NULL)
		zone_rules_error(work, owner, first_of(work, &work->groups[0]), "the zone has no NS at its apex");
}

/* Beside the NS of a cut: what the parent is asked for (DS, NSEC and their RRSIGs), and glue. */
static bool is_parents(uint16_t type)
{
	return type == DNS_NS || type == DNS_DS || type == DNS_NSEC || type == DNS_RRSIG || type == DNS_A
		|| type == DNS_AAAA;
}

static void check_occluded(struct zone_layout_work *work, const struct zone_key *owner, unsigned flags)
{
	for (size_t i = 0; i < work->group_count; i++) {
		const struct zone_group *group = &work->groups[i];
		uint16_t type = zone_group_type(group);
		const char *what = NULL;

		if (flags & ZONE_NODE_BELOW_DNAME)
			what = "never answered: a DNAME above redirects the name";
		else if (flags & ZONE_NODE_CUT && !is_parents(type))
			what = "never answered: the name is delegated";
		else if (flags & ZONE_NODE_BELOW_CUT && type != DNS_A && type != DNS_AAAA)
			what = "never answered: it is below a delegation and no glue";
		if (what != NULL)
			zone_rules_warn(work, owner, first_of(work, group), what);
	}
}

static void warn_target(struct zone_layout_work *work, const struct zone_key *owner, const struct zone_stored *stored,
			const struct zone_key *target, const char *what)
{
	uint8_t wire[DNS_NAME_MAX];
	char name[DNS_NAME_TEXT_MAX], sentence[400];

	if (work->warnings->kept == ERR_LIST_MAX) {
		work->warnings->count++;
		return;
	}
	zone_key_wire(target, wire);
	snprintf(sentence, sizeof sentence, "its target %.300s %s", name_print(wire, name), what);
	zone_rules_warn(work, owner, stored, sentence);
}

/* RFC 2181, 10.3 and RFC 2782: no aliases. Glue is needed where a delegation is served by a name below it. */
static void check_target(struct zone_layout_work *work, const struct zone_key *owner,
			 const struct zone_stored *stored, const struct zone_key *target)
{
	const struct zone_records *records = work->records;

	if (zone_records_find(records, target, DNS_CNAME) != NULL)
		warn_target(work, owner, stored, target, "is an alias (CNAME)");
	else if (stored->type == DNS_NS && zone_key_is_prefix(owner, target)
		 && zone_records_find(records, target, DNS_A) == NULL
		 && zone_records_find(records, target, DNS_AAAA) == NULL)
		warn_target(work, owner, stored, target, "is in the zone but has no address here");
}

static const struct zone_key *srv_target(const struct zone_layout_work *work, const struct zone_stored *stored)
{
	uint8_t key[ZONE_KEY_MAX];
	struct name name;

	if (name_from_wire(stored->rdata + 6, stored->len - 6u, &name) != 0)
		return NULL;
	size_t len = zone_key_make(&name, key);
	return zone_names_find(&work->records->names, key, len, name.hash[0]);
}

static void check_targets(struct zone_layout_work *work, const struct zone_key *owner)
{
	static const uint16_t types[] = { DNS_NS, DNS_MX, DNS_SRV };

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		const struct zone_group *group = find_group(work, types[i]);

		for (uint32_t k = 0; group != NULL && k < group->count; k++) {
			const struct zone_stored *stored = work->members[group->at + k].stored;
			const struct zone_key *target =
				types[i] == DNS_SRV ? srv_target(work, stored)
						    : &work->records->names.list[zone_stored_name(stored, 0)];

			if (target != NULL && target->inside)
				check_target(work, owner, stored, target);
		}
	}
}

void zone_rules_node(struct zone_layout_work *work, const struct zone_key *owner, unsigned flags)
{
	check_apex(work, owner);
	check_single(work, owner);
	check_alone(work, owner);
	if (flags & (ZONE_NODE_CUT | ZONE_NODE_BELOW_CUT | ZONE_NODE_BELOW_DNAME))
		check_occluded(work, owner, flags);
	if (!(flags & (ZONE_NODE_BELOW_CUT | ZONE_NODE_BELOW_DNAME)))
		check_targets(work, owner);
}
