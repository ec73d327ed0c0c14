/* SPDX-License-Identifier: Apache-2.0 */
#include "server/commands.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "server/events.h"

enum {
	COMMAND_WORDS = 2,	/* a command has at most */
	COMMAND_TEXT_MAX = 24,	/* room for any command's words */
	BYTES_PER_EDIT = 3,	/* that far apart are a slip and another word */
};

const struct command commands[] = {
#define X(words, args, least, most, option, handler, flags, help) \
	{ words, args, least, most, option, handler, flags, help },
	COMMANDS(X)
#undef X
};
const size_t command_count = sizeof commands / sizeof commands[0];

/* How many of the words given a command's own words are: 0 when it is another command. */
static size_t words_match(const struct command *command, const char *const *words, size_t count)
{
	char joined[COMMAND_TEXT_MAX];

	if (count >= 1 && strcmp(command->words, words[0]) == 0)
		return 1;
	if (count < 2)
		return 0;
	int len = snprintf(joined, sizeof joined, "%s %s", words[0], words[1]);
	return len < (int)sizeof joined && strcmp(command->words, joined) == 0 ? 2 : 0;
}

static const struct command *find(const char *const *words, size_t count, size_t *ret_used)
{
	for (size_t i = 0; i < command_count; i++) {
		*ret_used = words_match(&commands[i], words, count);
		if (*ret_used > 0)
			return &commands[i];
	}
	return NULL;
}

/* Edits that make a into b: a byte put in, left out, changed, or two neighbours swapped. Three rows of the table that
 * Damerau and Levenshtein fill. */
static unsigned edits(const char *a, const char *b)
{
	unsigned rows[3][COMMAND_TEXT_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	size_t b_len = strlen(b);

	for (size_t j = 0; j <= b_len; j++)
		above[j] = before[j] = (unsigned)j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned least = above[j - 1] + (a[i - 1] != b[j - 1]);

			least = above[j] + 1 < least ? above[j] + 1 : least;
			least = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
			bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
			if (swapped && before[j - 2] + 1 < least)
				least = before[j - 2] + 1;
			row[j] = least;
		}
		unsigned *spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

/* "zone list, zone show, ..." of the commands that begin with this word; "" when there are none. */
static void siblings(const char *word, char *buf, size_t size)
{
	size_t len = 0, word_len = strlen(word);

	buf[0] = '\0';
	for (size_t i = 0; i < command_count && len < size; i++) {
		if (strncmp(commands[i].words, word, word_len) == 0 && commands[i].words[word_len] == ' ')
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "", commands[i].words);
	}
}

static const char *nearest(const char *const *words, size_t count)
{
	const char *best = NULL;
	unsigned fewest = UINT_MAX;

	/* The first word alone may be meant (an argument follows it), or the first two. */
	for (size_t take = 1; take <= count && take <= COMMAND_WORDS; take++) {
		char typed[COMMAND_TEXT_MAX];

		if (snprintf(typed, sizeof typed, "%s%s%s", words[0], take > 1 ? " " : "", take > 1 ? words[1] : "")
		    >= (int)sizeof typed)
			continue;
		for (size_t i = 0; i < command_count; i++) {
			unsigned distance = edits(typed, commands[i].words);

			if (distance < fewest && distance <= (strlen(typed) + 1) / BYTES_PER_EDIT) {
				fewest = distance;
				best = commands[i].words;
			}
		}
	}
	return best;
}

static void fail_unknown(struct call *call, const char *const *words, size_t count)
{
	char group[400];
	const char *meant = nearest(words, count);

	siblings(words[0], group, sizeof group);
	if (group[0] != '\0' && (count == 1 || meant == NULL))
		call_fail(call, CALL_USAGE, "%.60s needs one word more: %s", words[0], group);
	else if (meant != NULL)
		call_fail(call, CALL_USAGE, "unknown command \"%.60s%s%.60s\": did you mean \"%s\"?", words[0],
			  count > 1 ? " " : "", count > 1 ? words[1] : "", meant);
	else
		call_fail(call, CALL_USAGE, "unknown command \"%.60s\": \"help\" lists all", words[0]);
}

static void fail_usage(struct call *call)
{
	const struct command *command = call->command;

	call_fail(call, CALL_USAGE, "usage: %s%s%s", command->words, command->args[0] ? " " : "", command->args);
}

