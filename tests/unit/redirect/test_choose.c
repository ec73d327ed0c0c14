/* SPDX-License-Identifier: Apache-2.0 */
/* Choices against the promises of redirect/choose.h: shares, order, who moves when a target comes or goes. */
#include "tests/unit/redirect/kit.h"

#include "redirect/choose.h"
#include "redirect/mirrors.h"

enum { PATHS = 4000 };

static const struct kit_site weighted = {
	"a.example", "https://a.example*1 https://off.example*0 https://c.example*3",
	"https://f0.example https://f1.example", NULL, 0,
};

static const char *name_of(const struct redirect_target *target)
{
	return target != NULL ? target->url + strlen("https://") : "none";
}

static struct redirect_choosing by_random(const struct redirect_site *site, const struct redirect_health *health,
					  uint64_t random)
{
	return (struct redirect_choosing){
		.site = site, .health = health, .family = REDIRECT_IPV4, .random = random,
	};
}

static struct redirect_choosing by_path(const struct redirect_site *site, unsigned path)
{
	char text[32];

	snprintf(text, sizeof text, "pool/file-%u.iso", path);
	return (struct redirect_choosing){
		.site = site, .family = REDIRECT_IPV4, .path_hash = redirect_choose_hash(span_string(text)),
	};
}

static const char *chosen(const struct redirect_site *site, const struct redirect_health *health, uint64_t random)
{
	const struct redirect_choosing choosing = by_random(site, health, random);
	enum redirect_choice choice;
	const struct redirect_target *target = redirect_choose(&choosing, 0, &choice);

	if (target == NULL) {
		assert_int_equal(choice, REDIRECT_CHOICE_NONE);
		return "none";
	}
	bool fallback = target >= site->fallback && target < site->fallback + site->fallback_count;
	assert_int_equal(choice, fallback ? REDIRECT_CHOICE_FALLBACK : REDIRECT_CHOICE_OWN);
	return name_of(target);
}

static void balance_by_path(struct conf *conf)
{
	for (size_t i = 0; i < conf->site_count; i++)
		conf->sites[i].balance = conf->sites[i].fallback_balance = CONF_BALANCE_PATH;
}

static struct redirect_sites *made_by_path(const struct kit_site *row)
{
	kit_more = balance_by_path;
	struct redirect_sites *sites = kit_made(row, 1);
	kit_more = NULL;
	return sites;
}

/* The orders are those of an independent implementation (tests/system/180-redirect-model/model.py). Another version or
 * machine that gives others divides the caches of all content servers anew. */
static void test_the_same_for_ever(void **state)
{
	static const struct kit_site four = {
		"a.example", "https://n1.example https://n2.example*5 https://n3.example*2 https://n4.example*9", NULL,
		NULL, 0,
	};
	static const struct {
		const char *path, *order;
	} rows[] = {
		{ "", "n4 n2 n3 n1" },
		{ "a", "n3 n4 n2 n1" },
		{ "debian/dists/bookworm/Release", "n2 n4 n3 n1" },
		{ "debian/dists/bookworm/InRelease", "n4 n2 n3 n1" },
		{ "pool/main/%C3%A9", "n4 n3 n2 n1" },
	};
	struct redirect_sites *sites = made_by_path(&four);
	enum redirect_choice choice;

	(void)state;
	assert_true(redirect_choose_hash(SPAN_TEXT("")) == 0xcbf29ce484222325);
	assert_true(redirect_choose_hash(SPAN_TEXT("foobar")) == 0x85944171f73967e8);	/* of FNV's own test vectors */
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		const struct redirect_choosing choosing = {
			.site = redirect_sites_at(sites, 0), .family = REDIRECT_IPV6,
			.path_hash = redirect_choose_hash(span_string(rows[i].path)),
		};
		char order[64] = "";

		for (unsigned j = 0; j < 4; j++)
			snprintf(order + strlen(order), sizeof order - strlen(order), "%s%.2s", j ? " " : "",
				 name_of(redirect_choose(&choosing, j, &choice)));
		assert_string_equal(order, rows[i].order);
	}
	redirect_sites_free(sites);
}

static void test_weights(void **state)
{
	struct redirect_sites *sites = kit_made(&weighted, 1);
	const struct redirect_site *site = redirect_sites_at(sites, 0);
	unsigned first = 0, third = 0;

	(void)state;
	for (uint64_t random = 0; random < 40000; random++) {
		const char *url = chosen(site, NULL, random);

		first += strcmp(url, "a.example") == 0;
		third += strcmp(url, "c.example") == 0;
	}
	assert_in_range(first, 9600, 10400);	/* five deviations */
	assert_int_equal(first + third, 40000);
	redirect_sites_free(sites);
}

