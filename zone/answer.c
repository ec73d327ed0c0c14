/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithm of RFC 1034, 4.3.2, step 3, as one function a case:
 *
 *     answer_query   one round a name: the question's, then what aliases lead to
 *       referral     the name is at or below a zone cut
 *       redirection  it is below a DNAME
 *       local_name   this node's own addresses take the place of the zone's (zone/local)
 *       from_node    it exists, or a wildcard stands in for it: data, an alias, or NODATA
 *       no_name      it does not: NXDOMAIN
 *
 * Denials carry the SOA (RFC 2308); with DO everything carries what proves it (zone/proof).
 */
#include "zone/answer.h"

#include <string.h>

#include "zone/local.h"
#include "zone/proof.h"

enum {
	SERVICES_MAX = 8,	/* targets of SVCB records whose addresses are added */
	ALIASES_MAX = 16,	/* longer chains end where they are: NOERROR with what there is (RFC 1034, 3.6.2) */
};

/* One name being looked up: the question's, or what an alias leads to. */
struct step {
	const struct name *name;	/* the query's, or walk->target */
	struct writer_owner owner;	/* how records that it owns name it */
	struct zone_hit hit;
};

struct walk {
	const struct zone_image_header *base;
	const struct local_set *locals;	/* NULL: none */
	const struct query *query;
	struct writer *writer;
	struct answer *answer;
	struct step step;
	struct name target;		/* of the alias followed last */
	struct proof proof;
	bool dnssec;			/* the query has DO: signatures and proofs are wanted (RFC 4035, 3.1) */
	/* The names that were looked up before this one, and the DNAMEs written. */
	unsigned aliases;
	struct seen {
		uint32_t hash;
		uint8_t len;
		uint8_t wire[DNS_NAME_MAX];
		zref dname;
	} seen[ALIASES_MAX];
};

static void finish(struct walk *walk, enum respond_outcome outcome, enum dns_rcode rcode)
{
	walk->answer->outcome = outcome;
	walk->answer->rcode = rcode;
}

/* What answers the question stands for all names below this one. Suffixes of the question's name have their hash there;
 * what an alias leads to changes nothing. */
static void answer_for_all_below(struct walk *walk, unsigned labels)
{
	const struct name *name = &walk->query->name;

	if (walk->aliases == 0)
		walk->answer->like = name->hash[name->labels - labels];
}

static void truncate(struct walk *walk)
{
	walk->answer->truncated = true;
}

static struct writer_owner owner_of(const struct walk *walk, const struct zone_node *node)
{
	return (struct writer_owner){ .ref = zone_ref_of(walk->base, node) };
}

/* The question's name holds those of its ancestors: later names are compressed against them. */
static void know_ancestors(struct walk *walk)
{
	const struct step *step = &walk->step;
	const struct zone_node *node = step->hit.node;

	for (unsigned i = step->hit.skipped;; i++) {
		writer_know(walk->writer, zone_ref_of(walk->base, node), DNS_HEADER_BYTES + (size_t)step->name->start[i]);
		if (node->parent == 0)
			return;
		node = zone_node_at(walk->base, node->parent);
	}
}

/* An RRset of node with its signatures. False: it does not fit. */
static bool put(struct walk *walk, enum writer_section section, struct writer_owner owner, const struct zone_node *node,
		const struct zone_rrset *set)
{
	const struct zone_rrset *rrsig = NULL;

	if (walk->dnssec && node->sets > 1)
		rrsig = zone_node_rrsig(node, zone_rrset_type(set));
	return writer_rrset(walk->writer, section, owner, set)
		&& (rrsig == NULL || writer_rrset(walk->writer, section, owner, rrsig));
}

