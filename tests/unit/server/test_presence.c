/* SPDX-License-Identifier: Apache-2.0 */
#include "server/presence.h"
#include "tests/unit/server/asking_kit.h"

static const char sites[] =
	"- hosts: [a]\n"
	"  presence: {valid: 1s, timeout: 200ms}\n"
	"  targets: [{url: 'http://one.example:%', addresses: [127.0.0.1]}]\n"
	"  fallback: [{url: 'http://127.0.0.1:%/two'}]\n"
	"- hosts: [b]\n"
	"  presence: {valid: 60s, timeout: 10s}\n"
	"  targets: [{url: 'http://one.example:%', addresses: [127.0.0.1]}]\n";

static struct presence *presence;

static bool answer(struct web_peer *peer)
{
	static const struct {
		const char *path, *status;
	} rows[] = {
		{ "/here ", "200 OK" }, { "/two/here ", "204 No Content" }, { "/moved ", "302 Found" },
		{ "/missing ", "404 Not Found" }, { "/gone ", "410 Gone" }, { "/secret ", "403 Forbidden" },
		{ "/broken ", "500 Oops" },
	};
	char text[128];

	assert_memory_equal(peer->head, "HEAD ", 5);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (strncmp(peer->head + 5, rows[i].path, strlen(rows[i].path)) == 0) {
			snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", rows[i].status);
			web_say_text(peer, text);
			return true;
		}
	}
	web_hang(peer);
	return false;
}

static int start(void **state)
{
	(void)state;
	asking_start(answer, sites);
	presence = presence_new(&node);
	assert_non_null(presence);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	presence_close(presence);
	uv_run(&loop, UV_RUN_DEFAULT);
	presence_free(presence);
	asking_stop();
	return 0;
}

static const struct redirect_target *target_of(size_t site)
{
	return &redirect_sites_at(node.dataset->sites, site)->targets[0];
}

static enum redirect_present ask_at(size_t site, const char *path)
{
	const struct redirect_target *target = target_of(site);
	char url[8192];
	bool full;

	snprintf(url, sizeof url, "%s%s", target->url, path);
	return presence_ask(presence, node.dataset, target, span_string(url), &full);
}

/* What is said in the end, after waiting as a worker does. */
static enum redirect_present settled(size_t site, const char *path)
{
	enum redirect_present said = ask_at(site, path);

	while (said == REDIRECT_PRESENT_SOON) {
		uint64_t changes = presence_changes(presence);

		TURN_UNTIL(presence_changes(presence) != changes);
		said = ask_at(site, path);
	}
	return said;
}

