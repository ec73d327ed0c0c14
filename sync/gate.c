/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/gate.h"

#include <inttypes.h>
#include <string.h>

#include "sync/json_view.h"

#define FILE_NAME "policy/gate.json"

enum {
	SAMPLES = 100, SERVFAIL = 20, NXDOMAIN = 200, REFUSED = 100, HTTP_5XX = 50, LATENCY = 3000, LATENCY_US = 4000,
	MEMORY = 500, MEMORY_LEAST = 64 << 20, LOST_MASTER_S = 300, PERMILLE_MAX = 1000000, DAY_S = 86400,
};

void gate_default(struct gate *ret_gate)
{
	*ret_gate = (struct gate){
		.min_samples = SAMPLES,
		.more_permille = { [GATE_SERVFAIL] = SERVFAIL, [GATE_NXDOMAIN] = NXDOMAIN, [GATE_REFUSED] = REFUSED,
				   [GATE_HTTP_5XX] = HTTP_5XX },
		.latency_permille = LATENCY, .latency_least_us = LATENCY_US,
		.memory_permille = MEMORY, .memory_least = MEMORY_LEAST,
		.lost_master_s = LOST_MASTER_S,
	};
}

/* ---- reading ---- */

struct key {
	const char *name;
	int64_t *value, least, most;
};

static int take(const struct key *keys, const struct json_member *member, struct err_note *note)
{
	for (const struct key *key = keys; key->name != NULL; key++) {
		int64_t value;

		if (strcmp(key->name, member->name) != 0)
			continue;
		if (!json_view_integer(member->value, &value) || value < key->least || value > key->most) {
			err_note_set(note, FILE_NAME, 0, "%s: expected a number from %" PRId64 " to %" PRId64, key->name,
				     key->least, key->most);
			return ERR_INVALID;
		}
		*key->value = value;
		return 0;
	}
	err_note_set(note, FILE_NAME, 0, "it has a limit that this version does not know: %.100s", member->name);
	return ERR_INVALID;
}

int gate_parse(struct span json, struct gate *ret_gate, struct err_note *note)
{
	struct json_view *document = json_view_parse(json, note);
	struct json_member member = { 0 };
	struct gate gate;
	int64_t version = 0;
	const struct key keys[] = {
		{ "v", &version, 1, 1 },
		{ "min_samples", &gate.min_samples, 1, INT32_MAX },
		{ "servfail_permille", &gate.more_permille[GATE_SERVFAIL], 0, 1000 },
		{ "nxdomain_permille", &gate.more_permille[GATE_NXDOMAIN], 0, 1000 },
		{ "refused_permille", &gate.more_permille[GATE_REFUSED], 0, 1000 },
		{ "http_5xx_permille", &gate.more_permille[GATE_HTTP_5XX], 0, 1000 },
		{ "latency_permille", &gate.latency_permille, 0, PERMILLE_MAX },
		{ "latency_least_us", &gate.latency_least_us, 0, INT32_MAX },
		{ "memory_permille", &gate.memory_permille, 0, PERMILLE_MAX },
		{ "memory_least", &gate.memory_least, 0, INT64_C(1) << 40 },
		{ "lost_master", &gate.lost_master_s, 0, DAY_S },
		{ NULL, NULL, 0, 0 },
	};
	int err = 0;

	if (document == NULL)
		return ERR_SYNTAX;
	gate_default(&gate);
	while (err == 0 && json_view_is_object(document) && json_view_next(document, &member))
		err = take(keys, &member, note);
	json_view_free(document);
	if (err == 0 && version != 1) {
		err_note_set(note, FILE_NAME, 0, "expected {\"v\":1,...}");
		err = ERR_INVALID;
	}
	if (err == 0)
		*ret_gate = gate;
	return err;
}

/* ---- judging ---- */

static const struct {
	const char *what, *key;
	enum gate_service service;
} rates[GATE_RATES] = {
	[GATE_SERVFAIL] = { "answers are SERVFAIL", "servfail_permille", GATE_DNS },
	[GATE_NXDOMAIN] = { "answers are NXDOMAIN", "nxdomain_permille", GATE_DNS },
	[GATE_REFUSED] = { "answers are REFUSED", "refused_permille", GATE_DNS },
	[GATE_HTTP_5XX] = { "HTTP answers are 5xx", "http_5xx_permille", GATE_HTTP },
};

static uint64_t answers(const struct gate_reading *from, const struct gate_reading *to, enum gate_service service)
{
	return to->answers[service] - from->answers[service];
}

