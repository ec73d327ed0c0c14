/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signatures over one RRset. Between the steps of a key roll there are more of them than one would do: by keys
 * that are not yet or no longer published, or expired beside good ones. So what counts is the best one of each
 * algorithm.
 */
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/err.h"
#include "conf/base/mem.h"
#include "zone/canonical.h"
#include "zone/text_verify.h"
#include "zone/verify_inner.h"

enum {
	TRIES_MAX = 4,		/* keys of one tag; more are no accident */
	LIFE_PARTS = 3,		/* the last part of a short-lived signature's life is soon enough to tell */
};

enum standing { ABSENT, EXPIRED, EARLY, ENDING, GOOD };	/* worst first */

struct signatures {
	const struct zone_rrset *set;
	struct verify_subject subject;		/* the RRSIGs */
	bool known;				/* there is one by a key of the apex */
	bool strange;				/* there is one by another, which is stranger */
	struct verify_rrsig stranger;
	enum standing best[VERIFY_ALGORITHMS];	/* as keys.algorithms */
	int64_t when[VERIFY_ALGORITHMS];	/* it begins or ends */
};

/* RFC 4034, 3.1.3: neither the root nor a leading asterisk counts. */
static unsigned count_labels(const struct zone_node *node)
{
	bool wildcard = node->label_bytes == 2 && node->wire[1] == '*';

	return node->labels - (wildcard ? 1u : 0u);
}

static bool has_good_form(struct verify *verify, const struct signatures *all, const struct verify_rrsig *rrsig)
{
	const struct zone_image_header *base = verify->base;
	unsigned labels = count_labels(all->subject.node);
	char name[DNS_NAME_TEXT_MAX];

	if (!verify_same_name(rrsig->signer, base->apex, base->apex_len)) {
		verify_tell(verify, ZONE_VERIFY_BROKEN, all->subject, "names %.200s as the signer, not the apex",
			    name_print(rrsig->signer.at, name));
		return false;
	}
	if (rrsig->labels != labels) {
		verify_tell(verify, ZONE_VERIFY_BROKEN, all->subject, "says that the name has %u labels, not %u",
			    rrsig->labels, labels);
		return false;
	}
	if ((int32_t)(rrsig->expires - rrsig->begins) < 0) {
		verify_tell(verify, ZONE_VERIFY_BROKEN, all->subject, "by key %u ends before it begins", rrsig->tag);
		return false;
	}
	/* Validators take the TTL from the signature, caches the lesser of both: nobody fails. */
	if (rrsig->original_ttl != zone_rrset_ttl(all->set))
		verify_tell(verify, ZONE_VERIFY_WARNING, all->subject, "is for a TTL of %u, the records have %u",
			    rrsig->original_ttl, zone_rrset_ttl(all->set));
	return true;
}

/* RRSIG RDATA without the signature, then the records (RFC 4034, 3.1.8.1); gives its length. */
static size_t collect_data(struct verify *verify, const struct zone_rrset *set, const struct verify_rrsig *rrsig)
{
	struct span owner = { verify->place.wire, verify->place.len };
	struct zone_rr rr = zone_rr_first(set);
	size_t len = rrsig->head + verify->base->apex_len;

	for (unsigned i = 0; i < set->count; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr) {
		if (verify->data_room < len + CANONICAL_RR_MAX) {
			verify->data_room = (len + CANONICAL_RR_MAX) * 2;
			verify->data = mem_resize(verify->data, verify->data_room, 1);
		}
		len += canonical_rr(verify->base, owner, set, &rr, rrsig->original_ttl, verify->data + len);
	}
	memcpy(verify->data, rrsig->rdata, rrsig->head);
	memcpy(verify->data + rrsig->head, verify->base->apex, verify->base->apex_len);
	return len;
}

static void check_signature(struct verify *verify, const struct signatures *all, const struct verify_rrsig *rrsig,
			    const struct verify_key *key)
{
	size_t len = collect_data(verify, all->set, rrsig);
	int err = ERR_INVALID;

	for (unsigned i = 0; i < TRIES_MAX && key != NULL && err == ERR_INVALID; i++) {
		struct span public_key = { key->rdata.at + VERIFY_KEY_HEAD_BYTES,
					   key->rdata.len - VERIFY_KEY_HEAD_BYTES };

		err = zone_text_verify(rrsig->algorithm, public_key, rrsig->signature,
				       (struct span){ verify->data, len });
		key = verify_keys_find(&verify->keys, rrsig, key);
	}
	if (err == ERR_INVALID)
		verify_tell(verify, ZONE_VERIFY_BROKEN, all->subject,
			    "by key %u is not a signature over these records", rrsig->tag);
	else if (err != 0 && !verify->unavailable[rrsig->algorithm]) {
		verify->unavailable[rrsig->algorithm] = true;
		verify_tell(verify, ZONE_VERIFY_NOTE, all->subject,
			    "and others cannot be checked here: there is no algorithm %u", rrsig->algorithm);
	}
}

