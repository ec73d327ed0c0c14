/* SPDX-License-Identifier: Apache-2.0 */
/* Programs and probes in a loop of their own: every way in which one can end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/anycast/probe.h"
#include "server/anycast/spawn.h"

static uv_loop_t loop;
static unsigned told;
static bool told_good;
static char told_words[PROBE_WORDS_MAX];

static void tell(bool good, const char *words)
{
	told++;
	told_good = good;
	snprintf(told_words, sizeof told_words, "%s", words);
}

static void ended(void *ctx, bool ok, const char *words)
{
	assert_ptr_equal(ctx, &told);
	tell(ok, words);
}

static void test_spawn(void **state)
{
	static const struct {
		const char *script;
		bool ok;
		const char *words;
	} cases[] = {
		{ "echo first; echo last", true, "last" },
		{ "printf 'no newline'", true, "no newline" },
		{ "true", true, "exit code 0" },
		{ "echo reason; exit 7", false, "exit code 7: reason" },
		{ "exit 1", false, "exit code 1" },
		{ "kill -9 $$", false, "ended by signal 9" },
		{ "sleep 60", false, "it did not end in time" },
		{ "sleep 60 & echo child holds the pipe", false, "it did not end in time" },
		{ "printf 'a\\001b\\n'", true, "a?b" },
		{ "echo $CATCHMENT_SERVICE $HOME", true, "dns" },
		{ "cat; echo read nothing", true, "read nothing" },
	};
	const char *env[] = { "CATCHMENT_SERVICE=dns", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *argv[] = { "/bin/sh", "-c", cases[i].script, NULL };
		bool late = strstr(cases[i].words, "in time") != NULL;

		told = 0;
		spawn_start(&loop, argv, env, late ? 300 : 30000, ended, &told);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(told, 1);
		assert_string_equal(told_words, cases[i].words);
		assert_int_equal(told_good, cases[i].ok);
	}
	const char *none[] = { "/no/such/program", NULL };
	told = 0;
	spawn_start(&loop, none, NULL, 1000, ended, &told);
	assert_int_equal(told, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(told, 1);
	assert_false(told_good);
	assert_non_null(strstr(told_words, "cannot be run"));
	const char *slow[] = { "/bin/sleep", "60", NULL };
	told = 0;
	spawn_abandon(spawn_start(&loop, slow, NULL, 1000, ended, &told));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(told, 0);
}

static void probed(struct probe *probe, bool good, const char *words)
{
	assert_null(probe->io);
	tell(good, words);
}

static enum probe_verdict judge(void *ctx, struct span reply, char words[PROBE_WORDS_MAX])
{
	(void)ctx;
	if (reply.len < 2)
		return PROBE_MORE;
	snprintf(words, PROBE_WORDS_MAX, "said %.2s", (const char *)reply.at);
	return reply.at[0] == 'o' ? PROBE_GOOD : PROBE_BAD;
}

/* A socket of the kernel's choice that answers nothing by itself. */
static int listener(int type, struct addr *ret)
{
	socklen_t len = sizeof *ret;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*ret = (struct addr){ .v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
	assert_int_equal(bind(fd, &ret->any, sizeof ret->v4), 0);
	assert_int_equal(getsockname(fd, &ret->any, &len), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static struct probe probe_of(enum probe_kind kind, const struct addr *to)
{
	struct probe probe = { .kind = kind, .to = *to, .request_len = 4, .timeout_ms = 300, .judge = judge, .done = probed };

	memcpy(probe.request, "ping", 4);
	return probe;
}

static void test_silence_and_refusal(void **state)
{
	static const enum probe_kind kinds[] = { PROBE_UDP, PROBE_TCP };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct addr to;
		int fd = listener(kinds[i] == PROBE_UDP ? SOCK_DGRAM : SOCK_STREAM, &to);
		struct probe probe = probe_of(kinds[i], &to);

		told = 0;
		probe_start(&loop, &probe);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(told, 1);
		assert_false(told_good);
		assert_non_null(strstr(told_words, "no answer within 300 ms"));
		close(fd);
		probe_start(&loop, &probe);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(told, 2);
		assert_non_null(strstr(told_words, "connection refused"));
		/* Given up before anything came. */
		probe_start(&loop, &probe);
		probe_abandon(&probe);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(told, 2);
	}
}

struct answer {
	uv_poll_t poll;
	int fd;
	const char *text;
};

static void on_datagram(uv_poll_t *poll, int status, int events)
{
	struct answer *answer = poll->data;
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	char buf[10];

	(void)status;
	(void)events;
	assert_int_equal(recvfrom(answer->fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &len), 4);
	assert_memory_equal(buf, "ping", 4);
	/* The first is too short to be an answer. */
	assert_int_equal(sendto(answer->fd, "x", 1, 0, (struct sockaddr *)&from, len), 1);
	assert_int_equal(sendto(answer->fd, answer->text, 2, 0, (struct sockaddr *)&from, len), 2);
	uv_close((uv_handle_t *)poll, NULL);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	struct answer *answer = poll->data;
	int fd = accept(answer->fd, NULL, NULL);

	(void)status;
	(void)events;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, answer->text, strlen(answer->text)), strlen(answer->text));
	close(fd);
	uv_close((uv_handle_t *)poll, NULL);
}

static void test_answers(void **state)
{
	static const struct {
		enum probe_kind kind;
		const char *text;
		bool good;
		const char *words;
	} cases[] = {
		{ PROBE_UDP, "ok", true, "udp: said ok" },
		{ PROBE_UDP, "no", false, "udp: said no" },
		{ PROBE_TCP, "ok", true, "tcp: said ok" },
		{ PROBE_TCP, "no", false, "tcp: said no" },
		{ PROBE_TCP, "o", false, "closed in the middle" },
		{ PROBE_CONNECT, "", true, "connected" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct answer answer = { .text = cases[i].text };
		struct addr to;

		answer.fd = listener(cases[i].kind == PROBE_UDP ? SOCK_DGRAM : SOCK_STREAM, &to);
		answer.poll.data = &answer;
		uv_poll_init(&loop, &answer.poll, answer.fd);
		uv_poll_start(&answer.poll, UV_READABLE, cases[i].kind == PROBE_UDP ? on_datagram : on_connection);
		struct probe probe = probe_of(cases[i].kind, &to);
		probe.timeout_ms = 20000;
		told = 0;
		probe_start(&loop, &probe);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(told, 1);
		/* A peer that closes with our request unread may reset the connection: that is no answer either. */
		if (strcmp(cases[i].words, "closed in the middle") != 0 || strstr(told_words, "reset") == NULL)
			assert_non_null(strstr(told_words, cases[i].words));
		assert_int_equal(told_good, cases[i].good);
		close(answer.fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spawn), cmocka_unit_test(test_silence_and_refusal), cmocka_unit_test(test_answers),
	};

	uv_loop_init(&loop);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + uv_loop_close(&loop);
}
