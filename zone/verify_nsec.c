/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/verify_inner.h"

static struct verify_subject subject_of(const struct zone_node *node)
{
	return (struct verify_subject){ node, DNS_NSEC, false };
}

/* The NSEC before must name this place as the next: with that the chain is complete and in order. */
static void check_link(struct verify *verify, struct span name)
{
	struct verify_nsec *nsec = &verify->nsec;
	char says[DNS_NAME_TEXT_MAX], is[DNS_NAME_TEXT_MAX];

	if (nsec->before == NULL || verify_same_name(nsec->next, name.at, name.len))
		return;
	verify_tell(verify, ZONE_VERIFY_BROKEN, subject_of(nsec->before), "says that %.150s is next, but %.150s is",
		    name_print(nsec->next.at, says), name_print(name.at, is));
}

void verify_nsec_name(struct verify *verify)
{
	const struct zone_node *node = verify->place.node;
	const struct zone_rrset *set = zone_node_find(node, DNS_NSEC);
	struct verify_nsec *nsec = &verify->nsec;

	if (set == NULL) {
		/* Of a chain of NSEC3 that is being made: hashes need no NSEC of their own (RFC 5155, 10.4). */
		if (verify_owns_only_nsec3(node))
			return;
		verify_tell(verify, ZONE_VERIFY_BROKEN, (struct verify_subject){ node, 0, false }, "has no NSEC");
		nsec->before = NULL;	/* it may name this or the next name: either way, this is the fault */
		return;
	}

	struct zone_rr rr = zone_rr_first(set);
	struct reader reader = reader_of(rr.prefix.at, rr.prefix.len);
	struct span next = verify_take_name(&reader);
	if (set->count != 1 || reader.bad) {
		verify_tell(verify, ZONE_VERIFY_BROKEN, subject_of(node), "is not one record");
		nsec->before = NULL;
		return;
	}
	check_link(verify, (struct span){ verify->place.wire, verify->place.len });
	nsec->before = node;
	nsec->next = next;
	verify_types(verify, subject_of(node), reader, node, DNS_NSEC);
}

void verify_nsec_end(struct verify *verify)
{
	check_link(verify, (struct span){ verify->base->apex, verify->base->apex_len });
}
