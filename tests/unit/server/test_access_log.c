/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "server/access_line.h"
#include "server/access_log.h"

static const int64_t NOON = INT64_C(1795348800) * 1000000000 + 123456789;	/* 2026-11-22T12:00:00.123Z */

struct sample {
	struct addr peer;
	struct redirect_client client;
	struct redirect_request request;
	struct redirect_target target;
	struct redirect_site site;
	const char *host;
	struct redirect_answer answer;
};

static struct sample *sample_of(const char *peer, const char *target, const char *agent)
{
	struct sample *s = mem_alloc(sizeof *s);

	assert_int_equal(addr_parse(peer, 1234, &s->peer), 0);
	s->client = (struct redirect_client){ .family = REDIRECT_IPV4, .tls = true, .peer = &s->peer };
	s->request.method = REDIRECT_GET;
	s->request.method_name = SPAN_TEXT("GET");
	s->request.target = span_string(target);
	s->request.user_agent = span_string(agent);
	strcpy(s->request.host, "dl.example.org");
	s->request.host_len = 14;
	s->host = "dl.example.org";
	s->site.hosts = &s->host;
	s->site.host_count = 1;
	s->target.url = "https://c.example.org";
	s->answer = (struct redirect_answer){
		.outcome = REDIRECT_SENT, .status = 302, .method = REDIRECT_GET, .site = &s->site, .target = &s->target,
		.client = &s->client, .request = &s->request, .bytes = 321, .version = 11,
	};
	return s;
}

static char *line_of(const struct redirect_answer *answer, enum conf_log_format format)
{
	struct access_record *record = mem_alloc(ACCESS_RECORD_MAX + 8);
	char *out = mem_alloc(ACCESS_LINE_MAX + 1);

	access_record_fill(record, answer, NOON);
	assert_int_equal(record->size % 8, 0);
	assert_true(record->size <= ACCESS_RECORD_MAX + 8);
	out[access_line_print(record, format, "fra1", out)] = '\0';
	mem_free(record);
	return out;
}

static void expect_line(const struct redirect_answer *answer, enum conf_log_format format, const char *expected)
{
	char *line = line_of(answer, format);

	assert_string_equal(line, expected);
	mem_free(line);
}

static void test_combined(void **state)
{
	struct sample *s = sample_of("192.0.2.7", "/a%20b?c=d", "curl/7.88");

	(void)state;
	expect_line(&s->answer, CONF_LOG_COMBINED,
		    "192.0.2.7 - - [22/Nov/2026:12:00:00 +0000] \"GET /a%20b?c=d HTTP/1.1\" 302 321 \"-\" \"curl/7.88\"\n");
	s->request.referer = SPAN_TEXT("http://x/\"\n\\\x80");
	s->answer.version = 20;
	expect_line(&s->answer, CONF_LOG_COMBINED,
		    "192.0.2.7 - - [22/Nov/2026:12:00:00 +0000] \"GET /a%20b?c=d HTTP/2.0\" 302 321 "
		    "\"http://x/\\x22\\x0A\\x5C\\x80\" \"curl/7.88\"\n");
	mem_free(s);
}

/* Nothing readable came, or nobody knows from whom. */
static void test_without_request(void **state)
{
	const struct redirect_answer answer = { .outcome = REDIRECT_BAD_REQUEST, .status = 400, .bytes = 9, .version = 11 };

	(void)state;
	expect_line(&answer, CONF_LOG_COMBINED, "- - - [22/Nov/2026:12:00:00 +0000] \"-\" 400 9 \"-\" \"-\"\n");
	expect_line(&answer, CONF_LOG_JSON,
		    "{\"time\":\"2026-11-22T12:00:00.123Z\",\"node\":\"fra1\",\"client\":\"-\",\"status\":400,\"bytes\":9}\n");
}

static void test_json(void **state)
{
	struct sample *s = sample_of("2001:db8::7", "/x", "a\"b\\c\x01\xff");
	char *line = line_of(&s->answer, CONF_LOG_JSON);
	json_error_t error;
	json_t *object = json_loads(line, 0, &error);

	(void)state;
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "client")), "2001:db8::7");
	assert_string_equal(json_string_value(json_object_get(object, "user_agent")), "a\"b\\c\x01\xc3\xbf");
	assert_string_equal(json_string_value(json_object_get(object, "to")), "https://c.example.org");
	assert_string_equal(json_string_value(json_object_get(object, "site")), "dl.example.org");
	assert_string_equal(json_string_value(json_object_get(object, "scheme")), "https");
	assert_int_equal(json_integer_value(json_object_get(object, "status")), 302);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	json_decref(object);
	mem_free(line);
	mem_free(s);
}

