/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/random_zone.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "zone/nsec3.h"
#include "zone/text.h"
#include "zone/walk.h"

enum { RECORDS_MAX = 1000 };

struct rec {
	char owner[128], type[8], rdata[160];
	unsigned ttl;
};

struct random_zone {
	uint64_t state;
	enum random_denial denial;
	uint32_t serial;
	struct rec recs[RECORDS_MAX];
	unsigned count;
	char *text;
	size_t len, room;
};

static const char *const TYPES[] = { "A", "A", "A", "AAAA", "TXT", "MX", "MX", "CNAME", "NS", "NS", "NS", "DNAME", "SRV",
				     "DS", "HTTPS", "PTR" };

uint32_t random_zone_draw(struct random_zone *zone, uint32_t below)
{
	zone->state = zone->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((zone->state >> 33) % below);
}

void random_zone_name(struct random_zone *zone, char out[128])
{
	static const char *const labels[] = { "a", "b", "c", "d", "*", "ns", "x-1", "\\000", "longer-label" };
	unsigned depth = random_zone_draw(zone, 5);

	out[0] = '\0';
	for (unsigned i = 0; i < depth; i++) {
		strcat(out, labels[random_zone_draw(zone, sizeof labels / sizeof labels[0])]);
		strcat(out, ".");
	}
	strcat(out, "example.");
}

const char *random_zone_type(struct random_zone *zone)
{
	static const char *const more[] = { "ANY", "NSEC", "NSEC3", "RRSIG", "SOA", "NSEC3PARAM", "DNSKEY", "TYPE65280" };
	uint32_t at = random_zone_draw(zone, 24);

	return at < 16 ? TYPES[at] : more[at - 16];
}

static void draw_target(struct random_zone *zone, char out[128])
{
	static const char *const foreign[] = { "a.other.", "b.c.other.", "c.other.", "other.", "ns.x.y.other.", ".",
					       "example.", "ns.example.", "zexample." };

	if (random_zone_draw(zone, 3) == 0)
		strcpy(out, foreign[random_zone_draw(zone, sizeof foreign / sizeof foreign[0])]);
	else
		random_zone_name(zone, out);
}

static void draw_rdata(struct random_zone *zone, struct rec *rec)
{
	char target[128];
	unsigned n = random_zone_draw(zone, 4);

	draw_target(zone, target);
	if (strcmp(rec->type, "A") == 0)
		snprintf(rec->rdata, sizeof rec->rdata, "192.0.2.%u", n);
	else if (strcmp(rec->type, "AAAA") == 0)
		snprintf(rec->rdata, sizeof rec->rdata, "2001:db8::%u", n);
	else if (strcmp(rec->type, "TXT") == 0)
		snprintf(rec->rdata, sizeof rec->rdata, "\"text %u\"", n);
	else if (strcmp(rec->type, "MX") == 0)
		snprintf(rec->rdata, sizeof rec->rdata, "%u %s", n, target);
	else if (strcmp(rec->type, "SRV") == 0)
		snprintf(rec->rdata, sizeof rec->rdata, "0 %u 1 %s", n, target);
	else if (strcmp(rec->type, "DS") == 0)
		snprintf(rec->rdata, sizeof rec->rdata, "%u 8 1 aabbccddeeff00112233445566778899aabbccdd", n);
	else if (strcmp(rec->type, "HTTPS") == 0)
		snprintf(rec->rdata, sizeof rec->rdata, "%u %s", n, target);
	else
		snprintf(rec->rdata, sizeof rec->rdata, "%s", target);
}

static int is_type(const struct rec *rec, const char *type)
{
	return strcmp(rec->type, type) == 0;
}

static void drop(struct random_zone *zone, unsigned at)
{
	zone->recs[at] = zone->recs[--zone->count];
}

/* Takes away what may not stand beside it. */
static void put(struct random_zone *zone, const struct rec *rec)
{
	int alone = is_type(rec, "CNAME"), single = alone || is_type(rec, "DNAME");
	unsigned ttl = rec->ttl;

	for (unsigned i = zone->count; i-- > 0;) {
		struct rec *other = &zone->recs[i];

		if (strcmp(other->owner, rec->owner) != 0)
			continue;
		if (alone || is_type(other, "CNAME") || (single && is_type(other, rec->type))
		    || (is_type(other, rec->type) && strcmp(other->rdata, rec->rdata) == 0))
			drop(zone, i);
		else if (is_type(other, rec->type) && random_zone_draw(zone, 4) == 0)
			other->ttl = ttl;
	}
	for (unsigned i = 0; i < zone->count; i++) {
		if (strcmp(zone->recs[i].owner, rec->owner) == 0 && is_type(&zone->recs[i], rec->type))
			zone->recs[i].ttl = ttl;
	}
	if (zone->count < RECORDS_MAX)
		zone->recs[zone->count++] = *rec;
}