/* The SOA with the TTL of a denial, and its signature with the same (RFC 2308, 5; RFC 4035, 3.1.3). */
static bool put_soa(struct walk *walk)
{
	const struct zone_image_header *base = walk->base;
	const struct zone_node *apex = zone_node_at(base, base->apex_node);
	const struct zone_rrset *rrsig = walk->dnssec ? zone_node_rrsig(apex, DNS_SOA) : NULL;
	struct writer_owner owner = owner_of(walk, apex);

	return writer_rrset_ttl(walk->writer, WRITER_AUTHORITY, owner, zone_node_find(apex, DNS_SOA), base->negative_ttl)
		&& (rrsig == NULL
		    || writer_rrset_ttl(walk->writer, WRITER_AUTHORITY, owner, rrsig, base->negative_ttl));
}

/* The end of a negative answer: the SOA, then the proofs. */
static void deny(struct walk *walk, enum respond_outcome outcome, enum dns_rcode rcode)
{
	if (!put_soa(walk) || !proof_write(&walk->proof, walk->writer))
		truncate(walk);
	finish(walk, outcome, rcode);
}

static void no_name(struct walk *walk)
{
	if (walk->dnssec)
		proof_no_name(&walk->proof, walk->step.name, &walk->step.hit);
	deny(walk, RESPOND_NXDOMAIN, DNS_NXDOMAIN);
	answer_for_all_below(walk, walk->base->apex_labels);
}

/* node is the name, or the wildcard that stands in for it. */
static void no_type(struct walk *walk, const struct zone_node *node)
{
	const struct step *step = &walk->step;

	if (walk->dnssec && step->hit.match == ZONE_EXACT)
		proof_no_type(&walk->proof, step->name, node);
	else if (walk->dnssec)
		proof_wildcard_no_type(&walk->proof, step->name, &step->hit, node);
	deny(walk, RESPOND_NODATA, DNS_NOERROR);
}

static bool is_at_or_below(const struct zone_image_header *base, const struct zone_node *node,
			   const struct zone_node *above)
{
	while (node != above && node->parent != 0)
		node = zone_node_at(base, node->parent);
	return node == above;
}

/* Whether the zone's addresses of a host are not what this node answers for it. */
static bool is_local(const struct walk *walk, const struct zone_node *host)
{
	const struct zone_hit hit = { .match = ZONE_EXACT, .node = host };
	const struct local *local;
	uint8_t wire[DNS_NAME_MAX];
	struct name name;

	return walk->locals != NULL
		&& name_from_wire(wire, zone_node_name(walk->base, zone_ref_of(walk->base, host), wire), &name) == 0
		&& local_find(walk->locals, &name, &hit, DNS_A, &local) != LOCAL_NONE;
}

/* The A and AAAA of a host, with signatures where they are data of this zone. A local name's are asked for. */
static bool put_addresses(struct walk *walk, const struct zone_node *host)
{
	const struct zone_rrset *set = zone_node_first_set(host);
	bool whole = true;

	if (is_local(walk, host))
		return true;
	for (unsigned i = 0; i < host->sets; i++, set = zone_rrset_next(set)) {
		uint16_t type = zone_rrset_type(set);

		if (type == DNS_A || type == DNS_AAAA)
			whole &= put(walk, WRITER_ADDITIONAL, owner_of(walk, host), host, set);
	}
	return whole;
}

/* A host that an RRset names. In a patched image it may have become a node since: zone/image.h. */
static const struct zone_node *host_at(const struct zone_image_header *base, zref ref)
{
	const struct zone_node *host = zone_node_at(base, ref);

	if (host->sets == 0 && host->label_bytes == 0 && host->parent != 0)
		host = zone_node_at(base, host->parent);
	return host;
}

/* Addresses of the hosts an NS RRset names. Those below the cut itself are needed to get there: when one does not fit
 * the answer is truncated (RFC 9471, 3.1). Others are a courtesy, in what room is left. cut NULL: all are. */
static void name_server_addresses(struct walk *walk, const struct zone_rrset *ns, const struct zone_node *cut)
{
	const zref *hosts = zone_rrset_targets(ns);
	unsigned others = 0;

	for (unsigned i = 0; i < ns->count; i++) {
		const struct zone_node *host = host_at(walk->base, hosts[i]);

		if (host->sets == 0)
			continue;
		if (cut == NULL || !is_at_or_below(walk->base, host, cut))
			others++;
		else if (!put_addresses(walk, host))
			truncate(walk);
	}
	for (unsigned i = 0; others > 0 && i < ns->count; i++) {
		const struct zone_node *host = host_at(walk->base, hosts[i]);

		if (host->sets != 0 && (cut == NULL || !is_at_or_below(walk->base, host, cut)))
			put_addresses(walk, host);
	}
}

