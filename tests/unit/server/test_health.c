/* SPDX-License-Identifier: Apache-2.0 */
#include "server/health.h"
#include "tests/unit/server/asking_kit.h"

static struct health *health;
static _Atomic int status;	/* that the server answers with; 0: nothing at all */

static bool answer(struct web_peer *peer)
{
	int now = atomic_load(&status);
	char text[256];

	if (now == 0)
		web_hang(peer);
	if (now == 0)
		return false;
	snprintf(text, sizeof text, "HTTP/1.1 %d Said\r\nContent-Length: 6\r\n\r\nhello\n", now);
	web_say_text(peer, text);
	return true;
}

#define ONCE "interval: 30s, timeout: 30s"		/* however slow the machine is */
#define RARELY "interval: 10s, timeout: 10s"
#define OFTEN "interval: 500ms, timeout: 500ms"
#define QUICK "interval: 100ms, timeout: 100ms"
#define SITE(host, check) \
	"- hosts: [" host "]\n  targets: [{url: 'http://content.example:%', addresses: [127.0.0.1], check: {" check "}}]\n"

static int stop(void **state)
{
	(void)state;
	health_close(health);
	uv_run(&loop, UV_RUN_DEFAULT);
	health_free(health);
	asking_stop();
	return 0;
}

static void begin(int first_status, const char *sites)
{
	atomic_store(&status, first_status);
	asking_start(answer, sites);
	health = health_new(&node);
	assert_non_null(health);
	health_use(health, node.dataset);
}

static const struct redirect_target *target_of(size_t site)
{
	return &redirect_sites_at(node.dataset->sites, site)->targets[0];
}

static const struct health_state *state_of(size_t site)
{
	return health_of(health, &target_of(site)->endpoints[0]);
}

static bool used(size_t site)
{
	return redirect_health_target(node.dataset->health, target_of(site)) != 0;
}

