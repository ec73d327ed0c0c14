/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A patched image against a compiled one of the same records, step by step: the same nodes with the same flags and
 * RRsets, the same indexes, the same answers to thousands of questions, the same LtHash, and merged the same bytes.
 */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "sync/lthash.h"
#include "tests/unit/support/random_zone.h"
#include "tests/unit/support/zone_fixture.h"
#include "zone/canonical.h"
#include "zone/patch.h"
#include "zone/walk.h"

static uint32_t patched_steps, merged_steps;

/* A place as text, "-" for none. */
static const char *name_of(const struct zone_image_header *base, zref ref, char out[DNS_NAME_TEXT_MAX])
{
	uint8_t wire[DNS_NAME_MAX];

	if (ref == 0)
		return strcpy(out, "-");
	zone_node_name(base, ref, wire);
	return name_print(wire, out);
}

static void check_names(const struct zone_image_header *a, zref left, const struct zone_image_header *b, zref right,
			const char *what)
{
	char left_name[DNS_NAME_TEXT_MAX], right_name[DNS_NAME_TEXT_MAX];

	if (strcmp(name_of(a, left, left_name), name_of(b, right, right_name)) != 0)
		fail_msg("%s: %s, compiled %s", what, left_name, right_name);
}

static void check_sets(const struct zone_image_header *a, const struct zone_node *left, const struct zone_image_header *b,
		       const struct zone_node *right, const char *name)
{
	static uint8_t left_rr[CANONICAL_RR_MAX], right_rr[CANONICAL_RR_MAX];
	const struct zone_rrset *x = zone_node_first_set(left), *y = zone_node_first_set(right);
	struct span root = { (const uint8_t *)"", 1 };

	if (left->sets != right->sets)
		fail_msg("%s has %u RRsets, compiled %u", name, left->sets, right->sets);
	for (unsigned i = 0; i < left->sets; i++, x = zone_rrset_next(x), y = zone_rrset_next(y)) {
		if (x->count != y->count || x->covers != y->covers || memcmp(x->fixed, y->fixed, sizeof x->fixed) != 0
		    || x->bytes != y->bytes)
			fail_msg("%s: an RRset of type %u differs", name, zone_rrset_type(y));
		struct zone_rr p = zone_rr_first(x), q = zone_rr_first(y);
		for (unsigned k = 0;;) {
			size_t p_len = canonical_rr(a, root, x, &p, 0, left_rr), q_len = canonical_rr(b, root, y, &q, 0, right_rr);

			if (p_len != q_len || memcmp(left_rr, right_rr, p_len) != 0)
				fail_msg("%s: a record of type %u differs", name, zone_rrset_type(y));
			if (++k == x->count)
				break;
			p = zone_rr_next(x, &p);
			q = zone_rr_next(y, &q);
		}
	}
}

static void check_link(const struct zone_image_header *a, const struct zone_image_header *b, const struct name *name)
{
	const struct zone_nsec3_link *x = zone_image_nsec3_link(a, name, 0), *y = zone_image_nsec3_link(b, name, 0);

	assert_int_equal(x != NULL, y != NULL);
	if (x == NULL)
		return;
	check_names(a, x->match, b, y->match, "NSEC3 of a name");
	check_names(a, x->wildcard, b, y->wildcard, "NSEC3 of a wildcard");
}

static void check_nodes(const struct zone_image_header *a, const struct zone_image_header *b)
{
	struct zone_walk left = zone_walk_begin(a), right = zone_walk_begin(b);
	const struct zone_node *x, *y;

	do {
		x = zone_walk_next(&left);
		y = zone_walk_next(&right);
		if (x == NULL || y == NULL)
			break;
		char text[DNS_NAME_TEXT_MAX];
		uint8_t wire[DNS_NAME_MAX];
		struct name name;

		check_names(a, zone_ref_of(a, x), b, zone_ref_of(b, y), "the walk");
		name_of(a, zone_ref_of(a, x), text);
		if (x->flags != y->flags || x->labels != y->labels)
			fail_msg("%s: flags %x, compiled %x", text, x->flags, y->flags);
		check_sets(a, x, b, y, text);
		name_from_wire(wire, zone_node_name(a, zone_ref_of(a, x), wire), &name);
		if (zone_image_lookup(a, &name, 0) != x)
			fail_msg("%s is not found", text);
		check_link(a, b, &name);
	} while (1);
	assert_ptr_equal(x, y);
}

static void check_header(const struct zone_image_header *a, const struct zone_image_header *b)
{
	assert_int_equal(a->serial, b->serial);
	assert_int_equal(a->negative_ttl, b->negative_ttl);
	assert_int_equal(a->soa_expire, b->soa_expire);
	assert_int_equal(a->records, b->records);
	assert_int_equal(a->names, b->names);
	assert_int_equal(a->nodes, b->nodes);
	assert_true(a->max_labels >= b->max_labels);
	assert_int_equal(a->flags & ~(ZONE_IMAGE_PATCHED | ZONE_IMAGE_OPT_OUT), b->flags & ~ZONE_IMAGE_OPT_OUT);
	assert_int_equal(a->rrsig_expires != 0 && b->rrsig_expires == 0 ? 0 : a->rrsig_expires, b->rrsig_expires);

	const zref *x = zone_at(a, a->order), *y = zone_at(b, b->order);
	assert_int_equal(a->order_count, b->order_count);
	for (uint32_t i = 0; i < a->order_count; i++)
		check_names(a, x[i], b, y[i], "order");
	const struct zone_nsec3 *p = zone_at(a, a->nsec3), *q = zone_at(b, b->nsec3);
	assert_int_equal(a->nsec3_count, b->nsec3_count);
	for (uint32_t i = 0; i < a->nsec3_count; i++) {
		assert_memory_equal(p[i].hash, q[i].hash, sizeof p[i].hash);
		check_names(a, p[i].node, b, q[i].node, "ring");
	}
}

