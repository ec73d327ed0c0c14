/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/machine.h"

#include <assert.h>
#include <stdio.h>

typedef bool test_fn(const struct machine *machine, uint64_t now);

static bool ordered_out(const struct machine *m, uint64_t now)
{
	(void)now;
	return m->in.stop_file || m->in.order == MACHINE_WITHDRAW;
}

static bool let_in(const struct machine *m, uint64_t now)
{
	return !ordered_out(m, now);
}

static bool draining(const struct machine *m, uint64_t now)
{
	(void)now;
	return m->in.order == MACHINE_DRAIN;
}

static bool not_draining(const struct machine *m, uint64_t now)
{
	(void)now;
	return m->in.order != MACHINE_DRAIN;
}

static bool lowering(const struct machine *m, uint64_t now)
{
	return draining(m, now) && m->settings.can_lower && m->settings.deprefer_ms > 0;
}

static bool lowered_long_enough(const struct machine *m, uint64_t now)
{
	return now - m->since >= m->settings.deprefer_ms;
}

static bool ebbed(const struct machine *m, uint64_t now)
{
	return m->in.ebbed || now - m->since >= m->settings.drain_ms;
}

static bool forcing(const struct machine *m, uint64_t now)
{
	(void)now;
	return m->in.order == MACHINE_FORCE && m->in.alive;
}

static bool not_forcing(const struct machine *m, uint64_t now)
{
	return !forcing(m, now);
}

static bool forced_early(const struct machine *m, uint64_t now)
{
	return !forcing(m, now) && !m->in.ready;
}

static bool dead(const struct machine *m, uint64_t now)
{
	(void)now;
	return !m->in.alive;
}

static bool must_go(const struct machine *m)
{
	return m->in.stale == MACHINE_STALE_WITHDRAW || m->in.stale == MACHINE_EMPTY;
}

static bool bad(const struct machine *m, uint64_t now)
{
	(void)now;
	return !m->in.alive || m->in.health == MACHINE_BAD || must_go(m);
}

/* What others do wrong changes no route that has just come: who flaps every minute must not move clients every minute. Not for
 * what is ours: there a client would meet nobody. */
static bool kept_up(const struct machine *m, uint64_t now)
{
	return m->in.alive && !must_go(m) && m->in.health == MACHINE_BAD && m->in.soft
		&& now - m->up_since < m->settings.keep_up_ms;
}

static bool bad_enough(const struct machine *m, uint64_t now)
{
	return bad(m, now) && !kept_up(m, now);
}

/* The last resort goes on for what is broken, not for what an operator wants withdrawn. */
static bool bad_at_last(const struct machine *m, uint64_t now)
{
	(void)now;
	return m->settings.last_resort && m->settings.can_lower && m->in.alive && m->in.health == MACHINE_BAD
		&& !must_go(m);
}

static bool beyond_last(const struct machine *m, uint64_t now)
{
	return bad(m, now) && !bad_at_last(m, now);
}

static bool not_bad(const struct machine *m, uint64_t now)
{
	return !bad(m, now);
}

static bool good(const struct machine *m, uint64_t now)
{
	return !bad(m, now) && m->in.health == MACHINE_GOOD && m->in.ready;
}

static bool held(const struct machine *m, uint64_t now)
{
	return good(m, now) && now < m->hold_until;
}

static bool stuck(const struct machine *m, uint64_t now)
{
	(void)now;
	return m->settings.max_flaps > 0 && m->flaps >= m->settings.max_flaps;
}

static bool not_stuck(const struct machine *m, uint64_t now)
{
	return !stuck(m, now);
}

static bool may_rise(const struct machine *m, uint64_t now)
{
	return good(m, now) && now >= m->hold_until && now >= m->start_at;
}

#define IN(state) (1u << MACHINE_##state)
enum {
	ALL = (1u << MACHINE_STATES) - 1,
	DRAINS = IN(LOWERED) | IN(EBB) | IN(DRAINED),
	OUT = IN(DOWN) | IN(RISING) | IN(HOLD) | IN(STUCK),
};

