/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/records.h"

#include <stdio.h>
#include <string.h>

#include "zone/rdata.h"
#include "zone/text.h"

void zone_records_init(struct zone_records *records, const struct name *apex)
{
	*records = (struct zone_records){ .apex = *apex };
	records->apex_number = zone_names_add(&records->names, apex);
	records->names.list[records->apex_number].inside = true;
}

void zone_records_fini(struct zone_records *records)
{
	for (size_t i = 0; i < records->file_count; i++)
		mem_free(records->files[i]);
	mem_free(records->files);
	mem_free(records->list);
	arena_fini(&records->arena);
	zone_names_fini(&records->names);
}

static uint16_t file_number(struct zone_records *records, const char *file)
{
	/* From the last on: records come file by file. Beyond what 16 bits hold, messages name the last file. */
	for (size_t i = records->file_count; i-- > 0;) {
		if (strcmp(records->files[i], file) == 0)
			return (uint16_t)i;
	}
	if (records->file_count > UINT16_MAX)
		return UINT16_MAX;
	mem_grow((void **)&records->files, &records->file_capacity, records->file_count, sizeof *records->files);
	records->files[records->file_count] = mem_string(file);
	return (uint16_t)records->file_count++;
}

static void fault(struct err_list *list, const struct record *record, const struct name *owner, const char *what)
{
	char name[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX];

	err_list_add(list, record->file, record->line, "%s %s: %s", name_print(owner->wire, name),
		     zone_text_type(record->type, type), what);
}

static uint32_t add_name(struct zone_records *records, const struct name *name)
{
	uint32_t number = zone_names_add(&records->names, name);

	records->names.list[number].inside = name_is_below(name, records->apex.wire, records->apex.len);
	return number;
}

/* The owner's number, or -1 with the fault told. */
static int64_t owner_number(struct zone_records *records, const struct record *record, struct err_list *errors)
{
	struct name owner;

	if (record->owner.len != 0 && record->owner.len == records->last_owner_len
	    && memcmp(record->owner.at, records->last_owner, record->owner.len) == 0)
		return records->last_number;
	if (name_from_wire(record->owner.at, record->owner.len, &owner) != 0) {
		err_list_add(errors, record->file, record->line, "an owner name is not well formed");
		return -1;
	}
	if (!name_is_below(&owner, records->apex.wire, records->apex.len)) {
		char zone[DNS_NAME_TEXT_MAX], what[DNS_NAME_TEXT_MAX + 32];

		snprintf(what, sizeof what, "the owner is not in the zone %s", name_print(records->apex.wire, zone));
		fault(errors, record, &owner, what);
		return -1;
	}
	records->last_number = add_name(records, &owner);
	memcpy(records->last_owner, record->owner.at, record->owner.len);
	records->last_owner_len = record->owner.len;
	return records->last_number;
}

static const char *record_fault(const struct record *record)
{
	if (record->class != DNS_CLASS_IN)
		return "expected class IN";
	if (dns_type_is_meta(record->type))
		return "the type is for queries and messages, not for zones";
	if (record->rdata.len > ZONE_RDATA_MAX)
		return "its RDATA is longer than 65535 bytes";
	return zone_rdata_fault(record->type, record->rdata);
}

/* Copies RDATA; the names of zone_layout() types become numbers. */
static const uint8_t *store_rdata(struct zone_records *records, const struct record *record, uint16_t *ret_len)
{
	struct zone_layout layout = zone_layout(record->type);
	struct reader reader = reader_of(record->rdata.at, record->rdata.len);
	uint8_t stored[64];
	size_t len = layout.prefix;

	if (layout.names == 0) {
		*ret_len = (uint16_t)record->rdata.len;
		return arena_copy(&records->arena, record->rdata.at, record->rdata.len);
	}
	memcpy(stored, reader_take(&reader, layout.prefix).at, layout.prefix);
	for (unsigned i = 0; i < layout.names; i++, len += sizeof(uint32_t)) {
		struct name name;
		uint32_t number = 0;

		/* zone_rdata_fault() has been over it. */
		if (name_read(&reader, &name) == 0)
			number = add_name(records, &name);
		memcpy(stored + len, &number, sizeof number);
	}
	memcpy(stored + len, reader.at, layout.suffix);
	*ret_len = (uint16_t)(len + layout.suffix);
	return arena_copy(&records->arena, stored, *ret_len);
}

void zone_records_add(struct zone_records *records, const struct record *record, struct err_list *errors,
		      struct err_list *warnings)
{
	struct zone_stored stored = { .type = record->type, .ttl = record->ttl, .line = record->line };
	const char *wrong = record_fault(record);
	int64_t owner = owner_number(records, record, errors);

	if (owner < 0)
		return;
	if (wrong == NULL && records->count >= ZONE_RECORDS_MAX)
		wrong = "more than 2^30 records";
	if (wrong != NULL || record->ttl > DNS_TTL_MAX) {
		struct name name;

		name_from_wire(record->owner.at, record->owner.len, &name);
		fault(wrong ? errors : warnings, record, &name, wrong ? wrong : "a TTL above 2147483647 counts as 0");
		if (wrong != NULL)
			return;
		stored.ttl = 0;	/* RFC 2181, 8 */
	}
	stored.file = file_number(records, record->file);
	stored.rdata = store_rdata(records, record, &stored.len);

	struct zone_key *key = &records->names.list[owner];
	stored.next = key->first;
	key->first = (uint32_t)records->count + 1;
	mem_grow((void **)&records->list, &records->capacity, records->count, sizeof *records->list);
	records->list[records->count++] = stored;
}

uint32_t zone_stored_name(const struct zone_stored *stored, unsigned index)
{
	uint32_t number;

	memcpy(&number, stored->rdata + zone_layout(stored->type).prefix + index * sizeof number, sizeof number);
	return number;
}

size_t zone_records_rdata(const struct zone_records *records, const struct zone_stored *stored, uint8_t *out)
{
	struct zone_layout layout = zone_layout(stored->type);
	size_t len = layout.prefix;

	if (layout.names == 0) {
		memcpy(out, stored->rdata, stored->len);
		return stored->len;
	}
	memcpy(out, stored->rdata, layout.prefix);
	for (unsigned i = 0; i < layout.names; i++)
		len += zone_key_wire(&records->names.list[zone_stored_name(stored, i)], out + len);
	memcpy(out + len, stored->rdata + stored->len - layout.suffix, layout.suffix);
	return len + layout.suffix;
}

const struct zone_stored *zone_records_find(const struct zone_records *records, const struct zone_key *owner,
					    uint16_t type)
{
	for (uint32_t number = owner->first; number != 0; number = records->list[number - 1].next) {
		if (records->list[number - 1].type == type)
			return &records->list[number - 1];
	}
	return NULL;
}
