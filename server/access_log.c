/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring has one writer (its worker) and one reader (the thread), so two counters are all the locking it needs: bytes
 * ever put in and bytes ever taken out. A record that does not fit before the ring's end begins at its start; a size of
 * 0 says so to the reader. The mutex guards what main changes: the file, the form, the end.
 */
#include "server/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/access_line.h"

enum {
	RING_BYTES = 1 << 20,			/* some thousand requests: half a second of a busy worker */
	BUFFER_BYTES = 1 << 16,
	LOOK_MS = 100,				/* between two looks at the rings */
	FILE_MODE = 0640,
};

struct access_ring {
	_Atomic unsigned sample;		/* 0: off */
	unsigned until;				/* the worker's: requests until the next one that counts */
	_Atomic uint64_t put, taken;
	_Atomic uint64_t lost;
	struct access_record *scratch;		/* the worker's */
	uint8_t *bytes;
};

struct access_log {
	unsigned count;
	struct access_ring *rings;
	uv_thread_t thread;
	bool running;
	uv_mutex_t mutex;
	uv_cond_t wake;
	/* Under the mutex. */
	bool ending;
	int fd;					/* -1: none */
	enum conf_log_format format;
	char *node;
	/* The thread's. */
	char buffer[BUFFER_BYTES];
	size_t used;
	struct log_gate gate;
	_Atomic uint64_t lost;
};

_Static_assert((int)ACCESS_LINE_MAX <= (int)BUFFER_BYTES, "a line fits the buffer");
_Static_assert((int)ACCESS_RECORD_MAX * 8 <= (int)RING_BYTES, "a ring holds many records");

static int64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- a worker ---- */

void access_ring_add(struct access_ring *ring, const struct redirect_answer *answer)
{
	unsigned sample = atomic_load_explicit(&ring->sample, memory_order_relaxed);

	/* A reload may have made it smaller. */
	if (ring->until > sample)
		ring->until = sample;
	if (sample == 0 || ring->until-- > 1)
		return;
	ring->until = sample;
	access_record_fill(ring->scratch, answer, wall_ns());

	uint64_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);
	uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
	size_t at = put % RING_BYTES, size = ring->scratch->size, skipped = 0;

	if (RING_BYTES - at < size)
		skipped = RING_BYTES - at;
	if (put - taken + skipped + size > RING_BYTES) {
		atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
		return;
	}
	if (skipped != 0) {
		memset(ring->bytes + at, 0, sizeof(uint32_t));
		at = 0;
	}
	memcpy(ring->bytes + at, ring->scratch, size);
	atomic_store_explicit(&ring->put, put + skipped + size, memory_order_release);
}

/* ---- the thread ---- */

static void flush(struct access_log *log)
{
	size_t done = 0;

	while (done < log->used && log->fd != -1) {
		ssize_t wrote = write(log->fd, log->buffer + done, log->used - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			log_limited(&log->gate, clock_monotonic_ns(), LOG_LEVEL_ERROR, "access log: not written: %s",
				    strerror(errno));
			for (size_t i = done; i < log->used; i++)
				log->lost += log->buffer[i] == '\n';
			break;
		}
		done += (size_t)wrote;
	}
	log->used = 0;
}

static void take_record(struct access_log *log, const struct access_record *record)
{
	if (BUFFER_BYTES - log->used < ACCESS_LINE_MAX)
		flush(log);
	log->used += access_line_print(record, log->format, log->node, log->buffer + log->used);
}

static void empty_ring(struct access_log *log, struct access_ring *ring)
{
	uint64_t put = atomic_load_explicit(&ring->put, memory_order_acquire);
	uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);

	while (taken < put) {
		size_t at = taken % RING_BYTES;
		const struct access_record *record = (const struct access_record *)(ring->bytes + at);

		if (record->size == 0) {
			taken += RING_BYTES - at;
		} else {
			if (log->fd != -1)
				take_record(log, record);
			taken += record->size;
		}
		atomic_store_explicit(&ring->taken, taken, memory_order_release);
	}
}

