/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log. A line begins with its subject: "zone example.org: serial 7 -> 8". Where a peer can cause lines, the caller
 * uses log_limited() with a gate of its own. Thread: any; lines are never torn. Process lifetime.
 */
#ifndef CONF_BASE_LOG_H
#define CONF_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

/* Before threads start, and again on reload from main. Until the first call: info to stderr. */
void log_setup(enum log_target target, enum log_level level);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* "error", "warn" (also "warning"), "info", "debug". ERR_UNKNOWN for others. */
int log_level_parse(const char *text, enum log_level *ret);
const char *log_level_name(enum log_level level);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* At most LOG_GATE_BURST lines a second through one gate; the first line of a later second says how many were held
 * back. Zero-initialised is open. now_ns is a clock_monotonic_ns() reading. */
enum { LOG_GATE_BURST = 5 };
struct log_gate {
	_Atomic uint64_t second;
	_Atomic unsigned passed, held;
};
void log_limited(struct log_gate *gate, uint64_t now_ns, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
