/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/check.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/schema.h"
#include "conf/setting.h"
#include "conf/text.h"
#include "conf/value.h"

struct check {
	const char *file;
	yaml_document_t *document;
	struct conf_places *places;
	struct err_list *errors;
	bool shaped;
};

/* One thing to look at: its node, its key with indices (path) and as the table writes it (key), its row there. */
struct spot {
	yaml_node_t *node;
	const struct conf_setting *row; /* NULL: the file itself */
	char path[CONF_PATH_MAX], key[CONF_PATH_MAX];
};

enum { FIELDS_MAX = 64, SUGGEST_MAX = 3 };

static void walk(struct check *check, const struct spot *spot, const cyaml_schema_value_t *schema);

static unsigned line_of(const yaml_node_t *node)
{
	return (unsigned)node->start_mark.line + 1;
}

static void __attribute__((format(printf, 4, 5)))
fault(struct check *check, const struct spot *spot, const yaml_node_t *at, const char *format, ...)
{
	struct err_note note;
	va_list args;

	va_start(args, format);
	vsnprintf(note.text, sizeof note.text, format, args);
	va_end(args);
	err_list_add(check->errors, check->file, line_of(at), "%s%s%s", spot->path, spot->path[0] ? ": " : "",
		     note.text);
}

static const char *kind_of(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SCALAR_NODE: return "a single value";
	case YAML_SEQUENCE_NODE: return "a list";
	case YAML_MAPPING_NODE: return "a mapping";
	default: return "nothing";
	}
}

static void wrong_kind(struct check *check, const struct spot *spot, const char *expected)
{
	check->shaped = false;
	if (spot->node->type == YAML_SCALAR_NODE && spot->node->data.scalar.length == 0)
		fault(check, spot, spot->node, "expected %s, got nothing", expected);
	else
		fault(check, spot, spot->node, "expected %s, got %s", expected, kind_of(spot->node));
}

static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return true;
	}
	return false;
}

static void walk_scalar(struct check *check, const struct spot *spot)
{
	char expected[CONF_DESCRIBE_MAX], quoted[CONF_QUOTE_MAX];
	const yaml_node_t *node = spot->node;

	conf_setting_expected(spot->row, expected);
	if (node->type != YAML_SCALAR_NODE) {
		wrong_kind(check, spot, expected);
		return;
	}

	const char *text = (const char *)node->data.scalar.value;
	size_t len = node->data.scalar.length;
	/* "key:" with nothing behind is more likely forgotten than meant. */
	if (len == 0 && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		fault(check, spot, node, "expected %s, got nothing; an empty value is written \"\"", expected);
		return;
	}
	conf_text_quote(text, len, quoted);
	if (has_control(text, len)) {
		fault(check, spot, node, "expected %s, got %s: control characters are not taken", expected, quoted);
		return;
	}
	const char *reason = conf_value_fault(spot->row, text);
	if (reason != NULL)
		fault(check, spot, node, "expected %s, got %s%s%s", expected, quoted, reason[0] ? ": " : "", reason);
}

static void walk_list(struct check *check, const struct spot *spot, const cyaml_schema_value_t *schema)
{
	const yaml_node_t *list = spot->node;

	if (list->type != YAML_SEQUENCE_NODE) {
		wrong_kind(check, spot, "a list");
		return;
	}
	assert(spot->row != NULL);	/* only the file itself has none, and that is a mapping */
	size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	if (count == 0 && (spot->row->flags & CONF_REQUIRED))
		fault(check, spot, list, "expected at least one entry");
	if (spot->row->max != 0 && count > spot->row->max) {
		fault(check, spot, list, "%zu entries; at most %u are taken", count, (unsigned)spot->row->max);
		count = spot->row->max;
	}

	struct spot entry = { .row = spot->row };
	snprintf(entry.key, sizeof entry.key, "%.*s[]", CONF_PATH_MAX - 3, spot->key);
	for (size_t i = 0; i < count; i++) {
		entry.node = yaml_document_get_node(check->document, list->data.sequence.items.start[i]);
		snprintf(entry.path, sizeof entry.path, "%.*s[%zu]", CONF_PATH_MAX - 23, spot->path, i);
		walk(check, &entry, schema->sequence.entry);
	}
}

static const cyaml_schema_field_t *field_of(const cyaml_schema_field_t *fields, const char *key)
{
	for (; fields->key != NULL; fields++) {
		if (strcmp(fields->key, key) == 0)
			return fields;
	}
	return NULL;
}

/* The known key that was probably meant. */
static const char *suggest(const cyaml_schema_field_t *fields, const char *key)
{
	unsigned least = SUGGEST_MAX;
	const char *best = NULL;

	for (; fields->key != NULL; fields++) {
		unsigned limit = strlen(fields->key) / 2 + 1 < least ? (unsigned)strlen(fields->key) / 2 + 1 : least;
		unsigned distance = conf_text_distance(fields->key, key, limit);

		if (distance < limit) {
			best = fields->key;
			least = distance;
		}
	}
	return best;
}