/* The verdict of one check. */
static void verdicts(void **state)
{
	static const struct {
		int status;
		const char *check, *text;
		bool up;
	} rows[] = {
		{ 200, ONCE, "200 OK", true },
		{ 302, ONCE, "302 Found", true },
		{ 399, ONCE, "399", true },
		{ 404, ONCE, "404 Not Found", false },
		{ 503, ONCE, "503 Service Unavailable", false },
		{ 503, ONCE ", status: [200, 503]", "503 Service Unavailable", true },
		{ 204, ONCE ", status: [200, 503]", "204 No Content, which is not a status expected", false },
		{ 0, QUICK, "no answer after ", false },
		{ 0, ONCE ", type: tcp", "connected", true },
		{ 200, ONCE ", digest: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", "200 OK", true },
		{ 200, ONCE ", digest: 5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6BE03", "200 OK", true },
		{ 200, ONCE ", digest: 0091b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
		  "200 OK, but the content is another: SHA-256 5891b5b522d5df08...", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char sites[1024];

		snprintf(sites, sizeof sites, "- hosts: [a]\n  targets: [{url: 'http://content.example:%%', addresses: "
			 "[127.0.0.1], check: {%s}}]\n", rows[i].check);
		begin(rows[i].status, sites);
		assert_int_equal(state_of(0)->is, HEALTH_UNKNOWN);
		assert_true(used(0));
		health_first_look(health, 20000);
		/* A time at the end is as long as the machine is slow. */
		assert_memory_equal(state_of(0)->text, rows[i].text, strlen(rows[i].text));
		assert_int_equal(state_of(0)->is, rows[i].up ? HEALTH_UP : HEALTH_DOWN);
		assert_int_equal(used(0), rows[i].up);
		assert_int_equal(state_of(0)->checks, 1);
		assert_int_equal(state_of(0)->failures, !rows[i].up);
		assert_int_equal(state_of(0)->transitions, 0);
		assert_string_equal(state_of(0)->at, "127.0.0.1");
		stop(state);
	}
}

static void rise_and_fall(void **state)
{
	begin(200, SITE("a", OFTEN ", rise: 2, fall: 3"));
	health_first_look(health, 20000);
	assert_true(used(0));
	for (unsigned turn = 0; turn < 2; turn++) {
		uint64_t failures = state_of(0)->failures;

		atomic_store(&status, 503);
		TURN_UNTIL(!used(0));
		assert_int_equal(state_of(0)->is, HEALTH_DOWN);
		assert_int_equal(state_of(0)->failures, failures + 3);
		assert_int_equal(state_of(0)->transitions, 2 * turn + 1);
		assert_string_equal(state_of(0)->text, "503 Service Unavailable");

		uint64_t good = state_of(0)->checks - state_of(0)->failures;
		atomic_store(&status, 200);
		TURN_UNTIL(used(0));
		/* One that was asked before the change may have been a good one yet. */
		assert_in_range(state_of(0)->checks - state_of(0)->failures, good + 2, good + 3);
		assert_int_equal(state_of(0)->transitions, 2 * turn + 2);
	}
	/* Bad ones that are not in a row. */
	for (unsigned i = 0; i < 3; i++) {
		uint64_t failures = state_of(0)->failures;

		atomic_store(&status, 500);
		TURN_UNTIL(state_of(0)->failures > failures);
		uint64_t checks = state_of(0)->checks;
		atomic_store(&status, 200);
		TURN_UNTIL(state_of(0)->checks > checks + 1);
		assert_true(used(0));
	}
	stop(state);
}

static void told_as_events(void **state)
{
	char want[256];
	size_t count;

	begin(503, SITE("a", "interval: 2s, timeout: 2s, rise: 1, fall: 1"));
	health_first_look(health, 20000);
	count = events_count(node.events);
	assert_int_equal(count, 2);
	snprintf(want, sizeof want, "target http://content.example:%u [127.0.0.1]: down: 503 Service Unavailable",
		 asked.port);
	assert_string_equal(events_at(node.events, 0)->text, want);
	assert_string_equal(events_at(node.events, 0)->kind, "target");
	assert_int_equal(events_at(node.events, 0)->level, LOG_LEVEL_WARN);
	assert_string_equal(events_at(node.events, 1)->text,
			    "site a: no target of its own is up: clients are answered 503");
	atomic_store(&status, 200);
	TURN_UNTIL(used(0));
	assert_int_equal(events_count(node.events), 4);
	snprintf(want, sizeof want, "target http://content.example:%u [127.0.0.1]: up after ", asked.port);
	assert_memory_equal(events_at(node.events, 2)->text, want, strlen(want));
	assert_string_equal(events_at(node.events, 3)->text, "site a: has a target of its own again");
	stop(state);
}

static void the_same_is_asked_once(void **state)
{
	begin(503, SITE("a", RARELY) SITE("b", RARELY) SITE("c", "interval: 9s, timeout: 9s")
		   SITE("d", RARELY ", path: /other"));
	health_first_look(health, 20000);
	assert_int_equal(atomic_load(&asked.requests), 3);
	assert_ptr_equal(state_of(0), state_of(1));
	assert_ptr_not_equal(state_of(0), state_of(2));
	for (size_t site = 0; site < 4; site++)
		assert_false(used(site));
	stop(state);
}

static void kept_over_a_reload(void **state)
{
	struct dataset *before;

	begin(503, SITE("a", RARELY) SITE("b", RARELY ", path: /b"));
	health_first_look(health, 20000);
	assert_int_equal(atomic_load(&asked.requests), 2);
	/* a stays, with another host; b is asked otherwise; c is new and the same as a. */
	before = node.dataset;
	node.dataset = asking_dataset(SITE("z", RARELY) SITE("b", RARELY ", path: /other")
				      SITE("c", RARELY), 2);
	health_use(health, node.dataset);
	asking_free(before);
	assert_false(used(0));
	assert_false(used(2));
	assert_true(used(1));
	assert_int_equal(state_of(0)->is, HEALTH_DOWN);
	assert_int_equal(state_of(0)->checks, 1);
	assert_int_equal(state_of(1)->is, HEALTH_UNKNOWN);
	health_first_look(health, 20000);
	assert_false(used(1));
	assert_int_equal(atomic_load(&asked.requests), 3);
	/* Nothing is left to ask, in the middle of a check. */
	atomic_store(&status, 0);
	before = node.dataset;
	node.dataset = asking_dataset(SITE("y", QUICK), 3);
	health_use(health, node.dataset);
	asking_free(before);
	TURN_UNTIL(atomic_load(&asked.requests) >= 4);
	before = node.dataset;
	node.dataset = asking_dataset("- hosts: [x]\n  targets: [{url: 'http://else.example'}]\n", 4);
	health_use(health, node.dataset);
	asking_free(before);
	assert_null(state_of(0));
	assert_true(used(0));
	stop(state);
}

static void hosts_of_urls(void **state)
{
	static const struct {
		const char *site, *target, *host;
	} rows[] = {
		{ "[a.example]", "url: 'http://{host}.content.example:%/x', addresses: [127.0.0.1]", "a.example.content.example" },
		{ "['*.b.example', c.example]", "url: 'http://x-{host}:%', addresses: [127.0.0.1]", "x-c.example" },
		{ "[a.example]", "url: 'http://127.0.0.1:%/{host}'", "127.0.0.1" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char sites[512], want[128];
		int len = snprintf(sites, sizeof sites, "- hosts: %s\n  targets: [{", rows[i].site);

		snprintf(sites + len, sizeof sites - (size_t)len, "%s, check: {path: /up, " ONCE "}}]\n", rows[i].target);
		begin(200, sites);
		health_first_look(health, 20000);
		assert_int_equal(state_of(0)->is, HEALTH_UP);
		snprintf(want, sizeof want, "GET /up HTTP/1.1\r\nHost: %s:%u\r\n", rows[i].host, asked.port);
		assert_memory_equal(web_last(&asked), want, strlen(want));
		stop(state);
	}
	begin(200, "- hosts: ['*.b.example']\n  targets:\n"
		   "  - {url: 'http://{host}:%', addresses: [127.0.0.1], check: {path: /}}\n");
	assert_null(state_of(0));
	assert_true(used(0));
	stop(state);
}

static void of_sites(void **state)
{
	struct redirect_health *table;
	const struct redirect_site *site;

	begin(200, "- hosts: [a]\n  targets: [{url: 'http://c:81', addresses: [127.0.0.1]}]\n"
		   "  fallback: [{url: 'http://d:81', addresses: ['::1', 127.0.0.2]}]\n");
	table = node.dataset->health;
	site = redirect_sites_at(node.dataset->sites, 0);
	assert_true(health_site_up(table, site, REDIRECT_IPV4));
	assert_false(health_site_up(table, site, REDIRECT_IPV6));
	assert_true(health_site_served(table, site, REDIRECT_IPV6));
	redirect_health_set(table, &site->targets[0], &site->targets[0].endpoints[0], false);
	assert_false(health_site_up(table, site, REDIRECT_ANY_FAMILY));
	assert_true(health_site_served(table, site, REDIRECT_ANY_FAMILY));
	redirect_health_set(table, &site->fallback[0], &site->fallback[0].endpoints[1], false);
	assert_false(health_site_served(table, site, REDIRECT_IPV4));
	assert_true(health_site_served(table, site, REDIRECT_ANY_FAMILY));
	stop(state);
}

/* Who hangs does not hold the start up for longer than told. */
static void first_look_is_bounded(void **state)
{
	uint64_t began;

	begin(0, SITE("a", "interval: 60s, timeout: 60s"));
	began = uv_hrtime();
	health_first_look(health, 100);
	assert_true(uv_hrtime() - began < UINT64_C(10000000000));
	assert_int_equal(state_of(0)->is, HEALTH_UNKNOWN);
	assert_true(used(0));
	stop(state);
}

static void nothing_is_nothing(void **state)
{
	struct redirect_endpoint endpoint = { .id = 0 };
	struct dataset dataset = { 0 };

	(void)state;
	health_use(NULL, &dataset);
	health_first_look(NULL, 1);
	health_close(NULL);
	health_free(NULL);
	assert_null(health_of(NULL, &endpoint));
	assert_string_equal(health_is_name(HEALTH_DOWN), "down");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts), cmocka_unit_test(rise_and_fall), cmocka_unit_test(told_as_events),
		cmocka_unit_test(the_same_is_asked_once), cmocka_unit_test(kept_over_a_reload),
		cmocka_unit_test(hosts_of_urls), cmocka_unit_test(of_sites), cmocka_unit_test(first_look_is_bounded),
		cmocka_unit_test(nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
