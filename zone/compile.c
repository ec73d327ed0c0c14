/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/compile.h"

#include "conf/base/mem.h"
#include "zone/layout.h"
#include "zone/records.h"

struct zone_compile {
	struct zone_records records;
	struct err_list errors, warnings;	/* of single records, until zone_compile_finish() */
};

struct zone_compile *zone_compile_new(const struct name *apex)
{
	struct zone_compile *compile = mem_alloc(sizeof *compile);

	zone_records_init(&compile->records, apex);
	return compile;
}

void zone_compile_free(struct zone_compile *compile)
{
	if (compile == NULL)
		return;
	zone_records_fini(&compile->records);
	err_list_fini(&compile->errors);
	err_list_fini(&compile->warnings);
	mem_free(compile);
}

int zone_compile_add(void *compile, const struct record *record)
{
	struct zone_compile *self = compile;

	zone_records_add(&self->records, record, &self->errors, &self->warnings);
	return 0;
}

static void hand_over(struct err_list *from, struct err_list *to)
{
	for (size_t i = 0; i < from->kept; i++)
		err_list_add(to, from->notes[i].file, from->notes[i].line, "%s", from->notes[i].text);
	to->count += from->count - from->kept;
	err_list_fini(from);
}

static bool apex_has_records(struct zone_layout_work *work)
{
	const struct zone_records *records = work->records;

	if (records->names.list[records->apex_number].first != 0)
		return true;
	err_list_add(work->errors, records->file_count ? records->files[0] : NULL, 0,
		     "the zone has no SOA and no NS at its apex");
	return false;
}

static int lay_out(struct zone_layout_work *work)
{
	size_t before = work->errors->count;

	zone_layout_append(work, sizeof(struct zone_image_header));
	int err = zone_layout_nodes(work);
	if (err != 0 || work->errors->count != before)
		return err != 0 ? err : ERR_INVALID;

	zref nodes_end = (zref)(work->len / 4);
	zone_layout_foreign(work);
	zone_layout_finish(work, nodes_end, (zref)(work->len / 4));
	return 0;
}

int zone_compile_finish(struct zone_compile *compile, void **ret_bytes, size_t *ret_size,
			struct err_list *errors, struct err_list *warnings)
{
	struct zone_layout_work *work = mem_alloc(sizeof *work);
	bool faulty = compile->errors.count != 0;

	work->records = &compile->records;
	work->errors = errors;
	work->warnings = warnings;
	hand_over(&compile->errors, errors);
	hand_over(&compile->warnings, warnings);

	/* The rules are checked even when single records are faulty already: all faults in one go. */
	int err = apex_has_records(work) ? lay_out(work) : ERR_INVALID;
	if (err == 0 && faulty)
		err = ERR_INVALID;
	if (err == 0) {
		*ret_bytes = work->bytes;
		*ret_size = work->len;
	} else {
		mem_free(work->bytes);
	}
	mem_free(work->nodes);
	mem_free(work->members);
	mem_free(work->groups);
	mem_free(work->scratch);
	mem_free(work->foreign_index);
	mem_free(work);
	return err;
}