/* The addresses of an SVCB or HTTPS record's target (RFC 9460, 4.1), where it is a name of this zone: they save the
 * client a round trip, and are left out when there is no room. */
static void service_addresses(struct walk *walk, const struct zone_rrset *set)
{
	struct zone_rr rr = zone_rr_first(set);
	const struct zone_node *done[SERVICES_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < set->count && count < SERVICES_MAX; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr) {
		struct reader rdata = reader_of(rr.prefix.at, rr.prefix.len);
		struct name target;
		struct zone_hit hit;

		reader_u16(&rdata);	/* SvcPriority */
		if (rdata.bad || name_read(&rdata, &target) != 0)
			continue;
		/* "." is the owner itself, but for an alias, where it says that there is no service (2.5). */
		const struct name *host = target.labels != 0 ? &target : walk->step.name;
		if (!name_is_below(host, walk->base->apex, walk->base->apex_len))
			continue;
		zone_image_find(walk->base, host, &hit);
		bool again = false;
		for (unsigned k = 0; k < count; k++)
			again |= done[k] == hit.node;
		if (again || hit.match != ZONE_EXACT || hit.cut != NULL)
			continue;
		done[count++] = hit.node;
		put_addresses(walk, hit.node);
	}
}

/* Whether the child is signed: DS, or the proof that there is none (RFC 4035, 3.1.4). An unsigned DS proves nothing. */
static bool put_child_security(struct walk *walk, const struct zone_node *cut)
{
	const struct zone_rrset *ds = zone_node_find(cut, DNS_DS);

	if (walk->dnssec && ds == NULL)
		proof_no_type(&walk->proof, walk->step.name, cut);
	if (walk->dnssec && zone_node_rrsig(cut, DNS_DS) != NULL
	    && !put(walk, WRITER_AUTHORITY, owner_of(walk, cut), cut, ds))
		return false;
	return proof_write(&walk->proof, walk->writer);
}

static void referral(struct walk *walk)
{
	const struct zone_node *cut = walk->step.hit.cut;
	const struct zone_rrset *ns = zone_node_find(cut, DNS_NS);

	if (writer_rrset(walk->writer, WRITER_AUTHORITY, owner_of(walk, cut), ns) && put_child_security(walk, cut))
		name_server_addresses(walk, ns, cut);
	else
		truncate(walk);
	if (walk->aliases == 0)
		walk->answer->authoritative = false;
	answer_for_all_below(walk, cut->labels);
	finish(walk, RESPOND_REFERRAL, DNS_NOERROR);
}

/* An answer from a wildcard comes with the proof that nothing is closer. */
static void prove_no_closer(struct walk *walk)
{
	if (walk->dnssec && walk->step.hit.match != ZONE_EXACT)
		proof_no_closer(&walk->proof, walk->step.name, &walk->step.hit);
}

static bool was_seen(const struct walk *walk, const struct name *name)
{
	for (unsigned i = 0; i < walk->aliases; i++) {
		if (walk->seen[i].hash == name->hash[0] && walk->seen[i].len == name->len
		    && memcmp(walk->seen[i].wire, name->wire, name->len) == 0)
			return true;
	}
	return false;
}

/* Goes on with the name that an alias gave. False: it is not ours to answer, it was looked up before, or the chain is
 * long enough. */
static bool follow(struct walk *walk, struct writer_owner owner, struct span target, zref dname)
{
	struct seen *seen = &walk->seen[walk->aliases];
	const struct name *from = walk->step.name;

	if (walk->aliases == ALIASES_MAX)
		return false;
	seen->hash = from->hash[0];
	seen->len = from->len;
	memcpy(seen->wire, from->wire, from->len);
	seen->dname = dname;
	walk->aliases++;

	if (name_from_wire(target.at, target.len, &walk->target) != 0
	    || !name_is_below(&walk->target, walk->base->apex, walk->base->apex_len) || was_seen(walk, &walk->target))
		return false;
	walk->step.name = &walk->target;
	walk->step.owner = owner;
	return true;
}

