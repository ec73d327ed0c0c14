/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet: every node that is known is asked what it serves: over DNS (CH TXT, SOA), and for its signed report, by its
 * control socket or over HTTPS. Each way alone is enough; a node that tells nothing but serials is known by these. Two
 * nodes with one serial and different sums are the one thing that must never be: memory, a bug, or somebody.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/key.h"
#include "sync/tool/fetch_web.h"
#include "sync/tool/publish_ask.h"
#include "sync/tool/publish_call.h"
#include "sync/tool/publish_control.h"
#include "sync/tuf_match.h"

enum {
	REPORT_MAX = 16 << 20, REPORT_TIMES = 10, DIVERGES_MAX = 100, TEXT_MAX = 600, ZONES_ASKED = 20, TIMEOUT_MS = 3000, SIGNATURES_SOON_S = 2 * 86400,
	REPORT_AGE_S = 600,	/* reports are made when they are asked for: an older one is somebody's copy */
	LIVE_S = 60,		/* a younger one knows of all that was released before it */
};

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

/* ---- what nodes say ---- */

/* For a terminal: one line of printable ASCII, so that a node that is somebody's writes no other. */
static const char *plain(const char *text, char buf[TEXT_MAX])
{
	snprintf(buf, TEXT_MAX, "%s", text);
	for (char *at = buf; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~')
			*at = '?';
	}
	return buf;
}

static struct json_view *plain_copy(struct json_view *view)
{
	struct json_member member = { 0 };
	struct json_view *copy;
	char text[TEXT_MAX];