static enum standing standing_of(const struct verify_rrsig *rrsig, int64_t now_s, int64_t *ret_when)
{
	int64_t begins = dns_rrsig_time(rrsig->begins, now_s), ends = dns_rrsig_time(rrsig->expires, now_s);
	int64_t soon = (ends - begins) / LIFE_PARTS;

	if (soon > ZONE_VERIFY_SOON_S)
		soon = ZONE_VERIFY_SOON_S;
	*ret_when = begins > now_s ? begins : ends;
	if (begins > now_s)
		return EARLY;
	return ends < now_s ? EXPIRED : ends - now_s < soon ? ENDING : GOOD;
}

static void note_standing(struct verify *verify, struct signatures *all, const struct verify_rrsig *rrsig)
{
	int64_t when;
	enum standing standing = standing_of(rrsig, verify->how->now_s, &when);

	for (unsigned i = 0; i < verify->keys.algorithm_count; i++) {
		if (verify->keys.algorithms[i] == rrsig->algorithm && standing > all->best[i]) {
			all->best[i] = standing;
			all->when[i] = when;
		}
	}
}

static void visit_rrsig(struct verify *verify, struct signatures *all, struct span rdata)
{
	struct verify_rrsig rrsig;

	if (!verify_rrsig_read(rdata, &rrsig)) {
		verify_tell(verify, ZONE_VERIFY_BROKEN, all->subject, "is not well formed");
		return;
	}
	if (!has_good_form(verify, all, &rrsig))
		return;

	const struct verify_key *key = verify_keys_find(&verify->keys, &rrsig, NULL);
	if (key == NULL) {
		all->strange = true;
		all->stranger = rrsig;
		return;
	}
	all->known = true;
	if (verify->how->thorough)
		check_signature(verify, all, &rrsig, key);
	note_standing(verify, all, &rrsig);
}

static void tell_standing(struct verify *verify, const struct signatures *all, unsigned i)
{
	uint8_t algorithm = verify->keys.algorithms[i];
	char when[CLOCK_TEXT_MAX];

	clock_print(all->when[i], when, sizeof when);
	switch (all->best[i]) {
	case ABSENT:
		verify_tell(verify, ZONE_VERIFY_BROKEN,
			    (struct verify_subject){ all->subject.node, all->subject.type, false },
			    "has no RRSIG of algorithm %u, with which the zone is signed too", algorithm);
		break;
	case EXPIRED: verify_tell(verify, ZONE_VERIFY_EXPIRED, all->subject, "expired at %s", when); break;
	case EARLY: verify_tell(verify, ZONE_VERIFY_EXPIRED, all->subject, "is not valid before %s", when); break;
	case ENDING: verify_tell(verify, ZONE_VERIFY_WARNING, all->subject, "expires soon, at %s", when); break;
	case GOOD: break;
	}
}

void verify_signatures(struct verify *verify, const struct zone_rrset *set, const struct zone_rrset *rrsigs)
{
	uint16_t type = zone_rrset_type(set);
	struct signatures all = { .set = set, .subject = { verify->place.node, type, true } };

	if (rrsigs == NULL) {
		verify_tell(verify, ZONE_VERIFY_BROKEN, (struct verify_subject){ verify->place.node, type, false },
			    "has no RRSIG");
		return;
	}
	struct zone_rr rr = zone_rr_first(rrsigs);
	for (unsigned i = 0; i < rrsigs->count; i++, rr = i < rrsigs->count ? zone_rr_next(rrsigs, &rr) : rr)
		visit_rrsig(verify, &all, rr.prefix);
	if (!all.known && all.strange)
		verify_tell(verify, ZONE_VERIFY_BROKEN, all.subject,
			    "is by a key that is not in the DNSKEY RRset: tag %u, algorithm %u", all.stranger.tag,
			    all.stranger.algorithm);
	for (unsigned i = 0; all.known && i < verify->keys.algorithm_count; i++)
		tell_standing(verify, &all, i);
}
