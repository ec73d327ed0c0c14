/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/err.h"

enum { LINE_MAX_BYTES = 1024 };

static const struct {
	const char *name;
	int priority;	/* syslog's; systemd reads it from "<N>" too */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARN] = { "warn", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

static _Atomic int current_level = LOG_LEVEL_INFO;
static _Atomic int current_target = LOG_TARGET_STDERR;

void log_setup(enum log_target target, enum log_level level)
{
	if (target == LOG_TARGET_SYSLOG)
		openlog("catchmentd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	current_target = target;
	current_level = level;
}

void log_set_level(enum log_level level)
{
	current_level = level;
}

enum log_level log_get_level(void)
{
	return (enum log_level)current_level;
}

int log_level_parse(const char *text, enum log_level *ret)
{
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
		if (strcmp(text, levels[i].name) == 0) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	if (strcmp(text, "warning") == 0) {
		*ret = LOG_LEVEL_WARN;
		return 0;
	}
	return ERR_UNKNOWN;
}

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

/* What a peer or a file put into a line must not move the cursor or begin another line. */
static void make_printable(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

static void emit(enum log_level level, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static void emit(enum log_level level, const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];
	char stamp[CLOCK_TEXT_MAX];
	char text[LINE_MAX_BYTES + 2 * CLOCK_TEXT_MAX];

	vsnprintf(line, sizeof line, format, args);
	make_printable(line);
	if (current_target == LOG_TARGET_SYSLOG) {
		syslog(levels[level].priority, "%s", line);
		return;
	}
	int len = snprintf(text, sizeof text, "%s %s: %s\n", clock_print(clock_wall_s(), stamp, sizeof stamp),
			   levels[level].name, line);
	/* One write a line: lines of several threads do not mix. */
	(void)!write(STDERR_FILENO, text, (size_t)len);
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list args;

	if ((int)level > current_level)
		return;
	va_start(args, format);
	emit(level, format, args);
	va_end(args);
}

void log_limited(struct log_gate *gate, uint64_t now_ns, enum log_level level, const char *format, ...)
{
	uint64_t second = now_ns / 1000000000u + 1;	/* never 0, the value of a fresh gate */
	uint64_t seen = gate->second;

	if ((int)level > current_level)
		return;
	if (seen != second && atomic_compare_exchange_strong(&gate->second, &seen, second)) {
		unsigned held = atomic_exchange(&gate->held, 0);

		gate->passed = 0;
		if (held > 0)
			log_line(level, "log: %u lines like the next were held back", held);
	}
	if (atomic_fetch_add(&gate->passed, 1) >= LOG_GATE_BURST) {
		atomic_fetch_add(&gate->held, 1);
		return;
	}

	va_list args;
	va_start(args, format);
	emit(level, format, args);
	va_end(args);
}
