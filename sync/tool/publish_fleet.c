/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet: every node that is known is asked what it serves: over DNS (CH TXT, SOA) and for its signed report. Two
 * nodes with one serial and different sums are the one thing that must never be: memory, a bug, or somebody.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/key.h"
#include "sync/tool/fetch_web.h"
#include "sync/tool/publish_ask.h"
#include "sync/tool/publish_call.h"
#include "sync/tuf_match.h"

enum { REPORT_MAX = 16 << 20, ZONES_ASKED = 20, TIMEOUT_MS = 3000 };

struct fleet {
	struct publish_call *call;
	struct fetch_web *web;
	uint64_t timeout_ms;
	struct json_view *out;		/* node to what is known of it */
	struct json_view *zones;	/* name to {"head", "prev", "sum"}: what is released */
	struct json_view *seen;		/* "ZONE SERIAL" to {"sum", "node"}: who said it first */
	bool bad;			/* something is not as it should be */
	bool alarm;			/* a node is on other records, went back, or signs nothing */
};

static int64_t integer_of(struct json_view *object, const char *name, int64_t otherwise)
{
	int64_t value;

	return json_view_integer(json_view_member(object, name), &value) ? value : otherwise;
}

static void list_zones(struct fleet *fleet)
{
	struct json_member item = { 0 };

	while (json_view_next(publish_work_items(fleet->call->opened), &item)) {
		char name[PUBLISH_PATH_MAX];
		enum publish_kind kind;
		struct err_note note;
		struct json_view *target, *custom, *zone, *prev;

		if (publish_path_kind(item.name, &kind) != 0 || kind != PUBLISH_ZONE)
			continue;
		target = publish_released(fleet->call->served, item.name, &note);
		custom = json_view_member(target, "custom");
		if (custom == NULL)
			continue;
		zone = json_build_object_in(fleet->zones, publish_path_name(item.name, name));
		json_build_set_integer(zone, "head", integer_of(custom, "head", -1));
		json_build_set_text(zone, "sum", json_view_text(json_view_member(json_view_member(custom, "state"),
										 "sum")));
		prev = json_view_member(json_view_member(custom, "rollout"), "prev");
		if (prev != NULL)
			json_build_set_integer(zone, "prev", integer_of(prev, "head", -1));
	}
}

/* The serial a node serves, against what is released; what is staged may be either. */
static void judge_serial(struct fleet *fleet, struct json_view *node, const char *zone, int64_t serial)
{
	struct json_view *released = json_view_member(fleet->zones, zone);
	struct json_view *zones = json_build_object_in(node, "zones"), *entry = json_build_object_in(zones, zone);
	int64_t head = integer_of(released, "head", -1);
	bool current = serial == head || (json_view_member(released, "prev") != NULL
					  && serial == integer_of(released, "prev", -1));

	json_build_set_integer(entry, "serial", serial);
	json_build_set_text(entry, "state", current ? "current" : serial < 0 ? "missing" : "lags");
	if (!current)
		json_build_set_integer(node, "lagging", integer_of(node, "lagging", 0) + 1);
}

/* Equal serials have equal sums, on all nodes and in what was signed. */
static void judge_sum(struct fleet *fleet, const char *name, struct json_view *node, const char *zone, int64_t serial,
		      const char *sum)
{
	struct json_view *released = json_view_member(fleet->zones, zone), *first;
	const char *signed_sum = json_view_text(json_view_member(released, "sum")), *other = NULL,
		*who = "what was signed";
	char *key = mem_format("%s %" PRId64, zone, serial);

	first = json_view_member(fleet->seen, key);
	if (serial == integer_of(released, "head", -1) && signed_sum != NULL && strcmp(signed_sum, sum) != 0) {
		other = signed_sum;
	} else if (first != NULL && strcmp(json_view_text(json_view_member(first, "sum")), sum) != 0) {
		other = json_view_text(json_view_member(first, "sum"));
		who = json_view_text(json_view_member(first, "node"));
	}
	if (first == NULL) {
		first = json_build_object_in(fleet->seen, key);
		json_build_set_text(first, "sum", sum);
		json_build_set_text(first, "node", name);
	}
	if (other != NULL) {
		char *text = mem_format("%s serial %" PRId64 ": %.16s, and %.16s by %s", zone, serial, sum, other,
					who);

		json_build_append_text(json_build_list_in(node, "diverges"), text);
		mem_free(text);
	}
	mem_free(key);
}

static void ask_dns(struct fleet *fleet, struct json_view *config, struct json_view *node)
{
	const char *text = json_view_text(json_view_member(config, "dns"));
	struct json_member zone = { 0 };
	char words[256];
	struct addr addr;
	unsigned asked = 0;

	if (text == NULL || addr_parse(text, 53, &addr) != 0)
		return;
	int err = publish_ask_text(&addr, "generation.catchment.", fleet->timeout_ms, words, sizeof words);
	json_build_set_text(node, "dns", err == 0 || err == ERR_UNKNOWN ? "answers" : err_text(err));
	if (err == 0)
		json_build_set_text(node, "generation", words);
	if (err != 0 && err != ERR_UNKNOWN)
		return;
	if (publish_ask_text(&addr, "release.catchment.", fleet->timeout_ms, words, sizeof words) == 0)
		json_build_set_text(node, "release", words);
	while (json_view_next(fleet->zones, &zone) && (fleet->call->all || asked++ < ZONES_ASKED)) {
		uint32_t serial;

		err = publish_ask_serial(&addr, zone.name, fleet->timeout_ms, &serial);
		judge_serial(fleet, node, zone.name, err == 0 ? (int64_t)serial : -1);
	}
}