/* A chain of aliases that ends without a look-up of its last name. */
static bool end_of_chain(struct walk *walk)
{
	if (!proof_write(&walk->proof, walk->writer))
		truncate(walk);
	return false;
}

/* An alias at the name looked up: its own at node, or a wildcard's. True: go on with what it leads to. */
static bool canonical_name(struct walk *walk, const struct zone_node *node)
{
	const struct zone_rrset *cname = zone_node_find(node, DNS_CNAME);
	zref target = zone_rrset_targets(cname)[0];
	uint8_t wire[DNS_NAME_MAX];

	if (!put(walk, WRITER_ANSWER, walk->step.owner, node, cname)) {
		truncate(walk);
		return false;
	}
	prove_no_closer(walk);
	size_t len = zone_node_name(walk->base, target, wire);
	return follow(walk, (struct writer_owner){ .ref = target }, (struct span){ wire, len }, 0) || end_of_chain(walk);
}

/* A question for ANY is answered with one RRset, which is all that a client may count on (RFC 8482, 4.1); one for RRSIG
 * with the signatures of one (likewise, 7). */
static const struct zone_rrset *pick(const struct zone_node *node, uint16_t type)
{
	const struct zone_rrset *set = zone_node_first_set(node);

	if (type != DNS_ANY && type != DNS_RRSIG)
		return zone_node_find(node, type);
	for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
		if ((zone_rrset_type(set) == DNS_RRSIG) == (type == DNS_RRSIG))
			return set;
	}
	return NULL;
}

/* A DNAME may be crossed twice in a chain, or be what the chain leads to; it is written once. */
static bool dname_stands(const struct walk *walk, const struct zone_rrset *dname)
{
	for (unsigned i = 0; i < walk->aliases; i++) {
		if (walk->seen[i].dname == zone_ref_of(walk->base, dname))
			return true;
	}
	return false;
}

/* The RRset that answers, with its signatures. */
static bool put_answer(struct walk *walk, const struct zone_node *node, const struct zone_rrset *set)
{
	if (walk->query->type == DNS_RRSIG)
		return writer_rrset(walk->writer, WRITER_ANSWER, walk->step.owner, set);
	if (zone_rrset_type(set) == DNS_DNAME && dname_stands(walk, set))
		return true;
	return put(walk, WRITER_ANSWER, walk->step.owner, node, set);
}

/* The node is the name, or the wildcard that stands in for it. True: an alias to follow. */
static bool from_node(struct walk *walk, const struct zone_node *node)
{
	uint16_t type = walk->query->type;
	const struct zone_rrset *set = pick(node, type);

	if (set == NULL && node->flags & ZONE_NODE_CNAME)
		return canonical_name(walk, node);
	if (set == NULL) {
		no_type(walk, node);
		return false;
	}
	bool whole = put_answer(walk, node, set);
	prove_no_closer(walk);
	if (!whole || !proof_write(&walk->proof, walk->writer))
		truncate(walk);
	else if (type == DNS_NS)
		name_server_addresses(walk, set, NULL);	/* RFC 9609, 3.2: what a priming query wants */
	else if (type == DNS_SVCB || type == DNS_HTTPS)
		service_addresses(walk, set);
	return false;
}

