/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The publisher's gate of a rollout: more nodes get what is staged only when every node that has it by now (named, or
 * chosen by the hash that the nodes themselves use) says in its signed report that it serves it and that it soaked well.
 * One that went back from it, refuses it, or is silent halts the rollout; one that is not so far yet only delays it.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/rollout.h"
#include "sync/tool/publish_call.h"

struct gate {
	struct publish_call *call;
	struct json_view *answers;	/* of the nodes, by name */
	enum publish_gate verdict;
	unsigned selected;
	bool patient;			/* it is asked again: nothing is said of what only delays, and who is silent may speak */
};

static const char *text_of(struct json_view *object, const char *name)
{
	const char *text = json_view_text(json_view_member(object, name));

	return text != NULL ? text : "";
}

static int64_t integer_of(struct json_view *object, const char *name)
{
	int64_t value = 0;

	json_view_integer(json_view_member(object, name), &value);
	return value;
}

static void find(struct gate *gate, enum publish_gate verdict, const char *node, const char *path, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static void find(struct gate *gate, enum publish_gate verdict, const char *node, const char *path, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (verdict > gate->verdict)
		gate->verdict = verdict;
	if (!gate->patient || verdict == PUBLISH_GATE_HALT)
		publish_call_say(gate->call, "%s: node %s %s", path, node, text);
}

/* ---- who gets an item at all ---- */

static bool list_has(struct json_view *list, const char *text, size_t len)
{
	const char *all = json_view_text(list);

	for (size_t i = 0; i < json_view_count(list); i++) {
		const char *one = json_view_text(json_view_at(list, i));

		if (one != NULL && strlen(one) == len && strncmp(one, text, len) == 0)
			return true;
	}
	return all != NULL && strcmp(all, "*") == 0;
}

/* Of a group's lists; what is no item of a list (policy, the list itself) everybody has. */
static bool gets(struct json_view *group, const char *path)
{
	char name[PUBLISH_PATH_MAX];
	enum publish_kind kind;

	if (strncmp(path, "sites/", 6) == 0)	/* with the files that it names */
		return list_has(json_view_member(group, "sites"), path + 6, strcspn(path + 6, "/"));
	if (publish_path_kind(path, &kind) != 0)
		return true;
	const char *member = kind == PUBLISH_ZONE ? "zones" : kind == PUBLISH_FILE ? "files" : kind == PUBLISH_SECRET ? "secrets"
		: NULL;
	publish_path_name(path, name);
	return member == NULL || list_has(json_view_member(group, member), name, strlen(name));
}

static bool is_reader(struct gate *gate, const char *node, const char *path)
{
	struct json_member group = { 0 };

	while (json_view_next(json_view_member(gate->call->opened->config, "groups"), &group)) {
		if (list_has(json_view_member(group.value, "nodes"), node, strlen(node)) && gets(group.value, path)
		    && (strncmp(path, "fleet/", 6) != 0 || (strncmp(path + 6, group.name, strlen(group.name)) == 0
							    && path[6 + strlen(group.name)] == '/')))
			return true;
	}
	return false;
}

/* ---- one node and one item ---- */

static struct json_view *staged_entry(struct json_view *node, const char *path)
{
	struct json_view *list = json_view_member(node, "staged");

	for (size_t i = 0; i < json_view_count(list); i++) {
		if (strcmp(text_of(json_view_at(list, i), "item"), path) == 0)
			return json_view_at(list, i);
	}
	return NULL;
}

static void judge_node(struct gate *gate, const char *name, const char *path, int64_t release)
{
	struct json_view *known = json_view_member(json_view_member(gate->call->opened->config, "nodes"), name);
	struct json_view *node = json_view_member(gate->answers, name), *entry = staged_entry(node, path);
	enum publish_gate silent = gate->patient ? PUBLISH_GATE_WAIT : PUBLISH_GATE_HALT;
	char number[24];

	snprintf(number, sizeof number, "%" PRId64, release);
	gate->selected++;
	if (known == NULL)
		find(gate, PUBLISH_GATE_WAIT, name, path, "is named, but nobody knows where to ask it: add node %s", name);
	else if (json_view_member(node, "report") == NULL && strcmp(text_of(node, "dns"), "answers") != 0
		 && json_view_member(node, "dns") != NULL)
		find(gate, silent, name, path, "is silent: dns: %s", text_of(node, "dns"));
	else if (json_view_member(node, "report") == NULL)
		find(gate, PUBLISH_GATE_WAIT, name, path, "cannot be asked for its report: add node %s --admin URL", name);
	else if (strcmp(text_of(node, "report"), "signed") != 0)
		find(gate, silent, name, path, "is silent: report: %s", text_of(node, "report"));
	else if (strcmp(text_of(node, "bad"), number) == 0)
		find(gate, PUBLISH_GATE_HALT, name, path, "says that release %s is bad: %s", number, text_of(node, "bad_text"));
	else if (entry == NULL || strcmp(text_of(entry, "rollout"), "in") != 0 || integer_of(entry, "release") != release)
		find(gate, PUBLISH_GATE_WAIT, name, path, "has not taken release %s yet", number);
	else if (integer_of(node, "soak_until") > gate->call->now_s)
		find(gate, PUBLISH_GATE_WAIT, name, path, "soaks for %" PRId64 " s more, %s so far",
		     integer_of(node, "soak_until") - gate->call->now_s, text_of(node, "gate"));
}

static void judge_item(struct gate *gate, const char *path, struct json_view *target)
{
	struct json_view *custom = json_view_member(target, "custom"), *rollout = json_view_member(custom, "rollout");
	struct json_view *named = json_view_member(rollout, "nodes"), *known = json_view_member(gate->call->opened->config, "nodes");
	struct json_member node = { 0 };

	if (rollout == NULL)
		return;
	while (json_view_next(known, &node)) {
		if (rollout_selects(rollout, node.name) && is_reader(gate, node.name, path))
			judge_node(gate, node.name, path, integer_of(custom, "release"));
	}
	for (size_t i = 0; i < json_view_count(named); i++) {
		const char *name = json_view_text(json_view_at(named, i));

		if (name != NULL && json_view_member(known, name) == NULL)
			judge_node(gate, name, path, integer_of(custom, "release"));
	}
}

static void judge_all(struct gate *gate, const char *only)
{
	struct publish_repo *served = gate->call->served;
	struct err_note note;

	for (size_t i = 0; i < served->role_count; i++) {
		struct publish_role *role = publish_repo_role(served, served->roles[i].name, false, &note);
		struct json_member target = { 0 };

		while (role != NULL && json_view_next(json_view_member(publish_signed(role->file), "targets"), &target)) {
			if (only == NULL || strcmp(only, target.name) == 0)
				judge_item(gate, target.name, target.value);
		}
	}
}

static enum publish_gate ask_once(struct publish_call *call, const char *path, bool patient)
{
	struct gate gate = { .call = call, .verdict = PUBLISH_GATE_GO, .patient = patient };

	call->now_s = clock_wall_s();
	if (publish_fleet_alarm(call, &gate.answers))
		gate.verdict = PUBLISH_GATE_HALT;
	if (gate.answers == NULL)
		return PUBLISH_GATE_WAIT;	/* why was said */
	judge_all(&gate, path);
	json_view_free(gate.answers);
	return gate.verdict;
}

enum publish_gate publish_gate_ask(struct publish_call *call, const char *path, uint64_t wait_ms)
{
	uint64_t until = clock_monotonic_ns() / 1000000 + wait_ms;
	enum publish_gate verdict;

	for (;;) {
		bool last = clock_monotonic_ns() / 1000000 >= until;

		verdict = ask_once(call, path, !last);
		if (verdict != PUBLISH_GATE_WAIT || last)
			return verdict;
		sleep(1);
	}
}