/* The first row that fits moves the machine, then the table is read again, until none does. */
static const struct rule {
	unsigned from;		/* states */
	test_fn *when;
	enum machine_state to;
	bool fall;		/* a fault ends an announcement: hold-down */
} rules[] = {
	/* Orders and the stop file, strongest first. */
	{ ALL & ~IN(WITHDRAWN),		ordered_out,		MACHINE_WITHDRAWN, false },
	{ IN(WITHDRAWN),		let_in,			MACHINE_DOWN,	   false },
	{ IN(FORCED),			dead,			MACHINE_DOWN,	   true },
	{ IN(FORCED),			forced_early,		MACHINE_DOWN,	   false },
	{ IN(FORCED),			not_forcing,		MACHINE_UP,	   false },
	{ ALL & ~IN(FORCED) & ~IN(WITHDRAWN), forcing,		MACHINE_FORCED,	   false },
	/* A drain: lower preference, withdraw, answer, done. */
	{ IN(UP) | IN(LAST),		dead,			MACHINE_DOWN,	   true },
	{ IN(UP),			lowering,		MACHINE_LOWERED,   false },
	{ IN(UP) | IN(LAST),		draining,		MACHINE_EBB,	   false },
	{ IN(LOWERED),			bad,			MACHINE_EBB,	   false },
	{ IN(LOWERED),			not_draining,		MACHINE_UP,	   false },
	{ IN(LOWERED),			lowered_long_enough,	MACHINE_EBB,	   false },
	{ IN(EBB) | IN(DRAINED),	not_draining,		MACHINE_DOWN,	   false },
	{ IN(EBB),			ebbed,			MACHINE_DRAINED,   false },
	{ OUT,				draining,		MACHINE_DRAINED,   false },
	/* Checks. */
	{ IN(UP),			bad_at_last,		MACHINE_LAST,	   true },
	{ IN(UP),			bad_enough,		MACHINE_DOWN,	   true },
	{ IN(LAST),			beyond_last,		MACHINE_DOWN,	   false },
	{ IN(LAST),			may_rise,		MACHINE_UP,	   false },
	{ IN(RISING) | IN(HOLD) | IN(STUCK), bad,		MACHINE_DOWN,	   false },
	{ IN(RISING) | IN(HOLD),	stuck,			MACHINE_STUCK,	   false },
	{ IN(STUCK),			not_stuck,		MACHINE_RISING,	   false },
	{ IN(DOWN),			not_bad,		MACHINE_RISING,	   false },
	{ IN(RISING),			held,			MACHINE_HOLD,	   false },
	{ IN(RISING) | IN(HOLD),	may_rise,		MACHINE_UP,	   false },
};
enum { STEPS_MAX = MACHINE_STATES + 2 };	/* no chain of rows is longer: a test walks them all */

static bool is_announced(enum machine_state state)
{
	return IN(UP) & 1u << state || IN(LAST) & 1u << state || IN(LOWERED) & 1u << state || IN(FORCED) & 1u << state;
}

static uint64_t hold_ms(const struct machine *m)
{
	uint64_t ms = m->settings.hold_down_ms;

	for (unsigned i = 0; i < m->flaps && ms < m->settings.hold_down_max_ms; i++)
		ms *= 2;
	return ms < m->settings.hold_down_max_ms ? ms : m->settings.hold_down_max_ms;
}

/* An announcement that stood takes doublings back, one for each minimum_up_ms; one that did not, after a fall, is a flap. */
static void fall(struct machine *m, uint64_t now)
{
	uint64_t stood = now - m->up_since, enough = m->settings.minimum_up_ms;

	if (enough == 0) {
		m->flaps = 0;
	} else if (stood >= enough) {
		uint64_t back = stood / enough;

		m->flaps = back < m->flaps ? m->flaps - (unsigned)back : 0;
	} else if (m->fell && m->flaps < UINT16_MAX) {
		m->flaps++;
	}
	m->fell = true;
	m->falls++;
	m->hold_until = now + hold_ms(m);
}

static const struct rule *find(const struct machine *m, uint64_t now)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		if ((rules[i].from & 1u << m->state) && rules[i].when(m, now))
			return &rules[i];
	}
	return NULL;
}

void machine_init(struct machine *machine, const struct machine_settings *settings, uint64_t now, uint64_t jitter_ms)
{
	*machine = (struct machine){ .settings = *settings, .since = now, .start_at = now + jitter_ms };
}

bool machine_step(struct machine *machine, uint64_t now)
{
	enum machine_state before = machine->state;
	unsigned steps = 0;

	for (const struct rule *rule = find(machine, now); rule != NULL; rule = find(machine, now)) {
		bool was = is_announced(machine->state);

		steps++;
		assert(steps <= STEPS_MAX);
		if (rule->fall)
			fall(machine, now);
		machine->state = rule->to;
		machine->since = now;
		machine->in.ebbed = false;	/* it was said of the state before */
		if (!was && is_announced(rule->to))
			machine->up_since = now;
	}
	return machine->state != before;
}

void machine_forgive(struct machine *machine)
{
	machine->flaps = 0;
	machine->fell = false;
	machine->hold_until = 0;
	machine->start_at = 0;
}

enum route_level machine_level(const struct machine *machine)
{
	enum route_level low = machine->settings.can_lower ? ROUTE_LOW : ROUTE_FULL;

	switch (machine->state) {
	case MACHINE_UP: return machine->in.stale == MACHINE_STALE_DEPREFER ? low : ROUTE_FULL;
	case MACHINE_FORCED: return ROUTE_FULL;
	case MACHINE_LAST:
	case MACHINE_LOWERED: return ROUTE_LOW;
	default: return ROUTE_NONE;
	}
}

