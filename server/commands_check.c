/* SPDX-License-Identifier: Apache-2.0 */
/* zone check: the source read aside, with every fault and oddity, and its DNSSEC looked at thoroughly. */
#include "server/commands.h"

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "zone/load.h"
#include "zone/verify.h"

enum {
	FINDINGS_MAX = 10000,	/* of each kind; the others are counted */
	BATCH = 500,		/* findings in one line of the reply */
};

static const char *const kinds[ZONE_VERIFY_KINDS] = { "broken", "expired", "warning", "note" };

struct finding {
	enum zone_verify_kind kind;
	char *text;
};

/* Lives in the call while the thread pool reads; holds nothing of the dataset, which may be switched meanwhile. */
struct checking {
	char *name, *source;
	struct zone_accept accept;
	const _Atomic bool *stop;
	struct zone_loaded loaded;
	struct err_list errors, warnings;
	struct finding *findings;
	size_t finding_count, capacity, told;
	size_t counts[ZONE_VERIFY_KINDS];
	int err;
};

static void check_found(void *ctx, enum zone_verify_kind kind, const char *text)
{
	struct checking *check = ctx;

	mem_grow((void **)&check->findings, &check->capacity, check->finding_count, sizeof *check->findings);
	check->findings[check->finding_count++] = (struct finding){ kind, mem_string(text) };
}

static void check_read(void *state)
{
	struct checking *check = state;
	struct zone_verify how = { .now_s = check->accept.now_s, .thorough = true, .texts = FINDINGS_MAX,
				   .found = check_found, .ctx = check, .stop = check->stop };

	check->err = zone_load_accepted(check->name, check->source, NULL, &check->accept, &check->loaded,
					&check->errors, &check->warnings);
	if (check->err == 0)
		zone_verify(zone_image_header(check->loaded.image), &how, check->counts);
}

static json_t *check_notes(struct call *call, const char *kind, const struct err_list *list)
{
	json_t *array = json_array();
	char text[sizeof(struct err_note) + 16];

	for (size_t i = 0; i < list->kept; i++) {
		const struct err_note *note = &list->notes[i];
		json_t *object = json_object();

		call_text(call, "%s: %s\n", kind, err_note_print(note, text, sizeof text));
		json_object_set_new(object, "file", note->file[0] ? call_string(note->file) : json_null());
		json_object_set_new(object, "line", note->line ? json_integer(note->line) : json_null());
		json_object_set_new(object, "text", call_string(note->text));
		json_array_append_new(array, object);
	}
	if (list->count > list->kept)
		call_text(call, "and %zu %ss more\n", list->count - list->kept, kind);
	return array;
}

static void check_done(struct call *call)
{
	const struct checking *check = call->state;
	size_t broken = check->counts[ZONE_VERIFY_BROKEN], expired = check->counts[ZONE_VERIFY_EXPIRED];
	size_t warnings = check->warnings.count + check->counts[ZONE_VERIFY_WARNING];

	if (check->err != 0) {
		size_t count = check->errors.count ? check->errors.count : 1;

		call_fail(call, CALL_REFUSED, "zone %s: %zu fault%s in %s", check->name, count, count == 1 ? "" : "s",
			  check->source);
		return;
	}

	const struct zone_image_header *base = zone_image_header(check->loaded.image);
	call_set(call, "serial", json_integer(base->serial));
	call_set(call, "records", json_integer(base->records));
	if (broken + expired != 0) {
		call_fail(call, CALL_REFUSED,
			  "zone %s: it loads, but its DNSSEC does not hold: %zu broken, %zu expired or not yet valid",
			  check->name, broken, expired);
		return;
	}
	call_text(call, "zone %s: serial %u, %u records, read in %.1f ms: good, %zu warning%s\n", check->name,
		  base->serial, base->records, (double)check->loaded.took_ns / 1e6, warnings,
		  warnings == 1 ? "" : "s");
	call_done(call);
}

static void check_findings(struct call *call)
{
	struct checking *check = call->state;
	size_t count = check->finding_count - check->told, all = 0;
	bool last = count <= BATCH;
	json_t *array = json_array();

	for (size_t i = 0; i < (last ? count : BATCH); i++) {
		const struct finding *finding = &check->findings[check->told++];
		json_t *object = json_object();

		call_text(call, "dnssec, %s: %s\n", kinds[finding->kind], finding->text);
		json_object_set_new(object, "kind", call_string(kinds[finding->kind]));
		json_object_set_new(object, "text", call_string(finding->text));
		json_array_append_new(array, object);
	}
	call_set(call, "dnssec", array);
	if (!last) {
		call_more(call);
		return;
	}
	for (unsigned kind = 0; kind < ZONE_VERIFY_KINDS; kind++)
		all += check->counts[kind];
	if (all > check->finding_count)
		call_text(call, "and %zu findings more\n", all - check->finding_count);
	call_set(call, "dnssec_count", json_integer((json_int_t)all));
	check_done(call);
}

static void check_told(struct call *call)
{
	struct checking *check = call->state;

	if (call->unwanted) {	/* it has not looked at everything: nothing can be said */
		call_fail(call, CALL_REFUSED, "the node stops");
		return;
	}
	call_set(call, "name", call_string(check->name));
	call_set(call, "source", call_string(check->source));
	call_set(call, "faults", check_notes(call, "fault", &check->errors));
	call_set(call, "fault_count", json_integer((json_int_t)check->errors.count));
	call_set(call, "warnings", check_notes(call, "warning", &check->warnings));
	call_set(call, "warning_count", json_integer((json_int_t)check->warnings.count));
	call_produce(call, check_findings);
}

static void check_free(struct call *call)
{
	struct checking *check = call->state;

	if (check->loaded.image != NULL)
		zone_image_release(check->loaded.image);
	for (size_t i = 0; i < check->finding_count; i++)
		mem_free(check->findings[i].text);
	mem_free(check->findings);
	err_list_fini(&check->errors);
	err_list_fini(&check->warnings);
	mem_free(check->name);
	mem_free(check->source);
	mem_free(check);
}

void command_zone_check(struct call *call)
{
	const struct zone_entry *zone = command_zone(call, call->args[0]);

	if (zone == NULL)
		return;

	const struct dataset_zone *info = command_zone_info(call->node->dataset, zone);
	struct checking *check = mem_alloc(sizeof *check);
	check->name = mem_string(info->name);
	check->source = mem_string(info->source);
	check->accept = (struct zone_accept){ .zonemd = info->zonemd, .now_s = clock_wall_s() };
	check->stop = &call->unwanted;
	call->state = check;
	call->release = check_free;
	call_work(call, check_read, check_told);
}