static enum gate_verdict judge_rate(const struct gate *gate, enum gate_rate rate, const struct gate_reading *before,
				    const struct gate_reading *at, const struct gate_reading *now, struct err_note *note)
{
	uint64_t was = answers(before, at, rates[rate].service), is = answers(at, now, rates[rate].service);

	if (was < (uint64_t)gate->min_samples || is < (uint64_t)gate->min_samples)
		return GATE_UNJUDGED;
	uint64_t had = (at->rate[rate] - before->rate[rate]) * 1000 / was;
	uint64_t has = (now->rate[rate] - at->rate[rate]) * 1000 / is;
	if (has <= had + (uint64_t)gate->more_permille[rate])
		return GATE_GOOD;
	err_note_set(note, NULL, 0, "gate %s: of a thousand %s %" PRIu64 ", %" PRIu64 " were before, %" PRId64
		     " more may be", rates[rate].key, rates[rate].what, has, had, gate->more_permille[rate]);
	return GATE_BAD;
}

static uint64_t timed(const struct gate_reading *from, const struct gate_reading *to, enum gate_service service)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < GATE_BUCKETS; i++)
		count += to->latency[service][i] - from->latency[service][i];
	return count;
}

/* Upper bound of the bucket in which the 99th percentile lies. */
static uint64_t p99_us(const struct gate_reading *from, const struct gate_reading *to, enum gate_service service)
{
	uint64_t below = timed(from, to, service) / 100, above = 0;
	unsigned bucket = GATE_BUCKETS - 1;

	/* From the longest down, until more than a hundredth lies behind. */
	for (; bucket > 0; bucket--) {
		above += to->latency[service][bucket] - from->latency[service][bucket];
		if (above > below)
			break;
	}
	return UINT64_C(1) << bucket;
}

static enum gate_verdict judge_latency(const struct gate *gate, enum gate_service service,
				       const struct gate_reading *before, const struct gate_reading *at,
				       const struct gate_reading *now, struct err_note *note)
{
	uint64_t enough = (uint64_t)gate->min_samples;

	if (timed(before, at, service) < enough || timed(at, now, service) < enough)
		return GATE_UNJUDGED;
	uint64_t was = p99_us(before, at, service), is = p99_us(at, now, service);
	if (is <= (uint64_t)gate->latency_least_us || is * 1000 <= was * (1000 + (uint64_t)gate->latency_permille))
		return GATE_GOOD;
	err_note_set(note, NULL, 0, "gate latency_permille: 99 of 100 answers%s take up to %" PRIu64 " us, %" PRIu64
		     " us before, %" PRId64 " in a thousand more may be", service == GATE_HTTP ? " over HTTP" : "", is, was,
		     gate->latency_permille);
	return GATE_BAD;
}

static enum gate_verdict judge_memory(const struct gate *gate, const struct gate_reading *at,
				      const struct gate_reading *now, struct err_note *note)
{
	if (at->memory == 0 || now->memory == 0)
		return GATE_UNJUDGED;
	uint64_t more = now->memory > at->memory ? now->memory - at->memory : 0;
	if (more <= (uint64_t)gate->memory_least || more <= at->memory / 1000 * (uint64_t)gate->memory_permille)
		return GATE_GOOD;
	err_note_set(note, NULL, 0, "gate memory_permille: %" PRIu64 " MiB are resident, %" PRIu64 " MiB were before, %"
		     PRId64 " in a thousand more may be", now->memory >> 20, at->memory >> 20, gate->memory_permille);
	return GATE_BAD;
}

enum gate_verdict gate_judge(const struct gate *gate, const struct gate_reading *before, const struct gate_reading *at,
			     const struct gate_reading *now, struct err_note *note)
{
	enum gate_verdict verdict = judge_memory(gate, at, now, note);

	for (enum gate_rate rate = 0; rate < GATE_RATES && verdict != GATE_BAD; rate++) {
		enum gate_verdict one = judge_rate(gate, rate, before, at, now, note);

		verdict = one > verdict ? one : verdict;
	}
	for (enum gate_service service = 0; service < GATE_SERVICES && verdict != GATE_BAD; service++) {
		enum gate_verdict one = judge_latency(gate, service, before, at, now, note);

		verdict = one > verdict ? one : verdict;
	}
	return verdict;
}

bool gate_is_enough(const struct gate *gate, const struct gate_reading *from, const struct gate_reading *to)
{
	uint64_t enough = (uint64_t)gate->min_samples;

	return answers(from, to, GATE_DNS) >= enough || answers(from, to, GATE_HTTP) >= enough;
}