/* Sorts what stands behind the command's words into arguments and its option. */
static bool take_args(struct call *call, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (call->command->option != NULL && strcmp(words[i], call->command->option) == 0)
			call->option = true;
		else if (strncmp(words[i], "--", 2) == 0)
			return false;
		else
			call->args[call->arg_count++] = words[i];
	}
	return call->arg_count >= call->command->least && call->arg_count <= call->command->most;
}

static void note_change(const struct call *call)
{
	char args[200] = "";
	size_t len = 0;

	for (size_t i = 0; i < call->arg_count && len < sizeof args; i++)
		len += (size_t)snprintf(args + len, sizeof args - len, " %s", call->args[i]);
	events_add(call->node->events, LOG_LEVEL_INFO, "control", "control: %s%s (%s)", call->command->words, args,
		   call->client->who);
}

static void dispatch(struct call *call, const char *const *words, size_t count)
{
	size_t used;

	call->command = find(words, count, &used);
	if (call->command == NULL) {
		fail_unknown(call, words, count);
		return;
	}
	if (call->command->flags & COMMAND_LATER) {
		call->command->run(call);
		return;
	}
	if (!take_args(call, words + used, count - used)) {
		fail_usage(call);
		return;
	}
	if (call->command->flags & COMMAND_CHANGES)
		note_change(call);
	call->command->run(call);
}

/* What is wrong with the request, or NULL; on success the words are views into it. */
static const char *read_words(const json_t *request, const char **words, size_t *ret_count)
{
	const json_t *list = json_object_get(request, "command"), *word;
	const char *key;
	json_t *value;
	size_t i;

	if (!json_is_object(request))
		return "a request is a JSON object: {\"command\":[\"status\"]}";
	json_object_foreach((json_t *)(uintptr_t)request, key, value) {
		if (strcmp(key, "command") != 0 && strcmp(key, "id") != 0)
			return "a request has the members \"command\" and \"id\", no other";
	}
	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > CALL_WORDS_MAX)
		return "\"command\" is a list of 1 to 32 words";
	json_array_foreach((json_t *)(uintptr_t)list, i, word) {
		if (!json_is_string(word))
			return "\"command\" is a list of words: each a string";
		words[i] = json_string_value(word);
	}
	*ret_count = json_array_size(list);
	return NULL;
}

void command_run(struct node *node, struct call_client *client, const char *line, size_t len)
{
	const char *words[CALL_WORDS_MAX];
	struct call *call = mem_alloc(sizeof *call);
	json_error_t error;
	size_t count = 0;

	call->node = node;
	call->client = client;
	client->call = call;
	call->data = json_object();
	call->request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (call->request == NULL) {
		call_fail(call, CALL_USAGE, "not a line of JSON: %s", error.text);
		return;
	}

	const char *fault = read_words(call->request, words, &count);
	if (fault != NULL)
		call_fail(call, CALL_USAGE, "%s", fault);
	else
		dispatch(call, words, count);
}

void command_later(struct call *call)
{
	call_fail(call, CALL_REFUSED, "%s: not available in this version", call->command->words);
}

static void help_row(struct call *call, json_t *list, const struct command *command)
{
	char usage[64];
	json_t *row = json_object();

	snprintf(usage, sizeof usage, "%s%s%s", command->words, command->args[0] ? " " : "", command->args);
	call_text(call, "%-30s %s%s\n", usage, command->help,
		  command->flags & COMMAND_LATER ? " (not available in this version)" : "");
	json_object_set_new(row, "command", call_string(command->words));
	json_object_set_new(row, "arguments", call_string(command->args));
	json_object_set_new(row, "help", call_string(command->help));
	json_object_set_new(row, "available", json_boolean(!(command->flags & COMMAND_LATER)));
	json_array_append_new(list, row);
}

void command_help(struct call *call)
{
	json_t *list = json_array();
	char wanted[COMMAND_TEXT_MAX * 2] = "";

	if (call->arg_count > 0)
		snprintf(wanted, sizeof wanted, "%s%s%s", call->args[0], call->arg_count > 1 ? " " : "",
			 call->arg_count > 1 ? call->args[1] : "");
	for (size_t i = 0; i < command_count; i++) {
		size_t len = strlen(wanted);

		/* "help zone" shows all that begin with the word. */
		if (strncmp(commands[i].words, wanted, len) == 0
		    && (len == 0 || commands[i].words[len] == ' ' || commands[i].words[len] == '\0'))
			help_row(call, list, &commands[i]);
	}

	bool none = json_array_size(list) == 0;
	call_set(call, "commands", list);
	if (none)
		call_fail(call, CALL_USAGE, "no command \"%.60s\": \"help\" lists all", wanted);
	else
		call_done(call);
}