static void unknown_key(struct check *check, const struct spot *spot, const yaml_node_t *key,
			const cyaml_schema_field_t *fields)
{
	const char *text = (const char *)key->data.scalar.value, *meant = suggest(fields, text);
	char quoted[CONF_QUOTE_MAX];

	/* libcyaml would read the key as ending at its NUL. */
	if (strlen(text) != key->data.scalar.length)
		check->shaped = false;
	conf_text_quote(text, key->data.scalar.length, quoted);
	fault(check, spot, key, "unknown key %s%s%s%s", quoted, meant ? "; did you mean \"" : "", meant ? meant : "",
	      meant ? "\"?" : "");
}

/* What is not available yet may still be written where it changes nothing: an empty list, the default. */
static void check_available(struct check *check, const struct spot *spot)
{
	const yaml_node_t *node = spot->node;

	if (!(spot->row->flags & CONF_LATER))
		return;
	if (node->type == YAML_SEQUENCE_NODE && node->data.sequence.items.top == node->data.sequence.items.start)
		return;
	if (node->type == YAML_SCALAR_NODE && spot->row->fallback != NULL
	    && strcmp((const char *)node->data.scalar.value, spot->row->fallback) == 0)
		return;
	fault(check, spot, node, "not available in this version");
}

static void walk_field(struct check *check, const struct spot *spot, const cyaml_schema_field_t *field,
		       yaml_node_t *node)
{
	struct spot child = { .node = node };
	const char *dot = spot->path[0] ? "." : "";

	snprintf(child.path, sizeof child.path, "%.*s%s%s", CONF_PATH_MAX / 2, spot->path, dot, field->key);
	snprintf(child.key, sizeof child.key, "%.*s%s%s", CONF_PATH_MAX / 2, spot->key, dot, field->key);
	child.row = conf_setting_find(child.key, spot->row);
	assert(child.row != NULL);
	check_available(check, &child);
	walk(check, &child, &field->value);
}

static void missing_keys(struct check *check, const struct spot *spot, const cyaml_schema_field_t *fields,
			 const bool seen[FIELDS_MAX])
{
	char key[CONF_PATH_MAX];

	for (const cyaml_schema_field_t *field = fields; field->key != NULL; field++) {
		snprintf(key, sizeof key, "%.*s%s%s", CONF_PATH_MAX / 2, spot->key, spot->key[0] ? "." : "",
			 field->key);
		const struct conf_setting *row = conf_setting_find(key, spot->row);

		assert(row != NULL);
		if (!seen[field - fields] && (row->flags & CONF_REQUIRED))
			fault(check, spot, spot->node, "the key \"%s\" is missing", field->key);
	}
}

static void walk_mapping(struct check *check, const struct spot *spot, const cyaml_schema_value_t *schema)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	const yaml_node_t *mapping = spot->node;
	bool seen[FIELDS_MAX] = { false };

	if (mapping->type != YAML_MAPPING_NODE) {
		wrong_kind(check, spot, "a mapping");
		return;
	}
	for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *key = yaml_document_get_node(check->document, pair->key);

		if (key->type != YAML_SCALAR_NODE) {
			fault(check, spot, key, "expected a key, got %s", kind_of(key));
			check->shaped = false;
			continue;
		}
		const cyaml_schema_field_t *field = field_of(fields, (const char *)key->data.scalar.value);
		if (field == NULL || strlen(field->key) != key->data.scalar.length) {
			unknown_key(check, spot, key, fields);
			continue;
		}
		assert(field - fields < FIELDS_MAX);
		if (seen[field - fields]) {
			fault(check, spot, key, "the key \"%s\" stands here twice", field->key);
			check->shaped = false;
			continue;
		}
		seen[field - fields] = true;
		walk_field(check, spot, field, yaml_document_get_node(check->document, pair->value));
	}
	missing_keys(check, spot, fields, seen);
}

static void walk(struct check *check, const struct spot *spot, const cyaml_schema_value_t *schema)
{
	conf_place_add(check->places, spot->path, line_of(spot->node));
	switch (schema->type) {
	case CYAML_MAPPING: walk_mapping(check, spot, schema); break;
	case CYAML_SEQUENCE: walk_list(check, spot, schema); break;
	case CYAML_STRING: walk_scalar(check, spot); break;
	default: assert(!"a type the schema does not use");
	}
}

bool conf_check_document(const char *file, yaml_document_t *document, const struct cyaml_schema_value *schema,
			 struct conf_places *places, struct err_list *errors)
{
	struct check check = {
		.file = file, .document = document, .places = places, .errors = errors, .shaped = true
	};
	struct spot root = { .node = yaml_document_get_root_node(document) };

	walk(&check, &root, schema);
	return check.shaped;
}
