/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/document.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

struct scan {
	const char *file;
	struct err_list *errors;
	size_t nodes;
	unsigned depth, documents;
	int err;
};

static unsigned line_of(const yaml_mark_t *mark)
{
	return (unsigned)mark->line + 1;
}

static unsigned line_at(const char *text, size_t len, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < len && i < offset; i++)
		line += text[i] == '\n';
	return line;
}

static void __attribute__((format(printf, 4, 5)))
refuse(struct scan *scan, int err, const yaml_mark_t *at, const char *format, ...)
{
	struct err_note note;
	va_list args;

	va_start(args, format);
	vsnprintf(note.text, sizeof note.text, format, args);
	va_end(args);
	err_list_add(scan->errors, scan->file, line_of(at), "%s", note.text);
	scan->err = err;
}

/* Whether a tab stands before the first word of the line that begins after so many others. */
static bool is_indented_by_tab(const char *text, size_t len, size_t line)
{
	size_t i = 0;

	for (; line > 0 && i < len; i++)
		line -= text[i] == '\n';
	while (i < len && text[i] == ' ')
		i++;
	return i < len && text[i] == '\t';
}

static void tell_syntax(const char *file, const char *text, size_t len, const yaml_parser_t *parser,
			struct err_list *errors)
{
	const char *problem = parser->problem ? parser->problem : "out of memory";

	if (parser->error == YAML_READER_ERROR)
		err_list_add(errors, file, line_at(text, len, parser->problem_offset), "not YAML text: %s (byte %zu)",
			     problem, parser->problem_offset);
	else if (is_indented_by_tab(text, len, parser->problem_mark.line))
		err_list_add(errors, file, line_of(&parser->problem_mark), "not YAML: a tab: lines are indented with blanks");
	else if (parser->context != NULL)
		err_list_add(errors, file, line_of(&parser->problem_mark), "not YAML: %s (%s, line %u)", problem,
			     parser->context, line_of(&parser->context_mark));
	else
		err_list_add(errors, file, line_of(&parser->problem_mark), "not YAML: %s", problem);
}

static void scan_node(struct scan *scan, const yaml_event_t *event, const yaml_char_t *tag)
{
	/* A tag would give a value a type that the key has not. */
	if (tag != NULL)
		refuse(scan, ERR_SYNTAX, &event->start_mark, "the tag %.60s: tags are not taken here",
		       (const char *)tag);
	if (++scan->nodes > CONF_NODES_MAX)
		refuse(scan, ERR_LIMIT, &event->start_mark, "more than %d keys and values in one file",
		       CONF_NODES_MAX);
}

static void scan_open(struct scan *scan, const yaml_event_t *event, const yaml_char_t *tag)
{
	scan_node(scan, event, tag);
	if (++scan->depth > CONF_DEPTH_MAX)
		refuse(scan, ERR_LIMIT, &event->start_mark, "mappings and lists more than %d deep", CONF_DEPTH_MAX);
}

static void scan_event(struct scan *scan, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++scan->documents > 1)
			refuse(scan, ERR_SYNTAX, &event->start_mark,
			       "a second document: one file is one configuration");
		break;
	case YAML_ALIAS_EVENT:
		/* A few lines of aliases to aliases stand for billions of values; no configuration needs one. */
		refuse(scan, ERR_SYNTAX, &event->start_mark,
		       "the alias *%.60s: aliases are not taken here; write the value out",
		       (const char *)event->data.alias.anchor);
		break;
	case YAML_SCALAR_EVENT: scan_node(scan, event, event->data.scalar.tag); break;
	case YAML_SEQUENCE_START_EVENT: scan_open(scan, event, event->data.sequence_start.tag); break;
	case YAML_MAPPING_START_EVENT: scan_open(scan, event, event->data.mapping_start.tag); break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: scan->depth--; break;
	default: break;
	}
}

static void parser_open(yaml_parser_t *parser, const char *text, size_t len)
{
	/* libyaml fails here only without memory, which ends this process everywhere else too. */
	if (!yaml_parser_initialize(parser))
		abort();
	yaml_parser_set_input_string(parser, (const unsigned char *)(len > 0 ? text : ""), len);
}

/* Events first: they show what a composed document hides (aliases, further documents) before it costs memory. */
static int scan_text(const char *file, const char *text, size_t len, struct err_list *errors)
{
	struct scan scan = { .file = file, .errors = errors };
	yaml_parser_t parser;
	bool ended = false;

	parser_open(&parser, text, len);
	while (!ended && scan.err != ERR_LIMIT && scan.documents < 2) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			tell_syntax(file, text, len, &parser, errors);
			scan.err = ERR_SYNTAX;
			break;
		}
		scan_event(&scan, &event);
		ended = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return scan.err;
}

static int compose(const char *file, const char *text, size_t len, yaml_document_t *ret, struct err_list *errors)
{
	yaml_document_t document;
	yaml_parser_t parser;
	int err = 0;

	parser_open(&parser, text, len);
	if (!yaml_parser_load(&parser, &document)) {
		tell_syntax(file, text, len, &parser, errors);
		err = ERR_SYNTAX;
	} else if (yaml_document_get_root_node(&document) == NULL) {
		err_list_add(errors, file, 0, "the file is empty");
		yaml_document_delete(&document);
		err = ERR_SYNTAX;
	} else {
		*ret = document;
	}
	yaml_parser_delete(&parser);
	return err;
}

int conf_document_load(const char *file, const char *text, size_t len, yaml_document_t *ret, struct err_list *errors)
{
	const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;

	if (len > CONF_FILE_MAX) {
		err_list_add(errors, file, 0, "larger than %d bytes", CONF_FILE_MAX);
		return ERR_LIMIT;
	}
	/* libyaml would take a NUL for the end of the file and what stands behind it for nothing. */
	if (nul != NULL) {
		err_list_add(errors, file, line_at(text, len, (size_t)(nul - text)),
			     "a NUL byte: this is not a text file");
		return ERR_SYNTAX;
	}
	int err = scan_text(file, text, len, errors);
	return err != 0 ? err : compose(file, text, len, ret, errors);
}
