/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control commands: a request line in, reply lines out (docs/control-protocol.md). commands.c finds the command and
 * checks its arguments, commands_call.c carries the reply, the topic files commands_*.c do the work, each through the
 * same call that a timer or a signal would make. No sockets here: a struct call_client takes the lines, so that tests
 * and the fuzzer use what the control socket uses. Main thread only.
 */
#ifndef SERVER_COMMANDS_H
#define SERVER_COMMANDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/command_list.h"
#include "server/node.h"

enum { CALL_WORDS_MAX = 32 };	/* of one command line */
enum { CALL_OK = 0, CALL_REFUSED = 1, CALL_USAGE = 2 };	/* exit codes */

struct call;

/* Who asked: a client of the control socket, a test, a fuzzer. Its storage; it outlives its call, or abandons it. */
struct call_client {
	/* One line of JSON, its newline included; line is the client's from now on (mem_free). */
	void (*line)(struct call_client *client, char *line, size_t len);
	/* Whether a command that has much to say may go on now; if not, the client calls call_ready() later. */
	bool (*room)(struct call_client *client);
	/* The last line was given; call is NULL again. May come before command_run() returns. */
	void (*done)(struct call_client *client);
	struct call *call;	/* running, or NULL */
	char who[48];		/* "uid 0, pid 412", for events */
};

struct command {
	const char *words;
	const char *args;
	size_t least, most;
	const char *option;
	void (*run)(struct call *call);
	unsigned flags;
	const char *help;
};

/* One command on its way. Heap; freed by the call_done(), call_fail() or call_close() that ends it. */
struct call {
	struct node *node;
	const struct command *command;
	struct call_client *client;	/* NULL: it went away, nobody reads */
	json_t *request;		/* holds what args point to */
	const char *args[CALL_WORDS_MAX]; /* behind the words of the command, without the option */
	size_t arg_count;
	bool option;			/* the command's option was given */
	json_t *data;			/* object: of the next line */
	char *text;			/* of the next line */
	size_t text_len, text_room;
	/* What the topic file keeps between callbacks; release() frees it when the call ends. */
	void *state;
	void (*release)(struct call *call);
	/* Not NULL: more can be said as soon as the client has room; says one piece, or ends the call. */
	void (*produce)(struct call *call);
	bool busy;			/* a job or the thread pool holds it: it stays when its client goes */
	_Atomic bool unwanted;		/* busy, but nobody waits for it any more: long work may end early */
	bool live;			/* its lines are news, to be shown one by one as they come */
	uv_work_t pool;
	void (*work)(void *state);
	void (*after)(struct call *call);
};

/* Takes one request line (without its newline), runs it for client, which has no call running. */
void command_run(struct node *node, struct call_client *client, const char *line, size_t len);
/* A reply that no command gave: for a line too long, a client too many. The caller's (mem_free). */
char *command_error_line(int exit, const char *error, size_t *ret_len);
/* The table, for help. */
extern const struct command commands[];
extern const size_t command_count;

/* The client went away. The call ends now, or when what holds it lets go. */
void call_abandon(struct call *call);
/* The client has room again: goes on with what produce has to say while there is. */
void call_ready(struct call *call);
/* The node stops: ends a call that waits for nothing but its client or news; a busy one ends by itself. */
void call_close(struct call *call);

/* For the topic files. Text may be several lines, each ended with '\n'. */
void call_text(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
void call_set(struct call *call, const char *key, json_t *value);	/* takes value over; NULL: null */
json_t *call_string(const char *text);	/* what is not UTF-8 becomes '?'; NULL: null */
json_t *call_time(int64_t wall_s);	/* RFC 3339, UTC; 0: null */
void call_more(struct call *call);	/* a line that is not the last, with the text and data so far */
void call_done(struct call *call);	/* the last line: exit 0 */
void call_fail(struct call *call, int exit, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* work(call->state) in the thread pool, then after(call) in main. */
void call_work(struct call *call, void (*work)(void *state), void (*after)(struct call *call));
/* produce from now on, the first pieces at once. The call may have ended when this returns. */
void call_produce(struct call *call, void (*produce)(struct call *call));

/* Facts that several topics tell. */
const struct dataset_zone *command_zone_info(const struct dataset *dataset, const struct zone_entry *zone);
/* The zone of that name; else the call has failed and NULL is returned. */
const struct zone_entry *command_zone(struct call *call, const char *name);
const char *command_zone_state(const struct zone_entry *zone, const struct dataset_zone *info);
size_t command_zones_failed(const struct dataset *dataset);	/* not loaded, or behind their source */

#define X(words, args, least, most, option, handler, flags, help) void handler(struct call *call);
COMMANDS(X)
#undef X

#endif