/* By the key of this node that its group's list has: what others say in its name is nothing. */
static bool is_signed(struct json_view *report, const char *public_part)
{
	struct json_view *who, *keys;
	struct key *key = public_part != NULL ? key_new("ed25519", "ed25519", public_part) : NULL;
	bool good = false;

	if (key != NULL && json_view_is_object(json_view_member(report, "signed"))) {
		struct json_view *part = json_build_object();

		who = json_build_object();
		keys = json_build_object();
		json_build_set_text(part, "keytype", "ed25519");
		json_build_set_text(part, "scheme", "ed25519");
		json_build_set_text(json_build_object_in(part, "keyval"), "public", public_part);
		json_build_set(keys, public_part, part);
		/* a report names the key itself */
		json_build_append_text(json_build_list_in(who, "keyids"), public_part);
		good = publish_signed_by(report, who, keys) == 1;
		json_view_free(who);
		json_view_free(keys);
	}
	key_free(key);
	return good;
}

static void take_zone(struct fleet *fleet, const char *name, struct json_view *node, struct json_view *zone)
{
	const char *zone_name = json_view_text(json_view_member(zone, "name")),
		*sum = json_view_text(json_view_member(zone, "sum"));
	int64_t serial = integer_of(zone, "serial", -1);

	if (zone_name == NULL || json_view_member(fleet->zones, zone_name) == NULL)
		return;		/* not of this repository */
	if (json_view_member(json_view_member(node, "zones"), zone_name) == NULL)
		judge_serial(fleet, node, zone_name, serial);
	if (sum != NULL)
		judge_sum(fleet, name, node, zone_name, serial, sum);
}

static void take_report(struct fleet *fleet, const char *name, struct json_view *config, struct json_view *node,
			struct json_view *report)
{
	static const char *const taken[] = {
		"at", "release", "generation", "timestamp", "snapshot", "state", "bad", "last_result", "last_text",
		"soak_until",
	};
	struct json_view *body = json_view_member(report, "signed"), *zones = json_view_member(body, "zones");
	const char *said = json_view_text(json_view_member(body, "node"));

	if (!is_signed(report, json_view_text(json_view_member(config, "sign"))) || said == NULL
	    || strcmp(said, name) != 0) {
		json_build_set_text(node, "report", "NOT SIGNED by this node");
		return;
	}
	json_build_set_text(node, "report", "signed");
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		struct json_view *value = json_view_member(body, taken[i]);

		if (value != NULL)
			json_build_set(node, taken[i], json_build_copy(value));
	}
	for (size_t i = 0; i < json_view_count(zones); i++)
		take_zone(fleet, name, node, json_view_at(zones, i));
}

static void ask_report(struct fleet *fleet, const char *name, struct json_view *config, struct json_view *node)
{
	const char *admin = json_view_text(json_view_member(config, "admin"));
	struct transport *transport = fetch_web_transport(fleet->web);
	struct transport_buffer buffer = { 0 };
	struct err_note note = { 0 };
	struct json_view *report;

	if (admin == NULL)
		return;
	char *url = tuf_url_join(admin, "report");
	int err = transport->get(transport, url, REPORT_MAX, transport_buffer_take, &buffer, &note);
	mem_free(url);
	report = err == 0 ? json_view_parse((struct span){ buffer.bytes, buffer.len }, &note) : NULL;
	if (report != NULL)
		take_report(fleet, name, config, node, report);
	else
		json_build_set_text(node, "report", json_build_is_text(note.text) ? note.text : "not readable");
	json_view_free(report);
	mem_free(buffer.bytes);
}

/* What a node says of its last try, when it did not take what was there. */
static bool refuses(struct json_view *node)
{
	static const char *const results[] = { "trust", "content", "guard", "probe", "staging", "refused" };
	const char *result = json_view_text(json_view_member(node, "last_result"));

	for (size_t i = 0; result != NULL && i < sizeof results / sizeof results[0]; i++) {
		if (strcmp(results[i], result) == 0)
			return true;
	}
	return false;
}

