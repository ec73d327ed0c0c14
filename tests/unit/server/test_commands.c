/* SPDX-License-Identifier: Apache-2.0 */
/* Request lines and what their reply must be, without a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/base/file.h"
#include "server/commands.h"
#include "tests/unit/server/fake_node.h"

/* Joins what a command says. */
struct listener {
	struct call_client client;
	char *said;
	size_t len, lines;
	bool done, full;
};

static void hear(struct call_client *client, char *line, size_t len)
{
	struct listener *listener = (struct listener *)client;

	assert_true(len > 1 && line[len - 1] == '\n' && memchr(line, '\n', len - 1) == NULL);
	listener->said = mem_resize(listener->said, listener->len + len + 1, 1);
	memcpy(listener->said + listener->len, line, len);
	listener->len += len;
	listener->said[listener->len] = '\0';
	listener->lines++;
	mem_free(line);
}

static bool has_room(struct call_client *client)
{
	return !((struct listener *)client)->full;
}

static void ended(struct call_client *client)
{
	struct listener *listener = (struct listener *)client;

	assert_false(listener->done);
	assert_null(client->call);
	listener->done = true;
}

static uv_loop_t loop;
static struct node node;

static void listener_init(struct listener *listener)
{
	*listener = (struct listener){
		.client = { .line = hear, .room = has_room, .done = ended, .who = "uid 0, pid 1" },
	};
}

static void ask(struct listener *listener, const char *line)
{
	listener_init(listener);
	command_run(&node, &listener->client, line, strlen(line));
}

static json_t *last_line(const struct listener *listener)
{
	const char *at = listener->said + listener->len - 1;

	while (at > listener->said && at[-1] != '\n')
		at--;
	json_t *line = json_loads(at, 0, NULL);
	assert_non_null(line);
	return line;
}

/* The last line of the reply. */
static json_t *answer(const char *line)
{
	struct listener listener;

	ask(&listener, line);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(listener.done);

	json_t *last = last_line(&listener);
	mem_free(listener.said);
	return last;
}

/* A request, its exit code, what its error and its text must hold. */
struct expected {
	const char *words;	/* cut at blanks */
	int exit;
	const char *error, *text;
};

static void check(const struct expected *expected)
{
	char copy[256];
	json_t *words = json_array(), *request;

	snprintf(copy, sizeof copy, "%s", expected->words);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		json_array_append_new(words, json_string(word));
	request = json_pack("{so}", "command", words);
	char *line = json_dumps(request, 0);
	json_t *reply = answer(line);
	const char *text = json_string_value(json_object_get(reply, "text"));
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (json_integer_value(json_object_get(reply, "exit")) != expected->exit
	    || json_is_true(json_object_get(reply, "ok")) != (expected->exit == 0)
	    || (expected->error != NULL && (error == NULL || strstr(error, expected->error) == NULL))
	    || (error != NULL && strchr(error, '\n') != NULL)
	    || (expected->text != NULL && (text == NULL || strstr(text, expected->text) == NULL)))
		fail_msg("%s: %s", expected->words, json_dumps(reply, 0));
	free(line);
	json_decref(request);
	json_decref(reply);
}