/* With the mutex: lines made before main opens another file belong to the one before. */
static void empty_all(struct access_log *log)
{
	for (unsigned i = 0; i < log->count; i++)
		empty_ring(log, &log->rings[i]);
	flush(log);
}

static void run(void *arg)
{
	struct access_log *log = arg;

	uv_mutex_lock(&log->mutex);
	while (!log->ending) {
		uv_cond_timedwait(&log->wake, &log->mutex, (uint64_t)LOOK_MS * 1000 * 1000);
		empty_all(log);
	}
	uv_mutex_unlock(&log->mutex);
}

/* ---- main ---- */

struct access_log *access_log_new(unsigned workers)
{
	struct access_log *log = mem_alloc(sizeof *log);

	log->count = workers;
	log->rings = mem_array(workers, sizeof *log->rings);
	log->fd = -1;
	uv_mutex_init(&log->mutex);
	uv_cond_init(&log->wake);
	for (unsigned i = 0; i < workers; i++) {
		log->rings[i].scratch = mem_alloc(ACCESS_RECORD_MAX + 8);
		log->rings[i].bytes = mem_alloc(RING_BYTES);
	}
	return log;
}

static void set_sample(struct access_log *log, unsigned sample)
{
	for (unsigned i = 0; i < log->count; i++)
		atomic_store_explicit(&log->rings[i].sample, sample, memory_order_relaxed);
}

static int start_thread(struct access_log *log)
{
	int err = log->running ? 0 : uv_thread_create(&log->thread, run, log);

	log->running = log->running || err == 0;
	return err;
}

int access_log_open(struct access_log *log, const struct conf_access_log *conf, const char *node, struct err_note *note)
{
	int fd = -1, err;

	if (conf->file == NULL && !log->running)
		return 0;
	if (conf->file != NULL) {
		/* A pipe without a reader is a fault then, and one that is full loses lines: nobody waits for it. */
		fd = open(conf->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, FILE_MODE);
		if (fd == -1) {
			err = -errno;
			err_note_set(note, conf->file, 0, "the access log cannot be opened: %s", strerror(-err));
			return err;
		}
	}
	err = start_thread(log);
	if (err != 0) {
		err_note_set(note, conf->file, 0, "the access log has no thread: %s", uv_strerror(err));
		close(fd);
		return err;
	}
	uv_mutex_lock(&log->mutex);
	empty_all(log);
	if (log->fd != -1)
		close(log->fd);
	log->fd = fd;
	log->format = conf->format;
	mem_free(log->node);
	log->node = mem_string(node);
	uv_mutex_unlock(&log->mutex);
	set_sample(log, fd != -1 ? conf->sample : 0);
	return 0;
}

uint64_t access_log_lost(const struct access_log *log)
{
	uint64_t lost = atomic_load_explicit(&log->lost, memory_order_relaxed);

	for (unsigned i = 0; i < log->count; i++)
		lost += atomic_load_explicit(&log->rings[i].lost, memory_order_relaxed);
	return lost;
}

struct access_ring *access_log_ring(struct access_log *log, unsigned worker)
{
	return &log->rings[worker];
}

void access_log_free(struct access_log *log)
{
	if (log == NULL)
		return;
	if (log->running) {
		uv_mutex_lock(&log->mutex);
		log->ending = true;
		uv_cond_signal(&log->wake);
		uv_mutex_unlock(&log->mutex);
		uv_thread_join(&log->thread);
	}
	if (log->fd != -1)
		close(log->fd);
	for (unsigned i = 0; i < log->count; i++) {
		mem_free(log->rings[i].scratch);
		mem_free(log->rings[i].bytes);
	}
	uv_cond_destroy(&log->wake);
	uv_mutex_destroy(&log->mutex);
	mem_free(log->node);
	mem_free(log->rings);
	mem_free(log);
}
