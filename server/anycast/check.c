/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/check.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/anycast/judge.h"
#include "server/anycast/spawn.h"
#include "server/node.h"
#include "server/pulse.h"
#include "server/tls_client.h"
#include "zone/text.h"

static void run(uv_timer_t *timer);

/* ---- A run and its parts ---- */

static uint64_t jittered(uint64_t ms)
{
	uint32_t random = (uint32_t)(uv_hrtime() * 2654435761u >> 8);
	uint64_t fifth = ms / 5;

	return ms - fifth / 2 + (fifth > 0 ? random % fifth : 0);
}

static void settle(struct check *check, bool good)
{
	const struct conf_service *service = check->service;
	enum check_state before = check->state;
	bool news = !good || !check->last_good || !check->ready;

	check->row = check->row > 0 && check->last_good == good ? check->row + 1 : 1;
	check->last_good = good;
	check->runs++;
	check->failures += !good;
	check->took_ns = clock_monotonic_ns() - check->began_ns;
	snprintf(check->words, sizeof check->words, "%s", check->run_words);
	if (good && check->probed >= check->needed)
		check->ready = true;
	if (good && check->row >= service->rise)
		check->state = CHECK_UP;
	else if (!good && check->row >= service->fall)
		check->state = CHECK_DOWN;
	if (check->state != before)
		check->since = clock_wall_s();
	if (check->state != before || news)
		check->changed(check->ctx, check);
}

void check_part(struct check *check)
{
	check->pending++;
}

/* The words of the first part that fails are those of the run, else the last good ones. */
void check_part_done(struct check *check, bool good, const char *words)
{
	if (check->run_good && words != NULL)
		snprintf(check->run_words, sizeof check->run_words, "%s", words);
	check->run_good = check->run_good && good;
	if (--check->pending > 0)
		return;
	uint64_t took_ms = (clock_monotonic_ns() - check->began_ns) / 1000000, interval = jittered(check->service->interval_ms);
	uv_timer_start(&check->timer, run, took_ms < interval ? interval - took_ms : 0, 0);
	settle(check, check->run_good);
}

/* ---- Parts that are probes ---- */

struct check_probe {
	struct probe probe;
	struct check *check;
	struct check_probe *next, **link;	/* among the check's */
	union {
		struct judge_dns dns;
		struct judge_http http;
	};
	size_t zone;
	uint8_t nsid[CONF_NSID_MAX];
	char host[CONF_TXT_MAX + 1];
};

static void take_out(struct check_probe *probe)
{
	*probe->link = probe->next;
	if (probe->next != NULL)
		probe->next->link = probe->link;
	mem_free(probe);
}

static void on_probed(struct probe *base, bool good, const char *words)
{
	struct check_probe *probe = (struct check_probe *)base;
	struct check *check = probe->check;
	char copy[PROBE_WORDS_MAX];

	snprintf(copy, sizeof copy, "%s", words);
	if (!good && check->run_good)
		check->failed = probe->zone;
	take_out(probe);
	check_part_done(check, good, copy);
}

static struct check_probe *new_probe(struct check *check, enum probe_kind kind, const struct addr *to)
{
	struct check_probe *probe = mem_alloc(sizeof *probe);

	probe->check = check;
	probe->zone = CHECK_NO_ZONE;
	probe->probe = (struct probe){
		.kind = kind, .to = *to, .timeout_ms = check->service->timeout_ms, .done = on_probed, .ctx = probe,
	};
	probe->next = check->probes;
	probe->link = &check->probes;
	if (probe->next != NULL)
		probe->next->link = &probe->next;
	check->probes = probe;
	check_part(check);
	return probe;
}

static enum probe_verdict judge_dns(void *ctx, struct span reply, char words[PROBE_WORDS_MAX])
{
	const struct check_probe *probe = ctx;

	return judge_dns_answer(&probe->dns, reply, words);
}