static void test_table(void **state)
{
	static const struct expected table[] = {
		{ "status", 0, NULL, "fake1" },
		{ "status", 0, NULL, "2001:db8::53@53" },
		{ "status x", 2, "usage: status", NULL },
		{ "status --follow", 2, "usage: status", NULL },
		{ "stats", 0, NULL, "dns.queries.udp4" },
		{ "stats dns.tcp.cl", 0, NULL, "dns.tcp.clients" },
		{ "stats dns.latency.p", 0, NULL, "dns.latency.p90-us                                  4\n" },
		{ "stats dns.latency.p99", 0, NULL, "dns.latency.p99-us                                 64\n" },
		{ "stats dns.latency.le-us.4", 0, NULL, "dns.latency.le-us.4                                90\n" },
		{ "rate-limit", 0, NULL, "off\n" },
		{ "rate-limit", 0, NULL, "192.0.2.0/24                           6           5           0  nxdomain  2023-11-14" },
		{ "rate-limit x", 2, "usage: rate-limit", NULL },
		{ "stats nothing.like.it", 1, "no counter begins with \"nothing.like.it\"", NULL },
		{ "health", 1, "not healthy: zones", "FAIL  zone      broken.test" },
		{ "zone list", 0, NULL, "example.org" },
		{ "zone list", 0, NULL, "not loaded" },
		{ "zone show example.org", 0, NULL, "2023-11-14T22:13:20Z" },
		{ "zone show EXAMPLE.org.", 0, NULL, "serial          7" },
		{ "zone show broken.test", 0, NULL, "broken.test.zone:3" },
		{ "zone show example.net", 1, "zone example.net: not configured here", NULL },
		{ "zone show", 2, "usage: zone show NAME", NULL },
		{ "zone show a..b", 2, "no domain name", NULL },
		{ "zone check example.org", 1, "zone example.org: 1 fault in /nowhere/example.org.zone", "fault: " },
		{ "zone dump broken.test", 1, "nothing is loaded", NULL },
		{ "zone reload", 0, NULL, "generation 6" },
		{ "zone reload no.such", 1, "not configured here", NULL },
		{ "zone transfer example.org", 1, "not available in this version", NULL },
		{ "zone", 2, "zone needs one word more: zone list, zone show", NULL },
		{ "zone lsit", 2, "did you mean \"zone list\"", NULL },
		{ "zoen list", 2, "did you mean \"zone list\"", NULL },
		{ "stauts", 2, "did you mean \"status\"", NULL },
		{ "relaod", 2, "did you mean \"reload\"", NULL },
		{ "shwo example.org", 2, "unknown command \"shwo\"", NULL },
		{ "frobnicate all", 2, "unknown command \"frobnicate\"", NULL },
		{ "site list", 0, NULL, "https://fake1.content.example.org" },
		{ "site show a.mirror.example.org", 0, NULL, "*.mirror.example.org  (matches)" },
		{ "site show dl.example.org", 0, NULL, "weight 2" },
		{ "site show no.such", 1, "no site answers", NULL },
		{ "site show a:b:c", 2, "is no host", NULL },
		{ "explain dns www.example.org A", 0, NULL, "NOERROR" },
		{ "explain dns nowhere.example.org A --do", 0, NULL, "NXDOMAIN" },
		{ "explain dns www.example.org A B", 2, "usage: explain dns NAME TYPE [--do]", NULL },
		{ "explain dns www.example.org NOTYPE", 2, "\"NOTYPE\" is no record type", NULL },
		{ "explain http http://dl.example.org/a?b", 0, NULL, "https://fake1.content.example.org/a?b" },
		{ "explain http http://dl.example.org/ POST", 0, NULL, "405" },
		{ "explain http ftp://dl.example.org/", 2, "expected http://", NULL },
		{ "sync status", 1, "no master is followed", NULL },
		{ "rollback", 1, "no master is followed", NULL },
		{ "sync now --retry", 1, "no master is followed", NULL },
		{ "sync history", 1, "no master is followed", NULL },
		{ "sync report", 1, "no master is followed", NULL },
		{ "drain dns", 1, "owns no routes", NULL },
		{ "undrain", 1, "owns no routes", NULL },
		{ "withdraw", 1, "owns no routes", NULL },
		{ "force", 1, "owns no routes", NULL },
		{ "announce list", 0, NULL, "owns no routes" },
		{ "announce config bird", 1, "owns no routes", NULL },
		{ "catchment", 0, NULL, "nobody has asked yet" },
		{ "catchment x", 2, "no number of networks", NULL },
		{ "log", 0, NULL, "log level error" },
		{ "log warn", 0, NULL, "log level warn, was error" },
		{ "log error", 0, NULL, "log level error, was warn" },
		{ "log loudly", 2, "no log level \"loudly\"", NULL },
		{ "events", 0, NULL, "control: log level warn, was error (uid 0, pid 1)" },
		{ "help", 0, NULL, "zone transfer NAME" },
		{ "help zone dump", 0, NULL, "master file" },
		{ "help nothing", 2, "no command \"nothing\"", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		check(&table[i]);
}

/* Lines that are no request: one error each, exit 2. */
static void test_not_a_request(void **state)
{
	static const char *const lines[] = {
		"", "hello", "{", "[]", "null", "{}", "{\"command\":1}", "{\"command\":[]}", "{\"command\":[1]}",
		"{\"command\":[\"status\"]} {}", "{\"command\":[\"\\u0000\"]}",
		"{\"command\":[\"status\"],\"more\":1}",
		"{\"command\":[\"status\"],\"command\":[\"stop\"]}", "{\"command\":[\"a\xff\"]}",
		"{\"command\":[[\"status\"]]}", "{\"command\":[\"\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		json_t *reply = answer(lines[i]);

		assert_true(json_is_false(json_object_get(reply, "ok")));
		assert_int_equal(json_integer_value(json_object_get(reply, "exit")), 2);
		assert_true(json_string_length(json_object_get(reply, "error")) > 0);
		json_decref(reply);
	}
	assert_int_equal(fake.stops, 0);
}

static void test_words_are_counted(void **state)
{
	char line[256] = "{\"command\":[\"log\"";

	(void)state;
	for (int i = 0; i < CALL_WORDS_MAX; i++)
		strcat(line, ",\"a\"");
	strcat(line, "]}");
	json_t *reply = answer(line);
	assert_string_equal(json_string_value(json_object_get(reply, "error")),
			    "\"command\" is a list of 1 to 32 words");
	json_decref(reply);
}

static void test_id_comes_back(void **state)
{
	static const char *const ids[] = { "7", "\"a\"", "null", "{\"a\":[1]}" };

	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		char line[100];

		snprintf(line, sizeof line, "{\"id\":%s,\"command\":[\"log\"]}", ids[i]);
		json_t *reply = answer(line);
		char *id = json_dumps(json_object_get(reply, "id"), JSON_COMPACT | JSON_ENCODE_ANY);
		assert_string_equal(id, ids[i]);
		free(id);
		json_decref(reply);
	}
}

static void assert_keys(const char *line, const char *const *keys, size_t count)
{
	json_t *reply = answer(line);

	for (size_t i = 0; i < count; i++) {
		if (json_object_get(json_object_get(reply, "data"), keys[i]) == NULL)
			fail_msg("%s: no %s", line, keys[i]);
	}
	json_decref(reply);
}

static void test_data(void **state)
{
	static const char *const status[] = { "node", "version", "uptime_s", "generation", "zones", "zones_failed",
					      "sites", "services", "sync", "workers", "listen", "pid", "state" };
	static const char *const zone[] = { "name", "serial", "records", "names", "image_bytes", "source",
					    "loaded_at", "expires_at", "rrsig_expires_at", "digest", "signed",
					    "current", "fault", "took_ms", "mapped" };

	(void)state;
	assert_keys("{\"command\":[\"status\"]}", status, sizeof status / sizeof status[0]);
	assert_keys("{\"command\":[\"zone\",\"show\",\"example.org\"]}", zone, sizeof zone / sizeof zone[0]);
	assert_keys("{\"command\":[\"zone\",\"show\",\"broken.test\"]}", zone, sizeof zone / sizeof zone[0]);

	json_t *reply = answer("{\"command\":[\"status\"]}"), *data = json_object_get(reply, "data");
	assert_int_equal(json_integer_value(json_object_get(data, "zones")), 2);
	assert_int_equal(json_integer_value(json_object_get(data, "zones_failed")), 1);
	assert_int_equal(json_integer_value(json_object_get(data, "generation")), 5);
	json_t *sync = json_object_get(data, "sync");
	assert_string_equal(json_string_value(json_object_get(sync, "release")), "local");
	assert_true(json_is_null(json_object_get(sync, "fetched_at")));
	json_decref(reply);
}

static void test_reload_failures(void **state)
{
	static const char *const keys[] = { "dns.listen", "workers" };
	struct err_list errors = { 0 };
	json_t *reply;

	(void)state;
	err_list_add(&errors, "node.yaml", 3, "frobnicate: no such key");
	err_list_add(&errors, "node.yaml", 9, "zones[0].file: missing");
	fake.result = (struct node_reload_result){ .err = ERR_INVALID, .errors = &errors, .generation = 5 };
	check(&(struct expected){ "reload", 1, "nothing was switched: node.yaml:3: frobnicate",
				  "node.yaml:9: zones[0]" });
	err_list_fini(&errors);

	fake.result = (struct node_reload_result){ .zones_failed = 1, .restart_keys = keys, .restart_key_count = 2,
						   .generation = 6 };
	check(&(struct expected){ "reload", 1, "1 zone failed: broken.test", "workers: changed, takes effect" });
	fake.result.zones_failed = 0;
	check(&(struct expected){ "reload", 0, NULL, "dns.listen: changed, takes effect after a restart" });
	check(&(struct expected){ "zone reload Broken.TEST.", 0, NULL, "generation 6" });
	assert_string_equal(fake.zone, "broken.test");
	reply = answer("{\"command\":[\"events\"]}");
	const char *told = json_string_value(json_object_get(reply, "text"));
	assert_non_null(strstr(told, "control: zone reload Broken.TEST. (uid 0"));
	json_decref(reply);
	fake.result = (struct node_reload_result){ .generation = 6 };
}

/* The dump is a master file that gives the same image. */
static void test_dump(void **state)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct listener listener;
	struct name apex;
	char *text = mem_alloc(1);
	size_t len = 0, size;
	void *bytes;

	(void)state;
	ask(&listener, "{\"command\":[\"zone\",\"dump\",\"example.org\"]}");
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(listener.done && listener.lines >= 4);
	for (char *line = strtok(listener.said, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		json_t *object = json_loads(line, 0, NULL);
		const char *piece = json_string_value(json_object_get(object, "text"));

		text = mem_resize(text, len + strlen(piece) + 1, 1);
		memcpy(text + len, piece, strlen(piece) + 1);
		len += strlen(piece);
		json_decref(object);
	}
	assert_non_null(strstr(text, "\tIN\tSOA\t"));
	assert_ptr_equal(strstr(text, "example.org.\t300\tIN\tSOA\t"), text);

	name_from_text("example.org", &apex);
	struct zone_compile *compile = zone_compile_new(&apex);
	assert_int_equal(zone_text_parse("dump", text, len, &apex, zone_compile_add, compile, &errors), 0);
	assert_int_equal(zone_compile_finish(compile, &bytes, &size, &errors, &warnings), 0);
	const struct zone_image_header *base = zone_set_at(node.dataset->zones, 0)->base;
	assert_int_equal(size, base->size);
	assert_memory_equal(bytes, base, size);
	mem_free(bytes);
	zone_compile_free(compile);
	err_list_fini(&warnings);
	mem_free(text);
	mem_free(listener.said);
}

/* A dump says nothing more while its client has no room, and goes on where it was. */
static void test_back_pressure(void **state)
{
	struct listener listener;

	(void)state;
	listener_init(&listener);
	listener.full = true;
	const char *line = "{\"command\":[\"zone\",\"dump\",\"example.org\"]}";
	command_run(&node, &listener.client, line, strlen(line));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_false(listener.done);
	assert_int_equal(listener.lines, 1);	/* the piece that was under way */
	listener.full = false;
	call_ready(listener.client.call);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(listener.done);
	json_t *last = last_line(&listener);
	json_t *records = json_object_get(json_object_get(last, "data"), "records");
	assert_int_equal(json_integer_value(records), zone_set_at(node.dataset->zones, 0)->base->records);
	json_decref(last);
	mem_free(listener.said);
}

/* Clients that go away: at once, in the middle, with an event on its way. */
static void test_abandoned(void **state)
{
	static const char *const lines[] = {
		"{\"command\":[\"reload\"]}", "{\"command\":[\"zone\",\"check\",\"example.org\"]}",
		"{\"command\":[\"zone\",\"dump\",\"example.org\"]}", "{\"command\":[\"health\"]}",
		"{\"command\":[\"events\",\"--follow\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		for (int turns = 0; turns < 3; turns++) {
			struct listener listener;

			ask(&listener, lines[i]);
			for (int turn = 0; turn < turns && !listener.done; turn++)
				uv_run(&loop, UV_RUN_NOWAIT);
			if (listener.client.call != NULL)
				call_abandon(listener.client.call);
			size_t lines_then = listener.lines;
			uv_run(&loop, UV_RUN_DEFAULT);
			events_add(node.events, LOG_LEVEL_INFO, "zone", "zone x: changed");
			assert_int_equal(listener.lines, lines_then);
			mem_free(listener.said);
		}
	}
}