uint64_t machine_due(const struct machine *machine)
{
	bool holds = machine->in.health == MACHINE_GOOD && machine->in.ready;

	switch (machine->state) {
	case MACHINE_UP:
		if (machine->in.health != MACHINE_BAD)
			return UINT64_MAX;
		return machine->up_since + machine->settings.keep_up_ms;	/* else it would not be up */
	case MACHINE_HOLD:
		if (!holds)
			return UINT64_MAX;
		return machine->hold_until > machine->start_at ? machine->hold_until : machine->start_at;
	case MACHINE_RISING: return holds ? machine->start_at : UINT64_MAX;
	case MACHINE_LAST: return machine->in.health == MACHINE_GOOD ? machine->hold_until : UINT64_MAX;
	case MACHINE_LOWERED: return machine->since + machine->settings.deprefer_ms;
	case MACHINE_EBB: return machine->since + machine->settings.drain_ms;
	default: return UINT64_MAX;
	}
}

static uint64_t seconds_left(uint64_t until, uint64_t now)
{
	return until > now ? (until - now + 999) / 1000 : 0;
}

static const char *cause_of(const struct machine *m)
{
	if (m->in.alive && m->in.stale == MACHINE_EMPTY)
		return "nothing came from the master yet";
	if (m->in.alive && m->in.health != MACHINE_BAD && must_go(m))
		return "content is stale, and when-stale says withdraw";
	return m->in.cause[0] != '\0' ? m->in.cause : "no check has passed yet";
}

static void rising_reason(const struct machine *m, uint64_t now, char *buf, size_t size)
{
	if (m->in.health != MACHINE_GOOD)
		snprintf(buf, size, "rising: %s", m->in.cause[0] != '\0' ? m->in.cause : "good checks are counted");
	else if (!m->in.ready)
		snprintf(buf, size, "rising: not every zone was probed yet");
	else
		snprintf(buf, size, "start-up wait: %llu s left", (unsigned long long)seconds_left(m->start_at, now));
}

static void up_reason(const struct machine *m, uint64_t now, char *buf, size_t size)
{
	if (m->in.health == MACHINE_BAD)
		snprintf(buf, size, "kept up for %llu s more: %s",
			 (unsigned long long)seconds_left(m->up_since + m->settings.keep_up_ms, now), cause_of(m));
	else
		snprintf(buf, size, "checks hold%s", m->in.stale == MACHINE_STALE_DEPREFER ? "; content is stale: lower preference" : "");
}

const char *machine_reason(const struct machine *m, uint64_t now, char *buf, size_t size)
{
	switch (m->state) {
	case MACHINE_DOWN: snprintf(buf, size, "%s", cause_of(m)); break;
	case MACHINE_RISING: rising_reason(m, now, buf, size); break;
	case MACHINE_HOLD:
		snprintf(buf, size, "checks hold; hold-down: %llu s left, %u flaps",
			 (unsigned long long)seconds_left(m->hold_until, now), m->flaps);
		break;
	case MACHINE_STUCK:
		snprintf(buf, size, "it flapped %u times: an operator must look, then undrain", m->flaps);
		break;
	case MACHINE_UP: up_reason(m, now, buf, size); break;
	case MACHINE_LAST: snprintf(buf, size, "last resort, lower preference: %s", cause_of(m)); break;
	case MACHINE_LOWERED:
		snprintf(buf, size, "draining: lower preference, %llu s left",
			 (unsigned long long)seconds_left(machine_due(m), now));
		break;
	case MACHINE_EBB:
		snprintf(buf, size, "draining: withdrawn, answering on for %llu s",
			 (unsigned long long)seconds_left(machine_due(m), now));
		break;
	case MACHINE_DRAINED: snprintf(buf, size, "drained by order"); break;
	case MACHINE_WITHDRAWN:
		snprintf(buf, size, "%s", m->in.stop_file ? "the stop file exists" : "withdrawn by order");
		break;
	case MACHINE_FORCED:
		snprintf(buf, size, "announced by order%s%s", m->in.health == MACHINE_GOOD ? "" : ", although: ",
			 m->in.health == MACHINE_GOOD ? "" : cause_of(m));
		break;
	case MACHINE_STATES: break;
	}
	return buf;
}

const char *machine_state_name(enum machine_state state)
{
	static const char *const names[MACHINE_STATES] = {
		"down", "rising", "hold", "stuck", "up", "last-resort", "lowered", "ebb", "drained", "withdrawn", "forced",
	};

	return names[state];
}

const char *machine_public_name(enum machine_state state)
{
	switch (state) {
	case MACHINE_UP:
	case MACHINE_LAST:
	case MACHINE_FORCED: return "announced";
	case MACHINE_LOWERED:
	case MACHINE_EBB: return "draining";
	case MACHINE_HOLD:
	case MACHINE_STUCK: return "hold-down";
	default: return "withdrawn";
	}
}

const char *machine_order_name(enum machine_order order)
{
	static const char *const names[] = { "none", "drain", "withdraw", "force" };

	return names[order];
}