	if (json_view_text(view) != NULL)
		return json_build_text(plain(json_view_text(view), text));
	if (json_view_is_list(view)) {
		copy = json_build_list();
		for (size_t i = 0; i < json_view_count(view); i++)
			json_build_append(copy, plain_copy(json_view_at(view, i)));
		return copy;
	}
	if (!json_view_is_object(view))
		return json_build_copy(view);
	copy = json_build_object();
	while (json_view_next(view, &member))
		json_build_set(copy, member.name, plain_copy(member.value));
	return copy;
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

/* Over DNS a sum is told by its beginning. */
static bool differ(const char *one, const char *other)
{
	size_t one_len = strlen(one), other_len = strlen(other);

	return strncmp(one, other, one_len < other_len ? one_len : other_len) != 0;
}

static bool is_told(struct json_view *list, const char *text)
{
	for (size_t i = 0; i < json_view_count(list); i++) {
		if (strcmp(json_view_text(json_view_at(list, i)), text) == 0)
			return true;
	}
	return false;
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
	/* What was signed decides; where that is not known any more, who said it first. */
	if (serial == integer_of(released, "head", -1) && signed_sum != NULL) {
		other = differ(signed_sum, sum) ? signed_sum : NULL;
	} else if (first != NULL && differ(json_view_text(json_view_member(first, "sum")), sum)) {
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

		/* The same may be told twice, over DNS and in the report. */
		if (json_view_count(json_view_member(node, "diverges")) < DIVERGES_MAX && !is_told(json_view_member(node, "diverges"), text))
			json_build_append_text(json_build_list_in(node, "diverges"), text);
		mem_free(text);
	}
	mem_free(key);
}

/* The value of a key in "key=value;key=value"; false: it has none. */
static bool word_of(const char *words, const char *key, char *ret, size_t size)
{
	size_t len = strlen(key);

	for (const char *at = words; at != NULL; at = strchr(at, ';') != NULL ? strchr(at, ';') + 1 : NULL) {
		if (strncmp(at, key, len) != 0 || at[len] != '=')
			continue;
		snprintf(ret, size, "%.*s", (int)strcspn(at + len + 1, ";"), at + len + 1);
		return true;
	}
	return false;
}

static void take_number(struct json_view *object, const char *member, const char *words, const char *key)
{
	char value[32], *end;

	if (!word_of(words, key, value, sizeof value))
		return;
	long long number = strtoll(value, &end, 10);
	if (end != value && *end == '\0')
		json_build_set_integer(object, member, number);
}

/* sync.server., for those whom the node tells it. */
static bool ask_sync(struct fleet *fleet, const struct addr *addr, struct json_view *node)
{
	char words[256], state[16];

	if (publish_ask_text(addr, "sync.server.", fleet->timeout_ms, words, sizeof words) != 0)
		return false;
	take_number(node, "timestamp", words, "ts");
	take_number(node, "snapshot", words, "snap");
	take_number(node, "age", words, "age");
	if (word_of(words, "state", state, sizeof state)) {
		for (char *at = state; *at != '\0'; at++)
			*at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
		json_build_set_text(node, "state", state);
	}
	return true;
}

/* What a zone's records are, by the beginning of their sum. */
static void ask_sum(struct fleet *fleet, const struct addr *addr, const char *name, struct json_view *node,
		    const char *zone)
{
	char words[256], head[32], sum[32], *asked = mem_format("%s.sync.server.", strcmp(zone, ".") == 0 ? "@" : zone);

	if (publish_ask_text(addr, asked, fleet->timeout_ms, words, sizeof words) == 0
	    && word_of(words, "head", head, sizeof head) && word_of(words, "sum", sum, sizeof sum) && strcmp(sum, "none") != 0)
		judge_sum(fleet, name, node, zone, strtoll(head, NULL, 10), sum);
	mem_free(asked);
}

static void ask_dns(struct fleet *fleet, const char *name, struct json_view *config, struct json_view *node)
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
	bool tells = ask_sync(fleet, &addr, node);
	while (json_view_next(fleet->zones, &zone) && (fleet->call->all || asked++ < ZONES_ASKED)) {
		uint32_t serial;

		/* Who answered before and now does not is asked for nothing more: it would be waited for each time. */
		if (err != -ETIMEDOUT)
			err = publish_ask_serial(&addr, zone.name, fleet->timeout_ms, &serial);
		judge_serial(fleet, node, zone.name, err == 0 ? (int64_t)serial : -1);
		if (tells && err != -ETIMEDOUT)
			ask_sum(fleet, &addr, name, node, zone.name);
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
	char text[TEXT_MAX];

	if (zone_name == NULL || json_view_member(fleet->zones, zone_name) == NULL)
		return;		/* not of this repository */
	if (json_view_member(json_view_member(node, "zones"), zone_name) == NULL)
		judge_serial(fleet, node, zone_name, serial);
	if (sum != NULL)
		judge_sum(fleet, name, node, zone_name, serial, plain(sum, text));
}

/* Serials are of zones alone. Sites, files, secrets and policy are told by the snapshot that was verified last, which a
 * new timestamp alone leaves as it is. A report that was kept since its activation says nothing of later ones. */
static void judge_snapshot(struct fleet *fleet, struct json_view *node, struct json_view *body)
{
	int64_t released = publish_version(publish_signed(fleet->call->served->snapshot)),
		seen = integer_of(json_view_member(body, "verified"), "snapshot", released);

	if (seen < released && fleet->call->now_s - integer_of(body, "at", 0) <= LIVE_S) {
		json_build_set_integer(node, "behind", released - seen);
		json_build_set_integer(node, "lagging", integer_of(node, "lagging", 0) + 1);
	}
}

static void take_report(struct fleet *fleet, const char *name, struct json_view *config, struct json_view *node,
			struct json_view *report)
{
	static const char *const taken[] = {
		"at", "release", "generation", "timestamp", "snapshot", "state", "age", "clock", "health", "bad", "last_result", "last_text",
		"soak_until", "bad_text", "gate", "staged",
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
			json_build_set(node, taken[i], plain_copy(value));
	}
	judge_snapshot(fleet, node, body);
	for (size_t i = 0; i < json_view_count(zones); i++)
		take_zone(fleet, name, node, json_view_at(zones, i));
}

static struct json_view *get_report(struct fleet *fleet, const char *admin, struct err_note *note)
{
	struct transport *transport = fetch_web_transport(fleet->web);
	struct transport_buffer buffer = { 0 };
	char *url = tuf_url_join(admin, "report");
	int err = transport->get(transport, url, REPORT_MAX, transport_buffer_take, &buffer, note);

