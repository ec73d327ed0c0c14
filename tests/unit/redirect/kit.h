/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of redirect/ share: a site table built from text, and a connection whose answers become one line. */
#ifndef TESTS_UNIT_REDIRECT_KIT_H
#define TESTS_UNIT_REDIRECT_KIT_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "conf/conf.h"
#include "redirect/health.h"
#include "redirect/http.h"
#include "redirect/sites.h"

#define KIT_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KIT_NODE "fra1"
#define KIT_DATE "Sun, 06 Nov 1994 08:49:37 GMT"

/* A site in words: hosts, targets and fallbacks are separated by blanks, "URL*WEIGHT" has a weight other than 1. */
struct kit_site {
	const char *hosts, *targets, *fallback, *writes;
	unsigned status;	/* 0: 302 */
};

static inline size_t kit_words(const char *text, char **words, size_t most)
{
	char *copy = mem_string(text ? text : ""), *rest;
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		assert_true(count < most);
		words[count++] = mem_string(word);
	}
	mem_free(copy);
	return count;
}

enum { KIT_WORDS = 48, KIT_SITES = 16 };

static inline size_t kit_targets(const char *text, unsigned line, struct conf_target *targets)
{
	char *words[KIT_WORDS];
	size_t count = kit_words(text, words, KIT_WORDS);

	for (size_t i = 0; i < count; i++) {
		char *weight = strchr(words[i], '*');

		targets[i] = (struct conf_target){ .url = words[i], .weight = 1, .line = line + 1 + (unsigned)i };
		if (weight != NULL) {
			targets[i].weight = (unsigned)atoi(weight + 1);
			*weight = '\0';
		}
	}
	return count;
}

/* Fills in what struct kit_site has no word for; set by a test, called before each table is built. */
static void (*kit_more)(struct conf *conf) __attribute__((unused));

/* Site i begins in line 10 * (i + 1). Gives what redirect_sites_new() gave. */
static inline int kit_build(const struct kit_site *rows, size_t count, const char *node, const char *region,
			    struct redirect_sites **ret_sites, struct err_list *errors)
{
	static char *hosts[KIT_SITES][KIT_WORDS];
	static struct conf_target targets[KIT_SITES][KIT_WORDS], fallback[KIT_SITES][KIT_WORDS];
	struct conf_site sites[KIT_SITES] = { 0 };
	struct conf conf = { .sites = sites, .site_count = count };

	assert_true(count <= KIT_SITES);
	conf.file = mem_string("node.yaml");
	conf.node.name = mem_string(node);
	conf.node.region = mem_string(region);
	for (size_t i = 0; i < count; i++) {
		unsigned line = 10 * (unsigned)(i + 1);

		sites[i] = (struct conf_site){
			.hosts = hosts[i],
			.host_count = kit_words(rows[i].hosts, hosts[i], KIT_WORDS),
			.status = rows[i].status ? rows[i].status : 302,
			.writes = mem_string(rows[i].writes),
			.targets = targets[i],
			.target_count = kit_targets(rows[i].targets, line, targets[i]),
			.fallback = fallback[i],
			.fallback_count = kit_targets(rows[i].fallback, line + 4, fallback[i]),
			.line = line,
		};
	}
	if (kit_more != NULL)
		kit_more(&conf);
	int result = redirect_sites_new(&conf, ret_sites, errors);

	/* Nothing in the table may point back into the configuration. */
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < sites[i].host_count; j++)
			mem_free(hosts[i][j]);
		for (size_t j = 0; j < sites[i].target_count; j++)
			mem_free(targets[i][j].url);
		for (size_t j = 0; j < sites[i].fallback_count; j++)
			mem_free(fallback[i][j].url);
		mem_free(sites[i].writes);
	}
	mem_free(conf.file);
	mem_free(conf.node.name);
	mem_free(conf.node.region);
	return result;
}

static inline struct redirect_sites *kit_made(const struct kit_site *rows, size_t count)
{
	struct err_list errors = { 0 };
	struct redirect_sites *made = NULL;
	int result = kit_build(rows, count, KIT_NODE, "eu", &made, &errors);

	for (size_t i = 0; i < errors.kept; i++)
		print_error("%s\n", errors.notes[i].text);
	assert_int_equal(result, 0);
	err_list_fini(&errors);
	return made;
}

/* The sites of most tests. */
static inline struct redirect_sites *kit_sites(void)
{
	static const struct kit_site rows[] = {
		{ "dl.example.org *.mirror.example.org", "https://{node}.content.example.org", NULL, NULL, 0 },
		{ "*.echo.example.org", "https://{host}/{region}/{host}", NULL, NULL, 0 },
		{ "see.example.org [2001:DB8:0::80]", "http://192.0.2.7:8080/", NULL, NULL, 303 },
		{ "prefix.example.org", "https://cdn.example.net/base/path//", NULL, NULL, 307 },
		{ "spare.example.org", "https://off.example.net*0",
		  "https://ams1.example.net https://lon1.example.net", NULL, 0 },
		{ "writes.example.org", "https://w.example.net", NULL, "https://origin.example.org/api/", 0 },
	};

	return kit_made(rows, KIT_COUNT(rows));
}

/* Nothing works but what is set up afterwards. */
static inline struct redirect_health *kit_all_down(const struct redirect_sites *sites)
{
	struct redirect_health *health = redirect_health_new(sites);

	for (size_t id = 0; id < redirect_sites_target_count(sites); id++) {
		const struct redirect_target *target = redirect_sites_target(sites, id);

		for (size_t i = 0; i < target->endpoint_count; i++)
			redirect_health_set(health, target, &target->endpoints[i], false);
	}
	return health;
}