static void test_follow(void **state)
{
	struct listener listener;

	(void)state;
	ask(&listener, "{\"command\":[\"events\",\"--follow\"]}");
	size_t before = listener.lines;
	assert_int_equal(before, events_count(node.events));
	events_add(node.events, LOG_LEVEL_WARN, "zone", "zone y: changed");
	assert_int_equal(listener.lines, before + 1);
	assert_non_null(strstr(listener.said, "zone y: changed"));

	/* More than the ring holds while nothing is read: the rest comes, and how many did not. */
	listener.full = true;
	for (int i = 0; i < EVENTS_KEPT + 20; i++)
		events_add(node.events, LOG_LEVEL_INFO, "zone", "zone z: %d", i);
	assert_int_equal(listener.lines, before + 1);
	listener.full = false;
	call_ready(listener.client.call);
	assert_int_equal(listener.lines, before + 1 + 1 + EVENTS_KEPT);
	assert_non_null(strstr(listener.said, "\"missed\":20"));
	call_close(listener.client.call);
	assert_true(listener.done);
	json_t *last = last_line(&listener);
	assert_true(json_is_true(json_object_get(last, "ok")));
	json_decref(last);
	mem_free(listener.said);
}

static void test_stop(void **state)
{
	(void)state;
	check(&(struct expected){ "stop", 0, NULL, "stopping" });
	assert_int_equal(fake.stops, 1);
}

/* The manual page states every command, the protocol every one that gives data. */
static void test_manual_states_every_command(void **state)
{
	uint8_t *page;
	size_t len;

	(void)state;
	assert_int_equal(file_read(CATCHMENT_SOURCE_DIR "/docs/man/catchmentctl.8", 1 << 20, &page, &len), 0);
	for (size_t i = 0; i < command_count; i++) {
		char item[64];

		snprintf(item, sizeof item, ".It Cm %s", commands[i].words);
		if (strstr((const char *)page, item) == NULL && !(commands[i].flags & COMMAND_LATER))
			fail_msg("docs/man/catchmentctl.8 does not state \"%s\"", commands[i].words);
	}
	mem_free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_not_a_request),
		cmocka_unit_test(test_words_are_counted),
		cmocka_unit_test(test_id_comes_back),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_reload_failures),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_manual_states_every_command),
	};

	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	uv_loop_init(&loop);
	fake_init(&node, &loop, 6000);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	fake_fini(&node);
	uv_loop_close(&loop);
	return failed;
}