/* Weights as far apart as the configuration lets them be. */
static void test_extreme_weights(void **state)
{
	static const struct kit_site row = { "a.example", "https://a.example*65535 https://b.example*1", NULL, NULL, 0 };
	struct redirect_sites *sites = kit_made(&row, 1);
	unsigned light = 0;

	(void)state;
	for (uint64_t random = 0; random < 1000000; random++)
		light += chosen(redirect_sites_at(sites, 0), NULL, random)[0] == 'b';
	assert_in_range(light, 2, 40);	/* 15 are expected */
	redirect_sites_free(sites);
}

/* Every combination of health: own before fallback, fallback in order, never one that is down or out of rotation. */
static void test_health(void **state)
{
	struct redirect_sites *sites = kit_made(&weighted, 1);
	const struct redirect_site *site = redirect_sites_at(sites, 0);

	(void)state;
	for (unsigned up = 0; up < 32; up++) {
		struct redirect_health *health = kit_all_down(sites);
		unsigned first = 0;

		for (unsigned i = 0; i < 3; i++)
			kit_set(health, &site->targets[i], up >> i & 1);
		for (unsigned i = 0; i < 2; i++)
			kit_set(health, &site->fallback[i], up >> (3 + i) & 1);
		for (uint64_t random = 0; random < 64; random++) {
			const char *got = chosen(site, health, random);
			const char *expected = (up & 5) == 5 ? *got == 'a' ? "a.example" : "c.example"
					       : up & 1 ? "a.example" : up & 4 ? "c.example"
					       : up & 8 ? "f0.example" : up & 16 ? "f1.example" : "none";

			first += *got == 'a';
			assert_string_equal(got, expected);
		}
		assert_int_equal(first != 0, (up & 1) != 0);
		redirect_health_free(health);
	}
	redirect_sites_free(sites);
}

/* A client meets targets of its own family only, whichever of their endpoints work. */
static void add_families(struct conf *conf)
{
	conf->sites[0].targets[0].family = CONF_FAMILY_IPV4;
	conf->sites[0].targets[1].family = CONF_FAMILY_IPV6;
}

static void test_families(void **state)
{
	static const struct kit_site row = {
		"a.example", "https://four.example https://six.example https://both.example*0 https://192.0.2.9*0",
		"https://[2001:db8::1] https://last.example", NULL, 0,
	};
	kit_more = add_families;
	struct redirect_sites *sites = kit_made(&row, 1);
	kit_more = NULL;
	const struct redirect_site *site = redirect_sites_at(sites, 0);
	struct redirect_health *health = redirect_health_new(sites);
	static const struct {
		uint8_t family;
		const char *order;
	} rows[] = {
		{ REDIRECT_IPV4, "four.example last.example none" },
		{ REDIRECT_IPV6, "six.example [2001:db8::1] last.example none" },
	};

	(void)state;
	for (unsigned i = 0; i < KIT_COUNT(rows); i++) {
		const struct redirect_choosing choosing = { .site = site, .health = health, .family = rows[i].family };
		const struct redirect_target *target;
		enum redirect_choice choice;
		char order[128] = "";

		for (unsigned j = 0; (target = redirect_choose(&choosing, j, &choice)) != NULL; j++)
			snprintf(order + strlen(order), sizeof order - strlen(order), "%s ", name_of(target));
		strcat(order, "none");
		assert_string_equal(order, rows[i].order);
	}

	/* One family of a target that has both goes down: the other one stays. */
	const struct redirect_target *last = &site->fallback[1];
	assert_int_equal(last->endpoint_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		redirect_health_set(health, last, &last->endpoints[i], false);
		assert_int_equal(redirect_health_target(health, last),
				 REDIRECT_ANY_FAMILY & ~last->endpoints[i].family);
		redirect_health_set(health, last, &last->endpoints[i], true);
	}
	assert_int_equal(redirect_health_target(health, last), REDIRECT_ANY_FAMILY);
	redirect_health_free(health);
	redirect_sites_free(sites);
}

/* Whatever is down: each usable one comes once, own before fallback, and nothing behind the last. */
static void check_order(const struct redirect_choosing *choosing, size_t own, size_t fallback)
{
	const struct redirect_target *seen[2 * KIT_WORDS];
	enum redirect_choice choice;

	for (unsigned i = 0; i < own + fallback; i++) {
		seen[i] = redirect_choose(choosing, i, &choice);
		assert_non_null(seen[i]);
		assert_int_equal(choice, i < own ? REDIRECT_CHOICE_OWN : REDIRECT_CHOICE_FALLBACK);
		assert_true(redirect_health_target(choosing->health, seen[i]) & choosing->family);
		for (unsigned j = 0; j < i; j++)
			assert_ptr_not_equal(seen[i], seen[j]);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_null(redirect_choose(choosing, (unsigned)(own + fallback) + i, &choice));
		assert_int_equal(choice, REDIRECT_CHOICE_NONE);
	}
}