static void judge(struct fleet *fleet, struct json_view *node)
{
	const char *dns = json_view_text(json_view_member(node, "dns")),
		*report = json_view_text(json_view_member(node, "report"));
	bool reported = report != NULL && strcmp(report, "signed") == 0;
	const char *verdict = "current";

	if (json_view_member(node, "diverges") != NULL)
		verdict = "DIVERGES";
	else if (report != NULL && strncmp(report, "NOT", 3) == 0)
		verdict = "UNTRUSTED";
	else if (json_view_member(node, "bad") != NULL)
		verdict = "BAD";
	else if (refuses(node))
		verdict = "REFUSES";
	else if (dns == NULL && report == NULL)
		verdict = "unknown";
	else if ((dns != NULL && strcmp(dns, "answers") != 0) || (report != NULL && !reported))
		verdict = "UNREACHABLE";
	else if (integer_of(node, "lagging", 0) > 0)
		verdict = "lags";
	json_build_set_text(node, "verdict", verdict);
	fleet->bad |= strcmp(verdict, "current") != 0 && strcmp(verdict, "unknown") != 0;
	fleet->alarm |= strcmp(verdict, "DIVERGES") == 0 || strcmp(verdict, "UNTRUSTED") == 0
		|| strcmp(verdict, "BAD") == 0
		|| strcmp(verdict, "REFUSES") == 0;
}

static const char *shown(struct json_view *object, const char *name, char *buf, size_t size)
{
	struct json_view *view = json_view_member(object, name);
	int64_t number;

	if (json_view_integer(view, &number))
		snprintf(buf, size, "%" PRId64, number);
	else
		snprintf(buf, size, "%s", json_view_text(view) != NULL ? json_view_text(view) : "-");
	return buf;
}

static void print_node(const char *name, struct json_view *node)
{
	char release[64], generation[32], timestamp[32];
	struct json_view *diverges = json_view_member(node, "diverges");
	struct json_member zone = { 0 };

	printf("%-16s %-12s release %-8s generation %-6s timestamp %-8s\n", name,
	       json_view_text(json_view_member(node, "verdict")),
	       shown(node, "release", release, sizeof release),
	       shown(node, "generation", generation, sizeof generation),
	       shown(node, "timestamp", timestamp, sizeof timestamp));
	while (json_view_next(json_view_member(node, "zones"), &zone)) {
		const char *state = json_view_text(json_view_member(zone.value, "state"));

		if (strcmp(state, "current") != 0)
			printf("  %s %s: serial %" PRId64 "\n", zone.name, state,
			       integer_of(zone.value, "serial", -1));
	}
	for (size_t i = 0; i < json_view_count(diverges); i++)
		printf("  %s\n", json_view_text(json_view_at(diverges, i)));
	const char *dns = json_view_text(json_view_member(node, "dns")),
		*report = json_view_text(json_view_member(node, "report"));
	const char *last = json_view_text(json_view_member(node, "last_text"));
	if (last != NULL && refuses(node))
		printf("  %s\n", last);
	if (dns != NULL && strcmp(dns, "answers") != 0)
		printf("  dns: %s\n", dns);
	if (report != NULL && strcmp(report, "signed") != 0)
		printf("  report: %s\n", report);
}

/* Asks them all. 0 or an exit code. */
static int look(struct fleet *fleet, bool quiet)
{
	struct publish_call *call = fleet->call;
	struct json_member config = { 0 };

	fleet->timeout_ms = TIMEOUT_MS;
	if (call->timeout != NULL && units_duration(call->timeout, &fleet->timeout_ms) != 0)
		return publish_call_wrong(call, "--timeout %s: expected a time, as in 5s", call->timeout);
	if ((fleet->web = fetch_web_new(call->ca)) == NULL)
		return publish_call_say(call, "libcurl does not start");
	fleet->out = json_build_object();
	fleet->zones = json_build_object();
	fleet->seen = json_build_object();
	list_zones(fleet);
	while (json_view_next(json_view_member(call->opened->config, "nodes"), &config)) {
		struct json_view *node = json_build_object_in(fleet->out, config.name);

		ask_dns(fleet, config.value, node);
		ask_report(fleet, config.name, config.value, node);
		judge(fleet, node);
		if (!quiet)
			print_node(config.name, node);
	}
	return PUBLISH_DONE;
}

static void fini(struct fleet *fleet)
{
	json_view_free(fleet->out);
	json_view_free(fleet->zones);
	json_view_free(fleet->seen);
	fetch_web_free(fleet->web);
}

int publish_fleet_command(struct publish_call *call)
{
	struct fleet fleet = { .call = call };
	int exit = publish_call_open(call);

	if (exit == PUBLISH_DONE)
		exit = look(&fleet, call->json);
	if (exit == PUBLISH_DONE && call->json) {
		size_t len;
		char *text = json_build_print(fleet.out, &len);

		fputs(text, stdout);
		mem_free(text);
	}
	fini(&fleet);
	return exit == PUBLISH_DONE && fleet.bad ? PUBLISH_FAILED : exit;
}

bool publish_fleet_alarm(struct publish_call *call)
{
	struct fleet fleet = { .call = call };
	struct json_member node = { 0 };
	int exit = look(&fleet, true);

	while (exit == PUBLISH_DONE && fleet.alarm && json_view_next(fleet.out, &node)) {
		const char *verdict = json_view_text(json_view_member(node.value, "verdict"));

		if (verdict[0] < 'a' && strcmp(verdict, "UNREACHABLE") != 0)
			print_node(node.name, node.value);
	}
	fini(&fleet);
	return exit != PUBLISH_DONE || fleet.alarm;
}