/* A name below a DNAME: its prefix is put before the target (RFC 6672, 3.2). True: the new name to follow. */
static bool redirection(struct walk *walk)
{
	const struct zone_node *node = walk->step.hit.dname;
	const struct zone_rrset *dname = zone_node_find(node, DNS_DNAME);
	const struct zone_rr rr = zone_rr_first(dname);
	const struct name *name = walk->step.name;
	uint8_t wire[2 * DNS_NAME_MAX];
	size_t prefix = name->start[name->labels - node->labels];
	size_t at;

	answer_for_all_below(walk, node->labels);
	if (!dname_stands(walk, dname) && !put(walk, WRITER_ANSWER, owner_of(walk, node), node, dname)) {
		truncate(walk);
		return false;
	}
	if (prefix + rr.prefix.len > DNS_NAME_MAX) {
		finish(walk, RESPOND_YXDOMAIN, DNS_YXDOMAIN);
		return end_of_chain(walk);
	}
	memcpy(wire, name->wire, prefix);
	memcpy(wire + prefix, rr.prefix.at, rr.prefix.len);
	struct span target = { wire, prefix + rr.prefix.len };
	if (!writer_record(walk->writer, WRITER_ANSWER, walk->step.owner, DNS_CNAME, DNS_CLASS_IN, zone_rrset_ttl(dname),
			   target, &at)) {
		truncate(walk);
		return false;
	}
	if (walk->query->type == DNS_CNAME || walk->query->type == DNS_ANY)
		return end_of_chain(walk);	/* the CNAME was asked for */
	return follow(walk, (struct writer_owner){ .offset = (uint16_t)at }, target, zone_ref_of(walk->base, dname))
		|| end_of_chain(walk);
}

/* Whether the name is this node's to answer, or a local name changes what the zone says of it. */
static bool local_name(struct walk *walk)
{
	const struct step *step = &walk->step;
	uint16_t type = walk->query->type;
	const struct local *local;

	switch (local_find(walk->locals, step->name, &step->hit, type, &local)) {
	case LOCAL_NONE: return false;
	case LOCAL_NO_NAME: no_name(walk); break;
	case LOCAL_NODATA: deny(walk, RESPOND_NODATA, DNS_NOERROR); break;
	case LOCAL_HERE:
		if (!local_write(local, type, walk->dnssec, step->owner, walk->writer)
		    || !proof_write(&walk->proof, walk->writer))
			truncate(walk);
		break;
	}
	return true;
}

/* One name. True: it was an alias, and walk->step is the next name. */
static bool answer_step(struct walk *walk)
{
	const struct zone_hit *hit = &walk->step.hit;
	const struct zone_image_header *base = walk->base;

	/* DS belongs to the parent's side of a cut (RFC 4035, 3.1.4.1). */
	bool parent_side = walk->query->type == DNS_DS && hit->match == ZONE_EXACT && hit->node == hit->cut;
	if (hit->cut != NULL && !parent_side) {
		referral(walk);
		return false;
	}
	if (hit->dname != NULL)
		return redirection(walk);
	if (walk->locals != NULL && local_name(walk))
		return false;
	if (hit->match == ZONE_EXACT)
		return from_node(walk, hit->node);

	const struct zone_node *wildcard = zone_image_wildcard(base, hit->node, walk->step.name->hash[hit->skipped]);
	if (wildcard != NULL) {
		answer_for_all_below(walk, hit->node->labels);
		return from_node(walk, wildcard);
	}
	no_name(walk);
	return false;
}

void answer_query(const struct zone_entry *zone, const struct query *query, struct writer *writer,
		  struct answer *ret_answer)
{
	const struct zone_image_header *base = zone->base;
	struct walk walk;

	*ret_answer = (struct answer){ .outcome = RESPOND_ANSWER, .rcode = DNS_NOERROR, .authoritative = true };
	walk.base = base;
	walk.locals = zone->locals;
	walk.query = query;
	walk.writer = writer;
	walk.answer = ret_answer;
	walk.proof.base = base;
	walk.proof.count = 0;
	walk.dnssec = query->edns.dnssec_ok;
	walk.aliases = 0;
	ret_answer->like = query->name.hash[0];
	walk.step.name = &query->name;
	walk.step.owner = (struct writer_owner){ .offset = DNS_HEADER_BYTES };

	writer->base = base;
	zone_image_find(base, walk.step.name, &walk.step.hit);
	know_ancestors(&walk);
	while (answer_step(&walk))
		zone_image_find(base, walk.step.name, &walk.step.hit);
}
