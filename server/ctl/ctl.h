/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catchmentctl: sends one command line to the control socket, prints what comes back, exits as the reply says. It
 * shares with the daemon the command table and the protocol (docs/control-protocol.md), no code. One thread,
 * blocking.
 */
#ifndef SERVER_CTL_CTL_H
#define SERVER_CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2 };	/* exit codes */

/* --- ctl_wire.c: the connection. Faults are told on stderr, one line each; they give -1. --- */

struct ctl_wire {
	int fd;
	pid_t daemon;		/* that listens, 0 when the kernel does not say */
	char *bytes;		/* read and not yet taken, from start on */
	size_t start, len, room;
};

int ctl_connect(struct ctl_wire *wire, const char *path);
int ctl_send(struct ctl_wire *wire, const json_t *request);
/* The next line; NULL when none comes any more or it is not what a daemon says. The caller's (json_decref). */
json_t *ctl_receive(struct ctl_wire *wire);
void ctl_disconnect(struct ctl_wire *wire);

/* --- ctl_print.c: one reply of one or more lines. --- */

struct ctl_print {
	bool as_json;
	bool lines_open;	/* "{"lines":[" was printed and its list goes on */
	bool first_line;	/* of that list */
	json_t *whole;		/* what the lines before the last one gave, joined */
};

/* A line that is not the last. */
void ctl_print_more(struct ctl_print *print, const json_t *line);
/* The last one; gives the exit code. */
int ctl_print_last(struct ctl_print *print, const json_t *line);

#endif
