/* SPDX-License-Identifier: Apache-2.0 */
/* Type bitmaps: both sides, what is listed and what is there, are walked in the order of type numbers. */
#include <string.h>

#include "zone/text.h"
#include "zone/verify_inner.h"

enum { NO_TYPE = 1 << 16, WINDOW_TYPES = 256 };

/* What a bitmap lists (RFC 4034, 4.1.2). */
struct listed {
	struct reader windows;
	struct span bits;
	unsigned window, at;
};

/* What is at the name: RRSIG has no RRset of its own place in the image. */
struct present {
	const struct zone_rrset *set;
	unsigned left;
	bool cut, rrsig;
};

static unsigned listed_next(struct listed *listed)
{
	for (;;) {
		for (; listed->at < listed->bits.len * 8; listed->at++) {
			if (listed->bits.at[listed->at / 8] >> (7 - listed->at % 8) & 1)
				return listed->window * WINDOW_TYPES + listed->at++;
		}
		if (reader_left(&listed->windows) == 0)
			return NO_TYPE;
		listed->window = reader_u8(&listed->windows);
		listed->bits = reader_take(&listed->windows, reader_u8(&listed->windows));
		listed->at = 0;
	}
}

static unsigned present_next(struct present *present)
{
	for (; present->left > 0; present->left--, present->set = zone_rrset_next(present->set)) {
		uint16_t type = zone_rrset_type(present->set);

		if (type == DNS_RRSIG
		    || (present->cut && type != DNS_NS && type != DNS_DS && type != DNS_NSEC))
			continue;
		if (present->rrsig && type > DNS_RRSIG)
			break;
		present->left--;
		present->set = zone_rrset_next(present->set);
		return type;
	}
	if (!present->rrsig)
		return NO_TYPE;
	present->rrsig = false;
	return DNS_RRSIG;
}

/* Whether something of the name is signed, or should be: a missing RRSIG is told where it is missing. */
static bool has_rrsig(const struct zone_node *node)
{
	if (node->flags & ZONE_NODE_CUT)
		return zone_node_find(node, DNS_DS) != NULL || zone_node_find(node, DNS_NSEC) != NULL;
	return node->sets != 0;
}

void verify_types(struct verify *verify, struct verify_subject subject, struct reader bitmap,
		  const struct zone_node *node, uint16_t type)
{
	/* The other chain's type may be at the name while the zone changes from one to the other: no matter. */
	unsigned other = type == DNS_NSEC ? DNS_NSEC3 : DNS_NSEC;
	struct listed listed = { .windows = bitmap };
	struct present present = { zone_node_first_set(node), node->sets, node->flags & ZONE_NODE_CUT,
				   has_rrsig(node) };
	unsigned says = listed_next(&listed), is = present_next(&present);
	char name[ZONE_TEXT_TYPE_MAX];

	for (;;) {
		if (says == other && is != other)
			says = listed_next(&listed);
		else if (is == other && says != other)
			is = present_next(&present);
		else if (says != is || says == NO_TYPE)
			break;
		else {
			says = listed_next(&listed);
			is = present_next(&present);
		}
	}
	if (says == is)
		return;
	if (says < is)
		verify_tell(verify, ZONE_VERIFY_BROKEN, subject, "lists %s, which is not there",
			    zone_text_type((uint16_t)says, name));
	else
		verify_tell(verify, ZONE_VERIFY_BROKEN, subject, "does not list %s, which is there",
			    zone_text_type((uint16_t)is, name));
}