static void test_each_comes_once(void **state)
{
	/* The same URL twice, too: it has the same seed. */
	static const struct kit_site row = {
		"a.example",
		"https://a.example https://b.example*7 https://b.example*7 https://d.example*3 https://d.example*4",
		"https://f.example https://f.example https://g.example", NULL, 0,
	};

	(void)state;
	for (unsigned hashed = 0; hashed < 2; hashed++) {
		struct redirect_sites *sites = hashed ? made_by_path(&row) : kit_made(&row, 1);
		const struct redirect_site *site = redirect_sites_at(sites, 0);

		for (unsigned up = 0; up < 256; up++) {
			struct redirect_health *health = kit_all_down(sites);

			for (unsigned i = 0; i < 5; i++)
				kit_set(health, &site->targets[i], up >> i & 1);
			for (unsigned i = 0; i < 3; i++)
				kit_set(health, &site->fallback[i], up >> (5 + i) & 1);
			for (uint64_t key = 0; key < 16; key++) {
				struct redirect_choosing choosing = by_random(site, health, key * 0x9e3779b97f4a7c15);

				choosing.path_hash = choosing.random;
				check_order(&choosing, (size_t)__builtin_popcount(up & 31),
					    (size_t)__builtin_popcount(up >> 5));
			}
			redirect_health_free(health);
		}
		redirect_sites_free(sites);
	}
}

/* More than are looked for at a time: each is the first of those that would be left. */
static void test_many_in_order(void **state)
{
	enum { MANY = 40 };
	char own[MANY * 32] = "", fallback[MANY * 32] = "";
	const struct kit_site row = { "a.example", own, fallback, NULL, 0 };

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		sprintf(own + strlen(own), "%shttps://o%u.example*%u", i ? " " : "", i, i % 6);
		sprintf(fallback + strlen(fallback), "%shttps://f%u.example", i ? " " : "", i);
	}
	for (unsigned hashed = 0; hashed < 2; hashed++) {
		struct redirect_sites *sites = hashed ? made_by_path(&row) : kit_made(&row, 1);
		const struct redirect_choosing whole = {
			.site = redirect_sites_at(sites, 0), .family = REDIRECT_IPV4, .random = 7, .path_hash = 77,
		};
		struct redirect_health *health = redirect_health_new(sites);
		struct redirect_choosing left = whole;
		struct redirect_choices choices;
		enum redirect_choice choice, first;
		unsigned count = 0;

		left.health = health;
		redirect_choices_begin(&choices, &whole);
		for (const struct redirect_target *target; (target = redirect_choices_next(&choices, &choice)) != NULL; count++) {
			assert_ptr_equal(target, redirect_choose(&left, 0, &first));
			assert_int_equal(choice, first);
			kit_set(health, target, false);
		}
		assert_int_equal(count, MANY - (MANY + 5) / 6 + MANY);
		assert_null(redirect_choose(&left, 0, &first));
		assert_null(redirect_choices_next(&choices, &choice));
		redirect_health_free(health);
		redirect_sites_free(sites);
	}
}

/* One more of n: it takes its share of the paths, and no path moves between the others, nor changes their order. */
static void check_growth(const char *before, const char *after, double share)
{
	const struct kit_site few = { "a.example", before, NULL, NULL, 0 }, more = { "a.example", after, NULL, NULL, 0 };
	struct redirect_sites *old = made_by_path(&few), *new = made_by_path(&more);
	const struct redirect_site *old_site = redirect_sites_at(old, 0), *new_site = redirect_sites_at(new, 0);
	unsigned moved = 0;

	for (unsigned path = 0; path < PATHS; path++) {
		struct redirect_choosing choosing = by_path(old_site, path), then = by_path(new_site, path);
		enum redirect_choice choice;
		unsigned skipped = 0;

		for (unsigned i = 0; i < new_site->target_count; i++) {
			const char *name = name_of(redirect_choose(&then, i, &choice));

			if (strcmp(name, "new.example") == 0) {
				skipped = 1;
				moved += i == 0;
			} else {
				assert_string_equal(name, name_of(redirect_choose(&choosing, i - skipped, &choice)));
			}
		}
	}
	/* Five deviations of a share of PATHS. */
	assert_true(moved > PATHS * share - 5 * 32 && moved < PATHS * share + 5 * 32);
	redirect_sites_free(old);
	redirect_sites_free(new);
}

