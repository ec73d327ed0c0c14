/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "conf/base/mem.h"
#include "zone/verify_inner.h"

enum {
	KEY_ZONE = 0x0100, KEY_REVOKE = 0x0080,	/* flags (RFC 4034, 2.1.1; RFC 5011, 3) */
	KEY_PROTOCOL = 3,
	RRSIG_HEAD_BYTES = 18,
};

bool verify_rrsig_read(struct span rdata, struct verify_rrsig *ret_rrsig)
{
	struct reader reader = reader_of(rdata.at, rdata.len);
	struct verify_rrsig rrsig = { .head = RRSIG_HEAD_BYTES, .rdata = rdata.at };

	rrsig.covered = reader_u16(&reader);
	rrsig.algorithm = reader_u8(&reader);
	rrsig.labels = reader_u8(&reader);
	rrsig.original_ttl = reader_u32(&reader);
	rrsig.expires = reader_u32(&reader);
	rrsig.begins = reader_u32(&reader);
	rrsig.tag = reader_u16(&reader);
	rrsig.signer = verify_take_name(&reader);
	rrsig.signature = reader_take(&reader, reader_left(&reader));
	if (reader.bad || rrsig.signature.len == 0)
		return false;
	*ret_rrsig = rrsig;
	return true;
}

/* RFC 4034, appendix B. */
static uint16_t key_tag(struct span rdata)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < rdata.len; i++)
		sum += i % 2 ? rdata.at[i] : (uint32_t)rdata.at[i] << 8;
	return (uint16_t)(sum + (sum >> 16));
}

static void add_key(struct verify_keys *keys, struct span rdata)
{
	if (rdata.len <= VERIFY_KEY_HEAD_BYTES || !(dns_get_u16(rdata.at) & KEY_ZONE) || rdata.at[2] != KEY_PROTOCOL)
		return;
	keys->list[keys->count++] = (struct verify_key){
		.tag = key_tag(rdata),
		.algorithm = rdata.at[3],
		.revoked = dns_get_u16(rdata.at) & KEY_REVOKE,
		.rdata = rdata,
	};
}

const struct verify_key *verify_keys_find(const struct verify_keys *keys, const struct verify_rrsig *rrsig,
					  const struct verify_key *after)
{
	const struct verify_key *key = after != NULL ? after + 1 : keys->list;

	for (; key != keys->list + keys->count; key++) {
		if (key->tag == rrsig->tag && key->algorithm == rrsig->algorithm
		    && (!key->revoked || rrsig->covered == DNS_DNSKEY))
			return key;
	}
	return NULL;
}

static void require(struct verify_keys *keys, uint8_t algorithm)
{
	if (memchr(keys->algorithms, algorithm, keys->algorithm_count) == NULL
	    && keys->algorithm_count < VERIFY_ALGORITHMS)
		keys->algorithms[keys->algorithm_count++] = algorithm;
}

/* The algorithms of the keys that sign an RRset of the apex are those the zone is signed with, so that all of it must
 * be (RFC 6840, 5.11): a key of another one, which signs nothing, stands by. */
static void note_signers(struct verify *verify, uint16_t type)
{
	struct verify_keys *keys = &verify->keys;
	const struct zone_rrset *set = zone_node_rrsig(zone_node_at(verify->base, verify->base->apex_node), type);
	struct verify_rrsig rrsig;

	if (set == NULL)
		return;
	struct zone_rr rr = zone_rr_first(set);
	for (unsigned i = 0; i < set->count; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr) {
		const struct verify_key *key = NULL;

		if (!verify_rrsig_read(rr.prefix, &rrsig))
			continue;
		while ((key = verify_keys_find(keys, &rrsig, key)) != NULL) {
			if (!key->revoked)
				require(keys, key->algorithm);
		}
	}
}

/* A validator that insists on every algorithm of the DNSKEY RRset finds such a zone bogus only with a DS for it. */
static void note_silent_algorithms(struct verify *verify)
{
	const struct zone_node *apex = zone_node_at(verify->base, verify->base->apex_node);
	const struct verify_keys *keys = &verify->keys;

	for (size_t i = 0; i < keys->count; i++) {
		if (!keys->list[i].revoked
		    && memchr(keys->algorithms, keys->list[i].algorithm, keys->algorithm_count) == NULL)
			verify_tell(verify, ZONE_VERIFY_NOTE, (struct verify_subject){ apex, DNS_DNSKEY, false },
				    "with tag %u: nothing is signed with its algorithm %u (RFC 6840, 5.11)",
				    keys->list[i].tag, keys->list[i].algorithm);
	}
}

void verify_keys_init(struct verify *verify)
{
	const struct zone_node *apex = zone_node_at(verify->base, verify->base->apex_node);
	const struct zone_rrset *set = zone_node_find(apex, DNS_DNSKEY);
	struct zone_rr rr = zone_rr_first(set);

	verify->keys.list = mem_array(set->count, sizeof *verify->keys.list);
	for (unsigned i = 0; i < set->count; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr)
		add_key(&verify->keys, rr.prefix);
	note_signers(verify, DNS_DNSKEY);
	note_signers(verify, DNS_SOA);
	note_silent_algorithms(verify);
}

void verify_keys_fini(struct verify *verify)
{
	mem_free(verify->keys.list);
}