/* What one of the two answers. */
struct side {
	struct zone_set *zones;
	struct zone_identity identity;
	struct respond_env env;
	uint8_t response[DNS_MESSAGE_MAX];
	char text[FIXTURE_TEXT_MAX];
};

static void side_init(struct side *side, struct zone_image *image)
{
	struct name apex;

	name_from_text("example.", &apex);
	side->zones = zone_set_new(1);
	zone_set_add(side->zones, &apex, image);
	side->env = (struct respond_env){ .zones = side->zones, .identity = &side->identity, .udp_max_payload = 1232 };
}

static const char *ask(struct side *side, const uint8_t *query, size_t len)
{
	const struct respond_from from = { .transport = RESPOND_TCP };
	struct respond_result result;

	respond(&side->env, &from, (struct span){ query, len }, side->response, &result);
	fixture_print(side->response, result.len, side->text);
	return side->text;
}

static void check_answers(struct random_zone *zone, struct zone_image *patched, struct zone_image *compiled, unsigned count)
{
	static struct side left, right;
	char name[128];

	side_init(&left, patched);
	side_init(&right, compiled);
	for (unsigned i = 0; i < count; i++) {
		uint8_t bytes[DNS_UDP_BYTES];
		struct fixture_query query = { .name = name, .type = random_zone_type(zone), .edns = true,
					       .dnssec_ok = random_zone_draw(zone, 2) };

		random_zone_name(zone, name);
		size_t len = fixture_build(&query, bytes);
		ask(&left, bytes, len);
		ask(&right, bytes, len);
		if (strcmp(left.text, right.text) != 0)
			fail_msg("%s %s%s: %s\ncompiled: %s", name, query.type, query.dnssec_ok ? " +do" : "", left.text, right.text);
	}
	zone_set_free(left.zones);
	zone_set_free(right.zones);
}

static struct zone_image *merge(const struct zone_image *image, const struct zone_changes *changes,
				const struct zone_image *compiled)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct zone_image *merged;
	struct err_note note;
	void *bytes;
	size_t size;

	if (zone_merge(zone_image_header(image), changes, &bytes, &size, &errors, &warnings) != 0)
		fail_msg("%s", errors.notes[0].text);
	assert_int_equal(size, zone_image_header(compiled)->size);
	assert_memory_equal(bytes, zone_image_header(compiled), size);
	assert_int_equal(zone_image_open(bytes, size, true, &merged, &note), 0);
	err_list_fini(&warnings);
	return merged;
}

/* The step from running to the version compiled; gives the new running one. */
static struct zone_image *step(struct random_zone *zone, struct zone_image *running, struct zone_image *compiled,
			       struct lthash *sum, unsigned questions)
{
	struct zone_image *next = NULL;
	struct changeset set;
	struct err_note note;
	struct lthash whole = { 0 };

	if (changeset_diff(zone_image_header(running), zone_image_header(compiled), &set, &note) != 0)
		fail_msg("%s", note.text);
	int err = zone_patch(running, &set.changes, &next, &note);
	if (err == ERR_LIMIT) {
		next = merge(running, &set.changes, compiled);
		merged_steps++;
	} else if (err != 0) {
		fail_msg("%d %s", err, note.text);
	}
	patched_steps += err == 0;
	check_header(zone_image_header(next), zone_image_header(compiled));
	check_nodes(zone_image_header(next), zone_image_header(compiled));
	check_answers(zone, next, compiled, questions);

	lthash_apply(sum, &set.changes);
	lthash_add_image(&whole, zone_image_header(next));
	assert_memory_equal(sum, &whole, sizeof whole);
	changeset_fini(&set);
	return next;
}

static void run(uint64_t seed, enum random_denial denial, unsigned records, unsigned steps, unsigned changes)
{
	struct random_zone *zone = random_zone_new(seed, denial, records);
	struct zone_image *running = random_zone_image(zone), *before = NULL;
	struct lthash sum = { 0 };

	lthash_add_image(&sum, zone_image_header(running));
	for (unsigned i = 0; i < steps; i++) {
		random_zone_step(zone, 1 + random_zone_draw(zone, changes));
		if (random_zone_draw(zone, 25) == 0)
			random_zone_sign(zone, random_zone_draw(zone, RANDOM_DENIALS));
		struct zone_image *compiled = random_zone_image(zone);
		struct zone_image *next = step(zone, running, compiled, &sum, 40);

		/* The version before goes on to answer while the new one is there. */
		if (before != NULL)
			zone_image_release(before);
		before = running;
		running = next;
		if (random_zone_draw(zone, 12) == 0) {
			running = merge(next, NULL, compiled);
			zone_image_release(next);
		}
		zone_image_release(compiled);
	}
	zone_image_release(before);
	zone_image_release(running);
	random_zone_free(zone);
}

static void test_random(void **state)
{
	const char *seeds = getenv("SEEDS");	/* more of them, for a long run */

	(void)state;
	for (unsigned seed = 1; seed <= (seeds ? (unsigned)atoi(seeds) : 2); seed++) {
		for (int denial = 0; denial < RANDOM_DENIALS; denial++) {
			run(seed * 10 + (unsigned)denial, (enum random_denial)denial, 60, 25, 4);
			run(seed * 1000 + (unsigned)denial, (enum random_denial)denial, 8, 20, 3);
		}
	}
	run(77, RANDOM_NSEC3, 300, 10, 60);
	printf("%u steps patched, %u merged\n", patched_steps, merged_steps);
	assert_true(patched_steps > merged_steps * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