/* Texts of any length and any bytes: bounded, and one line. */
static void test_long(void **state)
{
	char *text = mem_alloc(100001);
	static const enum conf_log_format formats[] = { CONF_LOG_COMBINED, CONF_LOG_JSON };

	(void)state;
	memset(text, '\x80', 100000);
	for (size_t i = 0; i < 2; i++) {
		struct sample *s = sample_of("192.0.2.7", text, text);
		s->request.referer = span_string(text);
		s->target.url = s->host = text;
		char *line = line_of(&s->answer, formats[i]);

		assert_true(strlen(line) < ACCESS_LINE_MAX);
		assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
		mem_free(line);
		mem_free(s);
	}
	mem_free(text);
}

static size_t lines_in(const char *path)
{
	uint8_t *bytes;
	size_t len, lines = 0;

	assert_int_equal(file_read(path, 64 << 20, &bytes, &len), 0);
	for (size_t i = 0; i < len; i++)
		lines += bytes[i] == '\n';
	mem_free(bytes);
	return lines;
}

struct folder {
	char path[64], first[96], second[96];
};

static void make_folder(struct folder *folder)
{
	strcpy(folder->path, "/tmp/access-log.XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->first, sizeof folder->first, "%s/a", folder->path);
	snprintf(folder->second, sizeof folder->second, "%s/b", folder->path);
}

static void remove_folder(struct folder *folder)
{
	unlink(folder->first);
	unlink(folder->second);
	assert_int_equal(rmdir(folder->path), 0);
}

/* All are written or counted as lost; a second file begins where it was opened. */
static void test_written(void **state)
{
	enum { REQUESTS = 30000 };
	struct folder folder;
	struct access_log *log = access_log_new(2);
	struct sample *s = sample_of("192.0.2.7", "/a", "x");
	struct err_note note;

	(void)state;
	make_folder(&folder);
	struct conf_access_log conf = { .file = folder.first, .sample = 1 };
	access_ring_add(access_log_ring(log, 0), &s->answer);	/* not open yet: nothing */
	assert_int_equal(access_log_open(log, &conf, "fra1", &note), 0);
	for (int i = 0; i < REQUESTS; i++)
		access_ring_add(access_log_ring(log, i % 2), &s->answer);
	conf.file = folder.second;
	conf.sample = 10;
	assert_int_equal(access_log_open(log, &conf, "fra1", &note), 0);
	uint64_t lost = access_log_lost(log);
	assert_int_equal(lines_in(folder.first) + lost, REQUESTS);
	for (int i = 0; i < 100; i++)
		access_ring_add(access_log_ring(log, 0), &s->answer);
	conf.sample = 1000000;
	assert_int_equal(access_log_open(log, &conf, "fra1", &note), 0);
	for (int i = 0; i < 30; i++)
		access_ring_add(access_log_ring(log, 0), &s->answer);
	conf.sample = 2;
	assert_int_equal(access_log_open(log, &conf, "fra1", &note), 0);
	for (int i = 0; i < 10; i++)
		access_ring_add(access_log_ring(log, 0), &s->answer);
	access_log_free(log);
	assert_int_equal(lines_in(folder.second), 10 + 1 + 5);
	mem_free(s);
	remove_folder(&folder);
}

static void test_failures(void **state)
{
	struct access_log *log = access_log_new(1);
	struct sample *s = sample_of("192.0.2.7", "/a", "x");
	struct conf_access_log conf = { .file = (char *)(uintptr_t)"/nowhere/log", .sample = 1 };
	struct err_note note = { 0 };

	(void)state;
	assert_int_equal(access_log_open(log, &conf, "fra1", &note), -2);
	assert_string_equal(note.file, "/nowhere/log");
	assert_string_equal(note.text, "the access log cannot be opened: No such file or directory");
	/* A pipe that nobody reads holds nobody up. */
	struct folder folder;
	make_folder(&folder);
	assert_int_equal(mkfifo(folder.first, 0600), 0);
	conf.file = folder.first;
	assert_int_equal(access_log_open(log, &conf, "fra1", &note), -6);
	remove_folder(&folder);
	conf.file = (char *)(uintptr_t)"/dev/full";
	assert_int_equal(access_log_open(log, &conf, "fra1", &note), 0);
	for (int i = 0; i < 7; i++)
		access_ring_add(access_log_ring(log, 0), &s->answer);
	conf.file = NULL;
	assert_int_equal(access_log_open(log, &conf, "fra1", &note), 0);
	assert_int_equal(access_log_lost(log), 7);
	access_ring_add(access_log_ring(log, 0), &s->answer);	/* off again */
	access_log_free(log);
	mem_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_combined),
		cmocka_unit_test(test_without_request),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
