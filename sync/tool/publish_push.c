/* SPDX-License-Identifier: Apache-2.0 */
/* NOTIFY to all nodes at once, each asked again after 1, 2, 4 and 8 seconds until it has acknowledged (RFC 1996,
 * 3.6). */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/base/addr.h"
#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/tool/publish_call.h"
#include "zone/notify.h"
#include "zone/tsig_message.h"

enum { TRIES = 5, SECRET_FILE_MAX = 4096 };

struct told {
	char *label;			/* "fra1 192.0.2.1@5301" */
	int fd;				/* -1: over */
	struct notify notify;
	struct tsig_key key;
	bool is_signed;
	struct tsig_mac mac;		/* of what was sent last */
	unsigned tries;
	uint64_t next_ms, begun_ms;
	char outcome[256], hint[128];
	const char *key_name;
	int err;			/* what the network said last; 0: nothing */
	bool good;
};

struct push {
	struct told *list;
	size_t count, room;
	uint32_t serial;
	uint64_t limit_ms;		/* when all is given up */
};

static uint64_t now_ms(void)
{
	return clock_monotonic_ns() / 1000000;
}

static void over(struct told *told, bool good, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void over(struct told *told, bool good, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(told->outcome, sizeof told->outcome, format, args);
	va_end(args);
	told->good = good;
	if (told->fd >= 0)
		close(told->fd);
	told->fd = -1;
}

static bool read_key(struct told *told, struct json_view *entry)
{
	const char *name = json_view_text(json_view_member(entry, "key"));
	const char *file = json_view_text(json_view_member(entry, "file"));
	const char *text = json_view_text(json_view_member(entry, "algorithm"));
	enum tsig_algorithm algorithm = TSIG_SHA256;
	uint8_t *secret;
	size_t len;

	if (name == NULL)
		return true;
	told->key_name = name;
	int err = file != NULL ? file_read(file, SECRET_FILE_MAX, &secret, &len) : -ENOENT;
	if (err != 0) {
		over(told, false, "key %s cannot be read from %s: %s", name, file != NULL ? file : "nowhere",
		     err_text(err));
		return false;
	}
	if (text != NULL)
		tsig_algorithm_parse(text, &algorithm);
	err = tsig_key_init(&told->key, name, algorithm, (char *)secret);
	key_wipe(secret, len);
	mem_free(secret);
	if (err != 0)
		over(told, false, "key %s: %s is no secret in base64", name, file);
	told->is_signed = err == 0;
	return err == 0;
}

static void begin(struct push *push, const char *group, const char *node, struct json_view *entry)
{
	const char *address = json_view_text(json_view_member(entry, "address"));
	struct addr addr;

	mem_grow((void **)&push->list, &push->room, push->count, sizeof *push->list);
	struct told *told = &push->list[push->count++];
	*told = (struct told){ .fd = -1, .begun_ms = now_ms(),
		.label = mem_format("%s%s%s", node, node[0] != '\0' ? " " : "", address) };
	told->notify.has_serial = true;
	told->notify.serial = push->serial;
	char *name = mem_format("_sync.%s", group);
	int err = name_from_text(name, &told->notify.name);
	mem_free(name);
	if (err != 0 || address == NULL || addr_parse(address, 53, &addr) != 0) {
		over(told, false, "no address, or a group that is no name of the DNS");
		return;
	}
	if (!read_key(told, entry))
		return;
	told->fd = socket(addr.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (told->fd < 0 || connect(told->fd, &addr.any, addr_len(&addr)) != 0)
		over(told, false, "%s", err_text(-errno));
}

static void send_again(struct push *push, struct told *told, uint64_t now)
{
	uint8_t message[NOTIFY_BYTES_MAX];
	size_t len;

	if (told->tries == TRIES || now >= push->limit_ms) {
		over(told, false, "no answer%s, asked %u times in %" PRIu64 " s%s%s", told->hint, told->tries,
		     (now - told->begun_ms) / 1000, told->err != 0 ? ": " : "",
		     told->err != 0 ? err_text(told->err) : "");
		return;
	}
	key_random(&told->notify.id, sizeof told->notify.id);
	len = notify_write(&told->notify, message, sizeof message);
	if (told->is_signed)
		len = tsig_sign(message, len, sizeof message, &told->key, (uint64_t)clock_wall_s(), NULL, &told->mac);
	/* A port that nobody listens at says so here; the node may be starting, so it is asked again all the same. */
	if (send(told->fd, message, len, 0) < 0)
		told->err = -errno;
	told->next_ms = now + (UINT64_C(1000) << told->tries++);
	if (told->next_ms > push->limit_ms)
		told->next_ms = push->limit_ms;
}

/* Its clock is off, or ours is. */
static void over_badtime(struct told *told, const struct tsig_checked *checked)
{
	char text[CLOCK_TEXT_MAX];
	int64_t apart_s = (int64_t)checked->other_s - clock_wall_s();

	if (checked->other_s == 0)
		over(told, false, "BADTIME: its clock is more than %d s from ours", TSIG_FUDGE_S);
	else
		over(told, false, "BADTIME: its clock says %s, %" PRId64 " s %s ours; %d s are allowed",
		     clock_print((int64_t)checked->other_s, text, sizeof text), apart_s < 0 ? -apart_s : apart_s,
		     apart_s < 0 ? "behind" : "ahead of", TSIG_FUDGE_S);
}

/* An answer without a signature that holds: a refusal is believed, for it costs a look at the node; a yes is not. */
static void take_unproved(struct told *told, unsigned rcode, enum tsig_outcome outcome, uint16_t error)
{
	static const char *const rcodes[16] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "6", "7", "8", "NOTAUTH", "10",
		"11", "12", "13",
		"14", "15",
	};

	if (rcode == DNS_NOERROR)
		snprintf(told->hint, sizeof told->hint, " that is signed with key %s (one came that was %s)",
			 told->key_name, outcome == TSIG_NONE ? "not signed" : "signed with something else");
	else if (outcome == TSIG_GOOD)
		over(told, false, "answered %s", rcodes[rcode]);
	else if (outcome == TSIG_BADSIG && error == 16)
		over(told, false, "answered %s, BADSIG: it has another secret for key %s", rcodes[rcode],
		     told->key_name);
	else if (outcome == TSIG_BADKEY && error == 17)
		over(told, false, "answered %s, BADKEY: it has no key %s of this algorithm", rcodes[rcode],
		     told->key_name);
	else
		over(told, false, "answered %s (%s)", rcodes[rcode], tsig_outcome_text(outcome));
}

static void take_answer(struct told *told)
{
	uint8_t message[NOTIFY_BYTES_MAX];
	ssize_t len = recv(told->fd, message, sizeof message, 0);
	struct tsig_checked checked = { 0 };
	unsigned rcode;

	if (len < 0) {
		told->err = errno != EAGAIN && errno != EINTR ? -errno : told->err;
		return;
	}
	struct span answer = { message, (size_t)len };
	if (!notify_is_answer(answer, &told->notify, &rcode))
		return;		/* a late one to an earlier question, or not for us */
	told->err = 0;
	enum tsig_outcome outcome = told->is_signed
		? tsig_check(answer, &told->key, 1, (uint64_t)clock_wall_s(), &told->mac, &checked) : TSIG_GOOD;
	if (outcome == TSIG_GOOD && rcode == DNS_NOERROR)
		over(told, true, "acknowledged in %" PRIu64 " ms", now_ms() - told->begun_ms);
	else if (outcome == TSIG_REFUSED && checked.error == 18)
		over_badtime(told, &checked);
	else
		take_unproved(told, rcode, outcome, checked.error);
}

static size_t collect(struct push *push, struct pollfd *polls, int *ret_timeout)
{
	uint64_t now = now_ms(), next = push->limit_ms;
	size_t count = 0;

	for (size_t i = 0; i < push->count; i++) {
		struct told *told = &push->list[i];

		if (told->fd >= 0 && now >= told->next_ms)
			send_again(push, told, now);
		if (told->fd < 0)
			continue;
		if (told->next_ms < next)
			next = told->next_ms;
		polls[count++] = (struct pollfd){ .fd = told->fd, .events = POLLIN };
	}
	*ret_timeout = next > now ? (int)(next - now) : 0;
	return count;
}

static void tell_all(struct push *push)
{
	struct pollfd *polls = mem_array(push->count + 1, sizeof *polls);
	int timeout;

	for (size_t count; (count = collect(push, polls, &timeout)) > 0;) {
		if (poll(polls, count, timeout) <= 0)
			continue;
		for (size_t i = 0, j = 0; i < push->count; i++) {
			struct told *told = &push->list[i];

			if (told->fd < 0 || j == count)
				continue;
			if (polls[j].fd == told->fd && polls[j++].revents != 0)
				take_answer(told);
		}
	}
	mem_free(polls);
}

static void begin_group(struct push *push, struct publish_call *call, const char *group, struct json_view *members)
{
	struct json_view *nodes = json_view_member(call->opened->config, "nodes"),
		*names = json_view_member(members, "nodes");

	for (size_t i = 0; i < json_view_count(names); i++) {
		const char *name = json_view_text(json_view_at(names, i));
		struct json_view *entries = json_view_member(json_view_member(nodes, name), "notify");

		for (size_t j = 0; j < json_view_count(entries); j++)
			begin(push, group, name, json_view_at(entries, j));
	}
}

/* Each --notify ADDRESS@PORT=KEY:FILE: beside the nodes that are known. */
static int read_options(struct publish_call *call, struct json_view *entries)
{
	int exit = PUBLISH_DONE;

	for (size_t i = 0; exit == PUBLISH_DONE && i < call->notify.count; i++) {
		struct json_view *entry;

		exit = publish_notify_entry(call, call->notify.list[i], &entry);
		if (exit == PUBLISH_DONE)
			json_build_append(entries, entry);
	}
	return exit;
}

static int finish(struct push *push)
{
	int exit = PUBLISH_DONE;

	for (size_t i = 0; i < push->count; i++) {
		struct told *told = &push->list[i];

		fprintf(told->good ? stdout : stderr, "notify %s: %s\n", told->label, told->outcome);
		/* The release stands all the same; nodes ask by themselves. */
		exit = told->good ? exit : PUBLISH_FAILED;
		if (told->fd >= 0)
			close(told->fd);
		tsig_key_fini(&told->key);
		mem_free(told->label);
	}
	mem_free(push->list);
	return exit;
}

int publish_push(struct publish_call *call, int64_t timestamp_version)
{
	struct push push = { .serial = (uint32_t)timestamp_version };
	struct json_member group = { 0 };
	uint64_t limit_ms = 31000;
	int exit = PUBLISH_DONE;

	if (call->timeout != NULL && units_duration(call->timeout, &limit_ms) != 0)
		return publish_call_wrong(call, "--timeout %s: expected a time, as in 5s", call->timeout);
	struct json_view *entries = json_build_list();
	exit = read_options(call, entries);
	if (exit != PUBLISH_DONE) {
		json_view_free(entries);
		return exit;
	}
	push.limit_ms = now_ms() + limit_ms;
	while (json_view_next(json_view_member(call->opened->config, "groups"), &group)) {
		if (call->group == NULL || strcmp(call->group, group.name) == 0)
			begin_group(&push, call, group.name, group.value);
	}
	for (size_t i = 0; i < json_view_count(entries); i++)
		begin(&push, call->group != NULL ? call->group : "default", "", json_view_at(entries, i));
	if (push.count == 0 && call->told_all)
		printf("nobody to tell: add node NAME --notify ADDRESS@PORT=KEY:FILE names one\n");
	tell_all(&push);
	exit = finish(&push);
	json_view_free(entries);
	return exit;
}

int publish_notify_command(struct publish_call *call)
{
	int exit = publish_call_alone(call);

	call->told_all = true;
	if (exit == PUBLISH_DONE)
		exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	if (call->served->timestamp == NULL)
		return publish_call_say(call, "nothing has been released yet");
	return publish_push(call, publish_version(publish_signed(call->served->timestamp)));
}