static void add_one(struct random_zone *zone)
{
	struct rec rec = { .ttl = 60 * (1 + random_zone_draw(zone, 2)) };

	random_zone_name(zone, rec.owner);
	strcpy(rec.type, TYPES[random_zone_draw(zone, sizeof TYPES / sizeof TYPES[0])]);
	draw_rdata(zone, &rec);
	if (strcmp(rec.owner, "example.") == 0 && (is_type(&rec, "CNAME") || is_type(&rec, "NS") || is_type(&rec, "DS")
						   || (is_type(&rec, "DNAME") && random_zone_draw(zone, 8) != 0)))
		return;
	put(zone, &rec);
}

static int is_at_or_below(const char *name, const char *ancestor)
{
	size_t len = strlen(name), above = strlen(ancestor);

	return len == above ? strcmp(name, ancestor) == 0
			    : len > above && strcmp(name + len - above, ancestor) == 0 && name[len - above - 1] == '.';
}

/* A whole name goes, at times with all below it. */
static void remove_name(struct random_zone *zone)
{
	char owner[128];
	int below = random_zone_draw(zone, 3) == 0;

	strcpy(owner, zone->recs[random_zone_draw(zone, zone->count)].owner);
	if (strcmp(owner, "example.") == 0)
		below = 0;
	for (unsigned i = zone->count; i-- > 0;) {
		if (below ? is_at_or_below(zone->recs[i].owner, owner) : strcmp(zone->recs[i].owner, owner) == 0)
			drop(zone, i);
	}
}

void random_zone_step(struct random_zone *zone, unsigned changes)
{
	zone->serial++;
	for (unsigned i = 0; i < changes; i++) {
		uint32_t kind = random_zone_draw(zone, 10);

		if (zone->count == 0 || kind < 5)
			add_one(zone);
		else if (kind < 8)
			drop(zone, random_zone_draw(zone, zone->count));
		else
			remove_name(zone);
	}
}

struct random_zone *random_zone_new(uint64_t seed, enum random_denial denial, unsigned records)
{
	struct random_zone *zone = mem_alloc(sizeof *zone);

	zone->state = seed;
	zone->denial = denial;
	zone->serial = 1;
	for (unsigned i = 0; i < records; i++)
		add_one(zone);
	return zone;
}

void random_zone_sign(struct random_zone *zone, enum random_denial denial)
{
	zone->denial = denial;
}

void random_zone_free(struct random_zone *zone)
{
	mem_free(zone->text);
	mem_free(zone);
}

static void say(struct random_zone *zone, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct random_zone *zone, const char *format, ...)
{
	va_list args;

	if (zone->room - zone->len < 1024) {
		zone->room = (zone->room + 1024) * 2;
		zone->text = mem_resize(zone->text, zone->room, 1);
	}
	va_start(args, format);
	zone->len += (size_t)vsnprintf(zone->text + zone->len, 1024, format, args);
	va_end(args);
}

static struct zone_image *build(struct random_zone *zone)
{
	static char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build("example.", zone->text, said);

	if (image == NULL) {
		fprintf(stderr, "%s\n%s\n", said, zone->text);
		abort();
	}
	return image;
}

static int is_signed_here(const struct zone_node *node, uint16_t type)
{
	return !(node->flags & ZONE_NODE_CUT) || type == DNS_DS || type == DNS_NSEC;
}

static void say_rrsig(struct random_zone *zone, const char *owner, unsigned ttl, const char *type)
{
	say(zone, "%s %u RRSIG %s 8 1 %u 20300101000000 20200101000000 1 example. c2ln\n", owner, ttl, type, ttl);
}

/* The types of a bitmap, and RRSIGs for what is signed. */
static void say_signatures(struct random_zone *zone, const struct zone_node *node, const char *owner, char types[256])
{
	const struct zone_rrset *set = zone_node_first_set(node);
	char type[ZONE_TEXT_TYPE_MAX];

	types[0] = '\0';
	for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
		zone_text_type(zone_rrset_type(set), type);
		if (is_signed_here(node, zone_rrset_type(set)))
			say_rrsig(zone, owner, zone_rrset_ttl(set), type);
		strcat(strcat(types, " "), type);
	}
	if (node->sets != 0)
		strcat(types, " RRSIG");
}

struct link {
	uint8_t hash[ZONE_NSEC3_HASH_BYTES];
	char types[256];
};