static inline void kit_set(struct redirect_health *health, const struct redirect_target *target, bool up)
{
	for (size_t i = 0; i < target->endpoint_count; i++)
		redirect_health_set(health, target, &target->endpoints[i], up);
}

/* A client's view of one connection. */
struct kit {
	struct redirect_env env;
	struct redirect_client client;
	struct redirect_scratch scratch;
	struct redirect_http http;
	uint8_t out[2 * REDIRECT_HTTP_OUT_MIN];
	char *all;				/* every byte that was answered */
	size_t all_len, all_room;
	char said[64 << 10];			/* "302 URL, 404, open" */
	size_t said_len, answers, seen;
	bool close;
};

static inline void kit_answered(void *ctx, const struct redirect_answer *answer)
{
	struct kit *kit = ctx;

	assert_int_equal(answer->status / 100 == 3, answer->target != NULL);
	kit->answers++;
	kit->said_len += (size_t)snprintf(kit->said + kit->said_len, sizeof kit->said - kit->said_len, "%u,%zu ",
					  answer->status, answer->bytes);
}

static inline void kit_open(struct kit *kit, const struct redirect_sites *sites)
{
	char *all = kit->all;
	size_t room = kit->all_room;

	memset(kit, 0, offsetof(struct kit, scratch));
	kit->http = (struct redirect_http){ 0 };
	kit->all = all;
	kit->all_room = room;
	kit->all_len = kit->said_len = kit->answers = 0;
	kit->said[0] = '\0';
	kit->close = false;
	kit->env = (struct redirect_env){ .sites = sites, .answered = kit_answered, .ctx = kit, .random = 1 };
	kit->client = (struct redirect_client){ .family = REDIRECT_IPV4, .tag = kit };
	memcpy(kit->env.date, KIT_DATE, sizeof kit->env.date);
}

static inline void kit_keep(struct kit *kit, size_t len)
{
	while (kit->all_room < kit->all_len + len + 1) {
		kit->all_room = kit->all_room ? kit->all_room * 2 : 4096;
		kit->all = mem_resize(kit->all, kit->all_room, 1);
	}
	memcpy(kit->all + kit->all_len, kit->out, len);
	kit->all_len += len;
	kit->all[kit->all_len] = '\0';
}

/* One read of the server, in a block of its own so that a sanitizer sees every byte too many, and dead afterwards. */
static inline void kit_feed(struct kit *kit, const void *bytes, size_t len)
{
	uint8_t *in = mem_copy(bytes, len);
	size_t at = 0;
	struct redirect_fed fed;

	do {
		/* Room for some answers and no more: what does not fit must come in the next round. */
		redirect_http_feed(&kit->http, &kit->env, &kit->client, &kit->scratch, in + at, len - at, kit->out,
				   REDIRECT_HTTP_OUT_MIN + 512, &fed);
		at += fed.consumed;
		kit_keep(kit, fed.produced);
		assert_true(fed.full || at == len);
		assert_true(fed.produced != 0 || !fed.full);
	} while (fed.full);
	kit->close = fed.close;
	mem_free(in);
}

static inline const char *kit_field(const char *head, const char *end, const char *name, size_t *ret_len)
{
	for (const char *line = strstr(head, "\r\n"); line != NULL && line < end - 2; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, strlen(name)) == 0 && line[2 + strlen(name)] == ':') {
			const char *value = line + 2 + strlen(name) + 2;

			*ret_len = (size_t)(strstr(value, "\r\n") - value);
			return value;
		}
	return NULL;
}

/* Checks each answer's form and gives "302 URL, 404, open": open, wait (a head has begun) or close. */
static inline const char *kit_said(struct kit *kit)
{
	static char text[256 << 10];
	char *to = text;
	const char *at = kit->all, *row = kit->said;

	for (size_t i = 0; i < kit->answers; i++) {
		unsigned status;
		size_t bytes, len;
		int used;

		assert_int_equal(sscanf(row, "%u,%zu %n", &status, &bytes, &used), 2);
		row += used;
		const char *end = strstr(at, "\r\n\r\n") + 4, *value;
		char line[16];
		snprintf(line, sizeof line, "HTTP/1.1 %u ", status);
		assert_memory_equal(at, line, strlen(line));
		value = kit_field(at, end, "X-Node", &len);
		assert_non_null(value);
		assert_memory_equal(value, KIT_NODE "\r", sizeof KIT_NODE);
		value = kit_field(at, end, "Date", &len);
		assert_memory_equal(value, KIT_DATE "\r", sizeof KIT_DATE);
		to += sprintf(to, "%u", status);
		value = kit_field(at, end, "Location", &len);
		assert_int_equal(value != NULL, status / 100 == 3);
		if (value != NULL)
			to += sprintf(to, " %.*s", (int)len, value);
		value = kit_field(at, end, "Content-Length", &len);
		assert_int_equal(value == NULL, status == 204);
		if ((size_t)(at + bytes - end) != 0)
			assert_int_equal(strtoul(value, NULL, 10), at + bytes - end);
		for (const char *byte = at; byte < end; byte++)
			assert_true((*byte >= 0x20 && *byte < 0x7f) || *byte == '\r' || *byte == '\n');
		value = kit_field(at, end, "Connection", &len);
		if (i + 1 < kit->answers)
			assert_true(value == NULL || len != 5);
		else
			assert_int_equal(value != NULL && len == 5, kit->close);
		to += sprintf(to, ", ");
		at += bytes;
	}
	assert_ptr_equal(at, kit->all == NULL ? at : kit->all + kit->all_len);
	sprintf(to, "%s", kit->close ? "close" : redirect_http_idle(&kit->http) ? "open" : "wait");
	return text;
}

static inline void kit_close(struct kit *kit)
{
	redirect_http_fini(&kit->http);
}

#endif