static enum probe_verdict judge_http(void *ctx, struct span reply, char words[PROBE_WORDS_MAX])
{
	const struct check_probe *probe = ctx;

	return judge_http_answer(&probe->http, reply, words);
}

void check_probe_dns(struct check *check, enum probe_kind kind, const struct addr *to, const struct check_question *question,
		     bool ours)
{
	struct check_probe *probe = new_probe(check, kind, to);
	struct span nsid = check->node->dataset->identity.nsid;

	probe->zone = question->zone;
	memcpy(probe->nsid, nsid.at, nsid.len);
	probe->dns = (struct judge_dns){
		.name = question->name, .type = question->type, .class = question->class, .id = (uint16_t)(uv_hrtime() * 2654435761u >> 16),
		.stream = kind == PROBE_TCP, .ours = ours, .nsid = { probe->nsid, ours ? nsid.len : 0 },
	};
	probe->probe.judge = judge_dns;
	probe->probe.request_len = judge_dns_ask(&probe->dns, probe->probe.request, sizeof probe->probe.request);
	check->asked += ours;
	probe_start(check->node->loop, &probe->probe);
}

static void ask_http(struct check_probe *probe, const char *host, const char *path, bool ours)
{
	struct check *check = probe->check;

	snprintf(probe->host, sizeof probe->host, "%s", host);
	probe->http = (struct judge_http){ probe->host, path, ours ? check->node->conf->node.name : NULL };
	probe->probe.judge = judge_http;
	probe->probe.request_len = judge_http_ask(&probe->http, probe->probe.request, sizeof probe->probe.request);
	check->asked += ours;
	probe_start(check->node->loop, &probe->probe);
}

void check_probe_http(struct check *check, const struct addr *to, const char *host, const char *path, bool ours)
{
	ask_http(new_probe(check, PROBE_TCP, to), host, path, ours);
}

void check_probe_https(struct check *check, const struct addr *to, const char *host, const char *path)
{
	if (check->tls == NULL)
		check->tls = tls_client_new();
	if (check->tls == NULL) {
		check_part(check);
		check_part_done(check, false, "tls: out of memory");
		return;
	}
	struct check_probe *probe = new_probe(check, PROBE_TLS, to);
	probe->probe.tls = check->tls;
	probe->probe.tls_host = probe->host;
	ask_http(probe, host, path, true);
}

void check_probe_connect(struct check *check, const struct addr *to)
{
	probe_start(check->node->loop, &new_probe(check, PROBE_CONNECT, to)->probe);
}

/* ---- The kinds that are short ---- */

struct check_pulse {
	struct check *check;	/* NULL: closed meanwhile */
};

static void on_pulse(void *ctx, const bool *turned, unsigned standing)
{
	struct check_pulse *pulse = ctx;
	struct check *check = pulse->check;
	char words[PROBE_WORDS_MAX];

	(void)turned;
	mem_free(pulse);
	if (check == NULL)
		return;
	check->pulse = NULL;
	snprintf(words, sizeof words, "%u of %u workers turn", check->node->worker_count - standing, check->node->worker_count);
	check_part_done(check, standing == 0, words);
}

static void run_workers(struct check *check)
{
	check->pulse = mem_alloc(sizeof *check->pulse);
	check->pulse->check = check;
	check_part(check);
	pulse_ask(check->node, check->service->timeout_ms, on_pulse, check->pulse);
}

static void run_tcp_at(struct check *check)
{
	check_probe_connect(check, &check->conf->addr);
}

static void run_dns_at(struct check *check)
{
	const struct check_question question = { check->name, check->type, DNS_CLASS_IN, CHECK_NO_ZONE };

	check_probe_dns(check, PROBE_UDP, &check->conf->addr, &question, false);
}

