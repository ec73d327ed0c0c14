/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back-end exabgp of carrier.h: lines of ExaBGP's text API into its FIFO (exabgp.in), or to standard output when
 * ExaBGP runs us as a process. Lower preference is the community GRACEFUL_SHUTDOWN (RFC 8326). ExaBGP forgets what it was
 * told when it starts anew, so everything is said again every REPEAT_MS; a FIFO that nobody reads is tried again then.
 * When we die ExaBGP goes on announcing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "server/anycast/carrier.h"
#include "server/textbuf.h"

enum { REPEAT_MS = 30 * 1000 };

struct carrier_state {
	uv_timer_t timer;
	int fd;			/* -1: not open */
};

static void add_lines(const struct carrier *carrier, size_t group, struct textbuf *out)
{
	const struct seed *seed = carrier->start.seed;
	const struct seed_group *routes = &seed->groups[group];
	enum route_level level = carrier->levels[group];

	for (size_t i = routes->first; i < routes->first + routes->count; i++) {
		textbuf_add(out, "%s route %s next-hop self", level == ROUTE_NONE ? "withdraw" : "announce", seed->texts[i]);
		if (level != ROUTE_NONE && (level == ROUTE_LOW || routes->local))
			textbuf_add(out, " community [%s%s%s]", level == ROUTE_LOW ? "65535:0" : "",
				    level == ROUTE_LOW && routes->local ? " " : "", routes->local ? "65535:65281" : "");
		textbuf_add(out, "\n");
	}
}

static int open_pipe(const char *path)
{
	if (strcmp(path, "-") == 0)
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

/* -errno; a part of a line is never left behind: a FIFO takes PIPE_BUF whole or nothing, and lines are written singly. */
static int write_lines(struct carrier *carrier, const struct textbuf *lines)
{
	struct carrier_state *state = carrier->state;

	if (state->fd < 0)
		state->fd = open_pipe(carrier->start.conf->exabgp_pipe);
	if (state->fd < 0)
		return -errno;
	for (size_t at = 0; at < lines->len;) {
		const char *end = memchr(lines->at + at, '\n', lines->len - at);
		size_t len = (size_t)(end - (lines->at + at)) + 1;

		if (write(state->fd, lines->at + at, len) < 0) {
			int err = -errno;

			close(state->fd);
			state->fd = -1;
			return err;
		}
		at += len;
	}
	return 0;
}

/* No process has the FIFO open to read, or the last one that had is gone. */
static bool is_nobody(int err)
{
	return err == -ENXIO || err == -EPIPE;
}

static void exabgp_set(struct carrier *carrier, size_t group)
{
	struct textbuf lines = { 0 };

	add_lines(carrier, group, &lines);
	int err = write_lines(carrier, &lines);
	textbuf_fini(&lines);
	/* In closing: an ExaBGP that does not run announces nothing. */
	if (err == 0 || (carrier->closed && is_nobody(err)))
		carrier_done(carrier, group, NULL);
	else
		carrier_done(carrier, group, "%s: %s: %s", carrier->start.conf->exabgp_pipe, err_text(err),
			     is_nobody(err) ? "no ExaBGP reads it" : "ExaBGP was not told");
}

static void repeat(uv_timer_t *timer)
{
	struct carrier *carrier = timer->data;
	struct textbuf lines = { 0 };

	for (size_t i = 0; i < carrier->start.seed->group_count; i++)
		add_lines(carrier, i, &lines);
	int err = write_lines(carrier, &lines);
	textbuf_fini(&lines);
	for (size_t i = 0; i < carrier->start.seed->group_count; i++) {
		if (err == 0)
			carrier_done(carrier, i, NULL);
		else
			carrier_done(carrier, i, "%s: %s", carrier->start.conf->exabgp_pipe, err_text(err));
	}
}

static struct carrier_state *exabgp_open(struct carrier *carrier)
{
	struct carrier_state *state = mem_alloc(sizeof *state);

	state->fd = -1;
	uv_timer_init(carrier->start.loop, &state->timer);
	state->timer.data = carrier;
	uv_timer_start(&state->timer, repeat, REPEAT_MS, REPEAT_MS);
	return state;
}

static void exabgp_close(struct carrier *carrier)
{
	uv_close((uv_handle_t *)&carrier->state->timer, NULL);
}

static void exabgp_free(struct carrier *carrier)
{
	if (carrier->state->fd >= 0)
		close(carrier->state->fd);
	mem_free(carrier->state);
}

const struct carrier_backend carrier_exabgp = {
	.open = exabgp_open, .set = exabgp_set, .close = exabgp_close, .free = exabgp_free,
};