static void what_is_said(void **state)
{
	static const struct {
		const char *path;
		enum redirect_present want;
		enum presence_result result;
	} rows[] = {
		{ "/here", REDIRECT_PRESENT, PRESENCE_FOUND }, { "/moved", REDIRECT_PRESENT, PRESENCE_FOUND },
		{ "/missing", REDIRECT_ABSENT, PRESENCE_MISSING }, { "/gone", REDIRECT_ABSENT, PRESENCE_MISSING },
		{ "/secret", REDIRECT_PRESENT, PRESENCE_UNSURE }, { "/broken", REDIRECT_PRESENT, PRESENCE_UNSURE },
		{ "/silent", REDIRECT_PRESENT, PRESENCE_TIMEOUT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t before = presence_count(presence, rows[i].result);

		assert_int_equal(ask_at(0, rows[i].path), REDIRECT_PRESENT_SOON);
		assert_int_equal(settled(0, rows[i].path), rows[i].want);
		assert_int_equal(presence_count(presence, rows[i].result), before + 1);
		/* Known from now on. */
		unsigned requests = atomic_load(&asked.requests);
		for (int again = 0; again < 10; again++)
			assert_int_equal(ask_at(0, rows[i].path), rows[i].want);
		assert_int_equal(atomic_load(&asked.requests), requests);
	}
	assert_non_null(strstr(web_last(&asked), "\r\nHost: one.example:"));
}

static void the_fallback_is_another_target(void **state)
{
	const struct redirect_target *target = &redirect_sites_at(node.dataset->sites, 0)->fallback[0];
	char url[256];
	bool full;

	(void)state;
	assert_int_equal(settled(0, "/missing"), REDIRECT_ABSENT);
	snprintf(url, sizeof url, "%s/here", target->url);
	assert_int_equal(presence_ask(presence, node.dataset, target, span_string(url), &full), REDIRECT_PRESENT_SOON);
	TURN_UNTIL(presence_ask(presence, node.dataset, target, span_string(url), &full) == REDIRECT_PRESENT);
	assert_non_null(strstr(web_last(&asked), "HEAD /two/here HTTP/1.1\r\nHost: 127.0.0.1:"));
}

static void many_who_ask_the_same(void **state)
{
	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_int_equal(ask_at(0, "/here"), REDIRECT_PRESENT_SOON);
	assert_int_equal(settled(0, "/here"), REDIRECT_PRESENT);
	assert_int_equal(atomic_load(&asked.requests), 1);
}

static void expired_and_asked_anew(void **state)
{
	(void)state;
	assert_int_equal(settled(0, "/missing"), REDIRECT_ABSENT);
	web_sleep_ms(1050);
	/* Told from memory, and asked all the same. */
	assert_int_equal(ask_at(0, "/missing"), REDIRECT_ABSENT);
	TURN_UNTIL(atomic_load(&asked.requests) == 2);
	TURN_UNTIL(presence_count(presence, PRESENCE_MISSING) == 2);
	/* So long ago that it means nothing. */
	web_sleep_ms(2100);
	assert_int_equal(ask_at(0, "/missing"), REDIRECT_PRESENT_SOON);
	assert_int_equal(settled(0, "/missing"), REDIRECT_ABSENT);
}

static void too_many_questions(void **state)
{
	unsigned soon = 0, present = 0;
	bool full;

	(void)state;
	/* Nobody reads the mailbox meanwhile: it holds so many, and the rest is guessed. */
	for (int i = 0; i < 20000; i++) {
		char url[256];

		snprintf(url, sizeof url, "%s/silent-%d", target_of(1)->url, i);
		enum redirect_present said = presence_ask(presence, node.dataset, target_of(1), span_string(url), &full);
		soon += said == REDIRECT_PRESENT_SOON;
		present += said == REDIRECT_PRESENT;
		assert_int_equal(full, said == REDIRECT_PRESENT);
	}
	assert_true(soon > 1000 && present > 1000);
	/* Of those that were taken, more than can wait for their turn are settled at once. */
	TURN_UNTIL(presence_count(presence, PRESENCE_CROWDED) > 0);
	assert_in_range(presence_count(presence, PRESENCE_CROWDED), 1, soon);
}

static void too_long(void **state)
{
	char path[PRESENCE_URL_MAX + 2];

	(void)state;
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	assert_int_equal(ask_at(0, path), REDIRECT_PRESENT);
	path[2000] = '\0';
	assert_int_equal(ask_at(0, path), REDIRECT_PRESENT_SOON);
	assert_int_equal(settled(0, path), REDIRECT_PRESENT);
}

/* A question from a worker that has the dataset before: its target's number may mean another target now. */
static void of_another_generation(void **state)
{
	struct dataset *before = node.dataset;

	(void)state;
	assert_int_equal(ask_at(0, "/missing"), REDIRECT_PRESENT_SOON);
	node.dataset = asking_dataset("- hosts: [c]\n  targets: [{url: 'http://127.0.0.1:%'}]\n", 2);
	TURN_UNTIL(presence_count(presence, PRESENCE_CROWDED) == 1);
	asking_free(node.dataset);
	node.dataset = before;
	assert_int_equal(ask_at(0, "/missing"), REDIRECT_PRESENT);
	assert_int_equal(atomic_load(&asked.requests), 0);
}

static void closed_while_they_wait(void **state)
{
	uint64_t changes = presence_changes(presence);

	(void)state;
	assert_int_equal(ask_at(1, "/silent"), REDIRECT_PRESENT_SOON);
	TURN_UNTIL(atomic_load(&asked.requests) == 1);
	presence_close(presence);
	assert_true(presence_changes(presence) > changes);
	assert_int_equal(ask_at(1, "/silent"), REDIRECT_PRESENT);
	assert_int_equal(ask_at(1, "/something-else"), REDIRECT_PRESENT);
	uv_run(&loop, UV_RUN_DEFAULT);
	presence_free(presence);
	asking_stop();
}

static void nothing_is_nothing(void **state)
{
	(void)state;
	presence_close(NULL);
	presence_free(NULL);
	assert_int_equal(presence_changes(NULL), 0);
	assert_int_equal(presence_count(NULL, PRESENCE_FOUND), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_said), TEST(the_fallback_is_another_target), TEST(many_who_ask_the_same),
		TEST(expired_and_asked_anew), TEST(too_many_questions), TEST(too_long), TEST(of_another_generation),
		cmocka_unit_test_setup(closed_while_they_wait, start), cmocka_unit_test(nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