	mem_free(url);
	struct json_view *report = err == 0 ? json_view_parse((struct span){ buffer.bytes, buffer.len }, note) : NULL;
	mem_free(buffer.bytes);
	return report;
}

/* By the control socket, where there is one; else, or when nobody is there, by the URL. */
static void ask_report(struct fleet *fleet, const char *name, struct json_view *config, struct json_view *node)
{
	const char *admin = json_view_text(json_view_member(config, "admin")),
		*control = json_view_text(json_view_member(config, "control")), *by = "control";
	struct json_view *report = NULL;
	struct err_note note = { 0 };

	if (control != NULL)
		report = publish_control_report(control, fleet->timeout_ms, REPORT_MAX, &note);
	if (report == NULL && admin != NULL) {
		by = "admin";
		report = get_report(fleet, admin, &note);
	}
	if (report != NULL) {
		json_build_set_text(node, "report_by", by);
		take_report(fleet, name, config, node, report);
	} else if (control != NULL || admin != NULL) {
		char text[TEXT_MAX];

		json_build_set_text(node, "report", plain(note.text, text));
	}
	json_view_free(report);
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

/* Signed by the node, but not now: a copy says what once was. So does one whose clock is wrong. */
static bool is_old(const struct fleet *fleet, struct json_view *node)
{
	int64_t age = fleet->call->now_s - integer_of(node, "at", 0);

	return age > REPORT_AGE_S || age < -REPORT_AGE_S;
}

static const char *judge_state(struct json_view *node)
{
	const char *state = json_view_text(json_view_member(node, "state"));

	return state == NULL ? "current" : strcmp(state, "expired") == 0 ? "EXPIRED" : strcmp(state, "stale") == 0 ? "stale"
		: "current";
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
	else if (reported && is_old(fleet, node))
		verdict = "OLD";
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
	else
		verdict = judge_state(node);
	json_build_set_text(node, "verdict", verdict);
	fleet->bad |= strcmp(verdict, "current") != 0 && strcmp(verdict, "unknown") != 0;
	/* BAD is of one release: the gate of the rollout asks which. */
	fleet->alarm |= strcmp(verdict, "DIVERGES") == 0 || strcmp(verdict, "UNTRUSTED") == 0
		|| strcmp(verdict, "OLD") == 0
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

/* What of it needs somebody's attention. */
static void print_time(struct json_view *node, int64_t now_s)
{
	char at[CLOCK_TEXT_MAX];
	struct json_view *clock = json_view_member(node, "clock"), *health = json_view_member(node, "health");
	const char *state = json_view_text(json_view_member(node, "state")),
		*believed = json_view_text(json_view_member(clock, "state"));
	int64_t aged = integer_of(health, "aged", 0);
	char text[32];

	if (state != NULL && strcmp(state, "fresh") != 0)
		printf("  content is %s: the last verified look was %s s ago\n", state,
		       shown(node, "age", text, sizeof text));
	if (believed != NULL && strcmp(believed, "good") != 0)
		printf("  its clock is %s: %s s against the master's\n", believed, shown(clock, "offset", text, sizeof text));
	int64_t expires = integer_of(health, "rrsig_expires", 0);
	if (expires != 0 && expires < now_s + SIGNATURES_SOON_S)
		printf("  the first signature of its zones expires at %s\n", clock_print(expires, at, sizeof at));
	if (aged > 0)
		printf("  %" PRId64 " items are older than serve_max allows\n", aged);
}

static void print_node(const char *name, struct json_view *node, int64_t now_s)
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
	int64_t behind = integer_of(node, "behind", 0);
	if (behind > 0)
		printf("  %" PRId64 " release%s later than what it has seen\n", behind, behind == 1 ? " is" : "s are");
	for (size_t i = 0; i < json_view_count(diverges); i++)
		printf("  %s\n", json_view_text(json_view_at(diverges, i)));
	const char *dns = json_view_text(json_view_member(node, "dns")),
		*report = json_view_text(json_view_member(node, "report"));
	const char *last = json_view_text(json_view_member(node, "last_text"));
	const char *bad = json_view_text(json_view_member(node, "bad_text"));
	if (bad != NULL && json_view_member(node, "bad") != NULL)
		printf("  bad: release %s: %s\n", shown(node, "bad", release, sizeof release), bad);
	if (last != NULL && refuses(node))
		printf("  %s\n", last);
	if (dns != NULL && strcmp(dns, "answers") != 0)
		printf("  dns: %s\n", dns);
	if (report != NULL && strcmp(report, "signed") != 0)
		printf("  report: %s\n", report);
	if (strcmp(json_view_text(json_view_member(node, "verdict")), "OLD") == 0)
		printf("  report: of time %" PRId64 ", not of now\n", integer_of(node, "at", 0));
	print_time(node, now_s);
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
	fetch_web_limit(fleet->web, fleet->timeout_ms * REPORT_TIMES);
	list_zones(fleet);
	while (json_view_next(json_view_member(call->opened->config, "nodes"), &config)) {
		struct json_view *node = json_build_object_in(fleet->out, config.name);

		ask_dns(fleet, config.name, config.value, node);
		ask_report(fleet, config.name, config.value, node);
		judge(fleet, node);
		if (!quiet)
			print_node(config.name, node, call->now_s);
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
	int exit = publish_call_alone(call);

	if (exit == PUBLISH_DONE)
		exit = publish_call_open(call);
	if (exit == PUBLISH_DONE && !call->json && json_view_count(json_view_member(call->opened->config, "nodes")) == 0)
		printf("no node is known: add node NAME, with --sign, --dns and --admin\n");
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

bool publish_fleet_alarm(struct publish_call *call, struct json_view **ret_nodes)
{
	struct fleet fleet = { .call = call };
	struct json_member node = { 0 };
	int exit = look(&fleet, true);

	while (exit == PUBLISH_DONE && fleet.alarm && json_view_next(fleet.out, &node)) {
		const char *verdict = json_view_text(json_view_member(node.value, "verdict"));

		if (verdict[0] < 'a' && strcmp(verdict, "UNREACHABLE") != 0)
			print_node(node.name, node.value, call->now_s);
	}
	*ret_nodes = fleet.out;
	fleet.out = NULL;
	fini(&fleet);
	return fleet.alarm;
}
