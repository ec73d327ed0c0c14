/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/choose.h"

enum { TARGETS = 16 };

static const struct kit_site weighted = {
	"a.example", "https://a.example*1 https://off.example*0 https://c.example*3",
	"https://f0.example https://f1.example", NULL, 0,
};

static const char *chosen(const struct redirect_site *site, const _Atomic uint8_t *health, uint64_t random)
{
	enum redirect_choice choice;
	const struct redirect_target *target = redirect_choose(site, health, random, &choice);

	if (target == NULL) {
		assert_int_equal(choice, REDIRECT_CHOICE_NONE);
		return "none";
	}
	bool fallback = target >= site->fallback && target < site->fallback + site->fallback_count;
	assert_int_equal(choice, fallback ? REDIRECT_CHOICE_FALLBACK : REDIRECT_CHOICE_OWN);
	return target->url + strlen("https://");
}

static void test_weights(void **state)
{
	struct redirect_sites *sites = kit_made(&weighted, 1);
	const struct redirect_site *site = redirect_sites_at(sites, 0);
	unsigned first = 0, third = 0;

	(void)state;
	for (uint64_t random = 0; random < 4000; random++) {
		const char *url = chosen(site, NULL, random);

		first += strcmp(url, "a.example") == 0;
		third += strcmp(url, "c.example") == 0;
	}
	assert_int_equal(first, 1000);
	assert_int_equal(third, 3000);
	assert_string_equal(chosen(site, NULL, UINT64_MAX), "c.example");
	redirect_sites_free(sites);
}

/* Every combination of health: own before fallback, fallback in order, never one that is down or out of rotation. */
static void test_health(void **state)
{
	struct redirect_sites *sites = kit_made(&weighted, 1);
	const struct redirect_site *site = redirect_sites_at(sites, 0);

	(void)state;
	for (unsigned up = 0; up < 32; up++) {
		_Atomic uint8_t health[TARGETS] = { 0 };

		for (unsigned i = 0; i < 3; i++)
			health[site->targets[i].id] = up >> i & 1;
		for (unsigned i = 0; i < 2; i++)
			health[site->fallback[i].id] = up >> (3 + i) & 1;
		for (uint64_t random = 0; random < 8; random++) {
			const char *got = chosen(site, health, random);
			const char *expected = (up & 5) == 5 ? random % 4 == 0 ? "a.example" : "c.example"
					       : up & 1 ? "a.example" : up & 4 ? "c.example"
					       : up & 8 ? "f0.example" : up & 16 ? "f1.example" : "none";

			assert_string_equal(got, expected);
		}
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
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_all_out_of_rotation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