static void run_http_at(struct check *check)
{
	char host[ADDR_TEXT_MAX], field[ADDR_TEXT_MAX + 2];
	bool ipv6 = check->conf->addr.any.sa_family == AF_INET6;

	addr_print_host(&check->conf->addr, host, sizeof host);
	snprintf(field, sizeof field, "%s%s%s", ipv6 ? "[" : "", host, ipv6 ? "]" : "");
	check_probe_http(check, &check->conf->addr, field, check->conf->path, false);
}

static void on_ended(void *ctx, bool ok, const char *words)
{
	struct check *check = ctx;

	check->spawn = NULL;
	check_part_done(check, ok, words);
}

static void run_exec(struct check *check)
{
	const char *args[] = { check->conf->path, NULL };
	char name[CONF_TXT_MAX + 20];
	const char *env[] = { name, NULL };

	snprintf(name, sizeof name, "CATCHMENT_SERVICE=%s", check->service->name);
	check_part(check);
	check->spawn = spawn_start(check->node->loop, args, env, check->service->timeout_ms, on_ended, check);
}

static void run(uv_timer_t *timer)
{
	static void (*const kinds[])(struct check *check) = {
		[CONF_CHECK_DNS] = check_run_dns, [CONF_CHECK_ZONES] = check_run_zones, [CONF_CHECK_HTTP] = check_run_http,
		[CONF_CHECK_REDIRECT] = check_run_redirect, [CONF_CHECK_WORKERS] = run_workers,
		[CONF_CHECK_TCP_AT] = run_tcp_at, [CONF_CHECK_DNS_AT] = run_dns_at, [CONF_CHECK_HTTP_AT] = run_http_at,
		[CONF_CHECK_EXEC] = run_exec,
	};
	struct check *check = timer->data;

	check->began_ns = clock_monotonic_ns();
	check->run_good = true;
	check->run_words[0] = '\0';
	/* One part of its own, so that a run whose parts end at once ends once. */
	check_part(check);
	kinds[check->conf->kind](check);
	check_part_done(check, true, NULL);
}

void check_start(struct check *check, struct node *node, const struct conf_service *service,
		 const struct conf_service_check *conf, void (*changed)(void *ctx, struct check *check), void *ctx)
{
	*check = (struct check){
		.conf = conf, .service = service, .node = node, .changed = changed, .ctx = ctx, .since = clock_wall_s(),
		.ready = conf->kind != CONF_CHECK_DNS, .words = "not run yet", .last_good = true,
		.failed = CHECK_NO_ZONE,
	};
	if (conf->kind == CONF_CHECK_DNS_AT
	    && (name_from_text(conf->name, &check->name) != 0 || zone_text_type_parse(conf->type, &check->type) != 0))
		check->type = DNS_SOA;	/* seed_check() has refused it */
	uv_timer_init(node->loop, &check->timer);
	check->timer.data = check;
	uv_timer_start(&check->timer, run, 0, 0);
}

void check_close(struct check *check)
{
	uv_close((uv_handle_t *)&check->timer, NULL);
	while (check->probes != NULL) {
		probe_abandon(&check->probes->probe);
		take_out(check->probes);
	}
	if (check->spawn != NULL)
		spawn_abandon(check->spawn);
	if (check->pulse != NULL)
		check->pulse->check = NULL;
	tls_client_free(check->tls);
	check->tls = NULL;
}

bool check_is_soft(enum conf_service_check_kind kind)
{
	static const bool soft[] = {
		[CONF_CHECK_DNS] = false, [CONF_CHECK_ZONES] = false, [CONF_CHECK_HTTP] = false, [CONF_CHECK_WORKERS] = false,
		[CONF_CHECK_REDIRECT] = true, [CONF_CHECK_TCP_AT] = true, [CONF_CHECK_DNS_AT] = true, [CONF_CHECK_HTTP_AT] = true,
		[CONF_CHECK_EXEC] = true,
	};

	return soft[kind];
}

const char *check_state_name(enum check_state state)
{
	return state == CHECK_UP ? "up" : state == CHECK_DOWN ? "down" : "new";
}
