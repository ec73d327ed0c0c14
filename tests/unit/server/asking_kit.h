/* SPDX-License-Identifier: Apache-2.0 */
/* A node that only asks: a loop, events, and the sites of a text; and a server of the test that is asked. */
#ifndef TESTS_UNIT_SERVER_ASKING_KIT_H
#define TESTS_UNIT_SERVER_ASKING_KIT_H

#include <signal.h>

#include "conf/base/mem.h"
#include "conf/conf.h"
#include "server/events.h"
#include "server/node.h"
#include "tests/unit/sync/web_server.h"

static struct web_server asked;
static struct node node;
static uv_loop_t loop;

/* What is said of each path; %u in text is the port of asked. */
static inline struct dataset *asking_dataset(const char *sites, uint64_t generation)
{
	struct dataset *dataset = mem_alloc(sizeof *dataset);
	struct err_list errors = { 0 };
	struct conf *conf;
	char text[4096], *at = text;

	at += sprintf(at, "node: {name: n1}\nredirect: {listen: [127.0.0.1@80]}\nsites:\n");
	for (; *sites != '\0'; sites++) {
		if (*sites == '%')
			at += sprintf(at, "%u", asked.port);
		else
			*at++ = *sites;
	}
	*at = '\0';
	int err = conf_parse("/nowhere/node.yaml", text, strlen(text), &conf, &errors);
	if (err != 0)
		fail_msg("%s", errors.notes[0].text);
	if (redirect_sites_new(conf, &dataset->sites, &errors) != 0)
		fail_msg("%s", errors.notes[0].text);
	dataset->health = redirect_health_new(dataset->sites);
	dataset->generation = generation;
	conf_free(conf);
	return dataset;
}

static inline void asking_free(struct dataset *dataset)
{
	redirect_health_free(dataset->health);
	redirect_sites_free(dataset->sites);
	mem_free(dataset);
}

static inline void asking_start(web_answer_fn *answer, const char *sites)
{
	signal(SIGPIPE, SIG_IGN);
	web_server_start(&asked, AF_INET, NULL, answer);
	assert_int_equal(uv_loop_init(&loop), 0);
	node = (struct node){ .loop = &loop, .events = events_new() };
	node.dataset = asking_dataset(sites, 1);
	log_set_level(LOG_LEVEL_ERROR);
}

/* After what stands on the loop was closed and freed. */
static inline void asking_stop(void)
{
	assert_int_equal(uv_loop_close(&loop), 0);
	asking_free(node.dataset);
	events_free(node.events);
	web_server_stop(&asked);
}

/* Turns the loop until fact holds, at most 20 s. */
#define TURN_UNTIL(fact) \
	do { \
		uint64_t end = uv_hrtime() + UINT64_C(20000000000); \
		while (!(fact)) { \
			assert_true(uv_hrtime() < end); \
			uv_run(&loop, UV_RUN_NOWAIT); \
			web_sleep_ms(1); \
		} \
	} while (0)

#endif