static int compare_links(const void *a, const void *b)
{
	return memcmp(a, b, ZONE_NSEC3_HASH_BYTES);
}

static void base32(const uint8_t *hash, char out[33])
{
	for (unsigned i = 0; i < 32; i++) {
		unsigned bit = i * 5, two = (unsigned)hash[bit / 8] << 8 | (bit / 8 + 1 < 20 ? hash[bit / 8 + 1] : 0);

		out[i] = "0123456789abcdefghijklmnopqrstuv"[two >> (11 - bit % 8) & 31];
	}
	out[32] = '\0';
}

static void say_nsec3(struct random_zone *zone, struct link *links, size_t count, unsigned iterations)
{
	char own[33], next[33];

	qsort(links, count, sizeof *links, compare_links);
	for (size_t i = 0; i < count; i++) {
		char owner[64];

		base32(links[i].hash, own);
		base32(links[(i + 1) % count].hash, next);
		snprintf(owner, sizeof owner, "%s.example.", own);
		say(zone, "%s 60 NSEC3 1 %d %u %s %s%s\n", owner, zone->denial == RANDOM_OPT_OUT, iterations,
		    iterations ? "ab" : "-", next, links[i].types);
		say_rrsig(zone, owner, 60, "NSEC3");
	}
}

static void sign(struct random_zone *zone, const struct zone_image_header *base)
{
	struct zone_image_header *salted = mem_copy(base, sizeof *base);
	struct link *links = mem_array(base->nodes, sizeof *links);
	struct zone_walk walk = zone_walk_begin(base);
	char before[DNS_NAME_TEXT_MAX] = "", before_types[256] = "", owner[DNS_NAME_TEXT_MAX], types[256];
	size_t count = 0;
	int nsec = zone->denial == RANDOM_NSEC;

	salted->nsec3_iterations = zone->denial == RANDOM_MANY_ITERATIONS ? 60 : zone->denial == RANDOM_OPT_OUT ? 2 : 0;
	salted->nsec3_salt_len = salted->nsec3_iterations ? 1 : 0;
	salted->nsec3_salt[0] = 0xab;
	for (const struct zone_node *node; (node = zone_walk_next(&walk)) != NULL;) {
		uint8_t wire[DNS_NAME_MAX];
		size_t len = zone_node_name(base, zone_ref_of(base, node), wire);

		if (node->flags & (ZONE_NODE_BELOW_CUT | ZONE_NODE_BELOW_DNAME) || (nsec && node->sets == 0))
			continue;
		name_print(wire, owner);
		say_signatures(zone, node, owner, types);
		if (nsec) {
			if (before[0] != '\0')
				say(zone, "%s 60 NSEC %s%s NSEC\n", before, owner, before_types);
			say_rrsig(zone, owner, 60, "NSEC");
			strcpy(before, owner);
			strcpy(before_types, types);
			continue;
		}
		if (zone->denial == RANDOM_OPT_OUT && node->flags & ZONE_NODE_CUT && zone_node_find(node, DNS_DS) == NULL)
			continue;
		nsec3_hash(salted, wire, len, links[count].hash);
		strcpy(links[count++].types, types);
	}
	if (nsec)
		say(zone, "%s 60 NSEC example.%s NSEC\n", before, before_types);
	else
		say_nsec3(zone, links, count, salted->nsec3_iterations);
	mem_free(links);
	mem_free(salted);
}

struct zone_image *random_zone_image(struct random_zone *zone)
{
	zone->len = 0;
	say(zone, "example. 300 SOA ns.example. h.example. %u 3600 600 86400 60\nexample. 300 NS ns.example.\n", zone->serial);
	say(zone, "example. 300 NS ns.other.\n");
	if (zone->denial != RANDOM_UNSIGNED)
		say(zone, "example. 300 DNSKEY 256 3 8 AwEAAQ==\n");
	if (zone->denial == RANDOM_NSEC3)
		say(zone, "example. 300 NSEC3PARAM 1 0 0 -\n");
	else if (zone->denial > RANDOM_NSEC3)
		say(zone, "example. 300 NSEC3PARAM 1 0 %d ab\n", zone->denial == RANDOM_OPT_OUT ? 2 : 60);
	for (unsigned i = 0; i < zone->count; i++)
		say(zone, "%s %u %s %s\n", zone->recs[i].owner, zone->recs[i].ttl, zone->recs[i].type, zone->recs[i].rdata);

	struct zone_image *image = build(zone);
	if (zone->denial == RANDOM_UNSIGNED)
		return image;
	sign(zone, zone_image_header(image));
	zone_image_release(image);
	return build(zone);
}