static void test_growth(void **state)
{
	(void)state;
	check_growth("https://a.example", "https://a.example https://new.example", 1.0 / 2);
	check_growth("https://a.example https://b.example", "https://b.example https://new.example https://a.example",
		     1.0 / 3);
	check_growth("https://a.example https://b.example https://c.example https://d.example",
		     "https://a.example https://b.example https://c.example https://d.example https://new.example",
		     1.0 / 5);
	check_growth("https://a.example*2 https://b.example*5 https://c.example*13",
		     "https://a.example*2 https://b.example*5 https://c.example*13 https://new.example*5", 1.0 / 5);
	check_growth("https://a.example*60000 https://b.example*5000",
		     "https://a.example*60000 https://b.example*5000 https://new.example*65000", 1.0 / 2);
}

/* A node that goes away gives up its paths to all others, not to one. */
static void test_loss_is_shared(void **state)
{
	static const struct kit_site row = {
		"a.example", "https://a.example https://b.example https://c.example https://d.example*2", NULL, NULL, 0,
	};
	struct redirect_sites *sites = made_by_path(&row);
	const struct redirect_site *site = redirect_sites_at(sites, 0);
	struct redirect_health *health = redirect_health_new(sites);
	unsigned to[256] = { 0 }, lost = 0;
	enum redirect_choice choice;

	(void)state;
	kit_set(health, &site->targets[0], false);
	for (unsigned path = 0; path < PATHS; path++) {
		struct redirect_choosing choosing = by_path(site, path);
		const char *before = name_of(redirect_choose(&choosing, 0, &choice)), *then;

		choosing.health = health;
		then = name_of(redirect_choose(&choosing, 0, &choice));
		if (*before != 'a')
			assert_string_equal(before, then);
		else
			to[(uint8_t)*then]++, lost++;
	}
	assert_in_range(lost, PATHS / 5 - 130, PATHS / 5 + 130);
	assert_in_range(to['b'], lost / 4 - 70, lost / 4 + 70);
	assert_in_range(to['c'], lost / 4 - 70, lost / 4 + 70);
	assert_in_range(to['d'], lost / 2 - 80, lost / 2 + 80);
	redirect_health_free(health);
	redirect_sites_free(sites);
}

static void name_fallbacks(struct conf *conf)
{
	static char f0[] = "ams1", f1[] = "lon1";

	conf->sites[0].fallback[0].node = f0;
	conf->sites[0].fallback[1].node = f1;
}

static void test_avoid(void **state)
{
	static const struct {
		const char *avoid[2], *got;
	} rows[] = {
		{ { "ams1" }, "c.example" },     { { KIT_NODE }, "f0.example" },	{ { KIT_NODE, "ams1" }, "f1.example" },
		{ { "ams1", KIT_NODE }, "f1.example" }, { { "nobody" }, "c.example" },
	};
	kit_more = name_fallbacks;
	struct redirect_sites *sites = kit_made(&weighted, 1);
	kit_more = NULL;

	(void)state;
	for (unsigned i = 0; i < KIT_COUNT(rows); i++) {
		struct redirect_wishes wishes = { .avoid_count = rows[i].avoid[1] != NULL ? 2 : 1 };
		struct redirect_choosing choosing = by_random(redirect_sites_at(sites, 0), NULL, 1);
		enum redirect_choice choice;

		for (unsigned j = 0; j < wishes.avoid_count; j++)
			wishes.avoid[j] = span_string(rows[i].avoid[j]);
		choosing.wishes = &wishes;
		assert_string_equal(name_of(redirect_choose(&choosing, 0, &choice)), rows[i].got);
	}
	redirect_sites_free(sites);
}

static void test_all_out_of_rotation(void **state)
{
	static const struct kit_site off = { "a.example", "https://a.example*0", NULL, NULL, 0 };
	static const struct kit_site only_fallback = { "a.example", NULL, "https://f.example*0", NULL, 0 };
	struct redirect_sites *sites = kit_made(&off, 1);

	(void)state;
	assert_string_equal(chosen(redirect_sites_at(sites, 0), NULL, 5), "none");
	redirect_sites_free(sites);
	sites = kit_made(&only_fallback, 1);
	assert_string_equal(chosen(redirect_sites_at(sites, 0), NULL, 5), "f.example");
	redirect_sites_free(sites);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_for_ever),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_extreme_weights),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_each_comes_once),
		cmocka_unit_test(test_many_in_order),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_loss_is_shared),
		cmocka_unit_test(test_avoid),
		cmocka_unit_test(test_all_out_of_rotation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
