/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tool/publish_variants.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"

enum {
	LIST_MAX = 16 << 20,		/* bytes of the list */
	EVERY_SET_TO = 4,		/* of more targets: all, all but one, each alone */
};

void publish_variants_text(char **text, const char *format, ...)
{
	va_list args;
	char line[2048];

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	char *both = mem_format("%s%s", *text != NULL ? *text : "", line);
	mem_free(*text);
	*text = both;
}

/* ---- the list ---- */

static struct variants_place *place_of(struct variants *variants, const char *node, const char *name,
				       const struct name *wire)
{
	for (size_t i = 0; i < variants->place_count; i++) {
		struct variants_place *place = &variants->places[i];

		if (strcmp(place->node, node) == 0 && name_compare(place->wire.wire, wire->wire) == 0)
			return place;
	}
	mem_grow((void **)&variants->places, &variants->place_room, variants->place_count, sizeof *variants->places);
	struct variants_place *place = &variants->places[variants->place_count++];
	*place = (struct variants_place){ .node = mem_string(node), .name = mem_string(name), .wire = *wire };
	return place;
}

static int fault(struct variants *variants, unsigned line, const char *what, const char *word)
{
	return publish_call_say(variants->call, "%s:%u: %s%s%s%s", variants->call->words[1], line, what,
				word != NULL ? ", got \"" : "", word != NULL ? word : "", word != NULL ? "\"" : "");
}

/* What stands behind NODE NAME: the addresses of one target. */
static int read_target(struct variants *variants, struct variants_place *place, char *rest, unsigned line)
{
	const char *word;
	size_t before = place->count;

	while ((word = strsep(&rest, " \t\r")) != NULL) {
		uint8_t bytes[16];
		uint16_t type = strchr(word, ':') != NULL ? DNS_AAAA : DNS_A;

		if (word[0] == '\0')
			continue;
		if (inet_pton(type == DNS_A ? AF_INET : AF_INET6, word, bytes) != 1)
			return fault(variants, line, "expected IPv4 and IPv6 addresses of one target, or https and its "
				     "parameters", word);
		if (place->count == VARIANTS_ADDRESSES_MAX || place->targets == VARIANTS_TARGETS_MAX)
			return fault(variants, line, "more targets or addresses than can be taken for one node", NULL);
		struct variants_address *address = &place->list[place->count++];
		*address = (struct variants_address){ .type = type, .target = place->targets };
		inet_ntop(type == DNS_A ? AF_INET : AF_INET6, bytes, address->text, sizeof address->text);
	}
	if (place->count == before)
		return fault(variants, line, "expected NODE NAME ADDRESS ...", NULL);
	place->targets++;
	return PUBLISH_DONE;
}

static int read_line(struct variants *variants, char *text, unsigned line)
{
	char *node, *name, *rest = text;
	struct name wire;

	text[strcspn(text, "#;\r\n")] = '\0';
	rest += strspn(rest, " \t");
	if (*rest == '\0')
		return PUBLISH_DONE;
	node = strsep(&rest, " \t");
	rest = rest != NULL ? rest + strspn(rest, " \t") : NULL;
	name = strsep(&rest, " \t");
	if (name == NULL || name[0] == '\0' || rest == NULL)
		return fault(variants, line, "expected NODE NAME ADDRESS ...", NULL);
	rest += strspn(rest, " \t");
	size_t len = strlen(name);
	char *absolute = name[len - 1] == '.' ? mem_string(name) : mem_format("%s.%s", name, variants->zone);
	int exit = PUBLISH_DONE;
	if (strlen(node) > DNS_LABEL_MAX || strchr(node, '.') != NULL || !json_build_is_text(node))
		exit = fault(variants, line, "expected the name of a node", node);
	else if (name_from_text(absolute, &wire) != 0
		 || !name_is_below(&wire, variants->apex.wire, variants->apex.len))
		exit = fault(variants, line, "expected a name inside of the zone", absolute);
	if (exit == PUBLISH_DONE) {
		struct variants_place *place = place_of(variants, node, absolute, &wire);

		place->line = place->line == 0 ? line : place->line;
		if (strncmp(rest, "https", 5) != 0 || (rest[5] != '\0' && rest[5] != ' ' && rest[5] != '\t'))
			exit = read_target(variants, place, rest, line);
		else if (place->https_count == VARIANTS_HTTPS_MAX)
			exit = fault(variants, line, "more records of HTTPS than can be taken", NULL);
		else
			place->https[place->https_count++] = mem_string(rest + 5 + strspn(rest + 5, " \t"));
	}
	mem_free(absolute);
	return exit;
}

static int read_list(struct variants *variants)
{
	const char *path = variants->call->words[1];
	uint8_t *text;
	size_t len;
	int err = file_read(path, LIST_MAX, &text, &len), exit = PUBLISH_DONE;

	if (err != 0)
		return publish_call_say(variants->call, "%s: %s", path, err_text(err));
	char *rest = (char *)text, *line;
	for (unsigned number = 1; exit == PUBLISH_DONE && (line = strsep(&rest, "\n")) != NULL; number++)
		exit = read_line(variants, line, number);
	mem_free(text);
	for (size_t i = 0; exit == PUBLISH_DONE && i < variants->place_count; i++) {
		if (variants->places[i].targets == 0)
			exit = fault(variants, variants->places[i].line, "there is no line with addresses for this node",
				     variants->places[i].node);
	}
	if (exit == PUBLISH_DONE && variants->place_count == 0)
		exit = publish_call_say(variants->call, "%s: is empty: expected lines NODE NAME ADDRESS ...", path);
	return exit;
}

/* ---- the sets ---- */

/* The addresses of a type that a set of targets has, as a set of addresses. */
static uint64_t addresses_of(const struct variants_place *place, unsigned targets, uint16_t type)
{
	uint64_t set = 0;

	for (size_t i = 0; i < place->count; i++) {
		if ((targets >> place->list[i].target & 1) && (type == 0 || place->list[i].type == type))
			set |= UINT64_C(1) << i;
	}
	return set;
}

static void add_hint(char **line, const struct variants_place *place, uint64_t set, const char *name)
{
	bool first = true;

	for (size_t i = 0; i < place->count; i++) {
		if (!(set >> i & 1))
			continue;
		publish_variants_text(line, "%s%s", first ? name : ",", place->list[i].text);
		first = false;
	}
}

static void add_set(struct variants *variants, struct variants_job *job, uint64_t set, const char *type)
{
	const struct variants_place *place = job->place;

	for (size_t i = 0; i < place->count; i++) {
		if (set >> i & 1)
			publish_variants_text(&job->records, "%s %u IN %s %s\n", place->name, variants->ttl, type,
					      place->list[i].text);
	}
}

/* A type whose set is that of an earlier variant has nothing to add. */
static bool is_new(const struct variants_place *place, const unsigned *sets, size_t count, uint16_t type)
{
	uint64_t set = addresses_of(place, sets[count], type);

	for (size_t i = 0; i < count; i++) {
		if (addresses_of(place, sets[i], type) == set)
			return false;
	}
	return set != 0;
}

static void add_job(struct variants *variants, struct variants_place *place, const unsigned *sets, size_t at)
{
	struct variants_job job = { .place = place, .number = (uint8_t)at };
	uint64_t v4 = addresses_of(place, sets[at], DNS_A), v6 = addresses_of(place, sets[at], DNS_AAAA);

	if (is_new(place, sets, at, DNS_A)) {
		add_set(variants, &job, v4, "A");
		job.types |= 1;
	}
	if (is_new(place, sets, at, DNS_AAAA)) {
		add_set(variants, &job, v6, "AAAA");
		job.types |= 2;
	}
	for (size_t i = 0; i < place->https_count && is_new(place, sets, at, 0); i++) {
		char *line = mem_format("%s %u IN HTTPS 1 . %s", place->name, variants->ttl, place->https[i]);

		add_hint(&line, place, v4, " ipv4hint=");
		add_hint(&line, place, v6, " ipv6hint=");
		publish_variants_text(&job.records, "%s\n", line);
		mem_free(line);
		job.types |= 4;
	}
	if (job.types == 0)
		return;
	mem_grow((void **)&variants->jobs, &variants->job_room, variants->job_count, sizeof *variants->jobs);
	variants->jobs[variants->job_count++] = job;
}

/* Largest first, so that those that are left out for being the same are the smaller ones. */
static size_t sets_of(unsigned targets, unsigned *sets)
{
	unsigned all = (1U << targets) - 1;
	size_t count = 0;

	if (targets > EVERY_SET_TO) {
		sets[count++] = all;
		for (unsigned i = 0; i < targets; i++)
			sets[count++] = all & ~(1U << i);
		for (unsigned i = 0; i < targets; i++)
			sets[count++] = 1U << i;
		return count;
	}
	for (int size = (int)targets; size > 0; size--) {
		for (unsigned set = 1; set <= all; set++) {
			if (__builtin_popcount(set) == size)
				sets[count++] = set;
		}
	}
	return count;
}

static void make_jobs(struct variants *variants)
{
	unsigned sets[2 * VARIANTS_TARGETS_MAX + 1];

	for (size_t i = 0; i < variants->place_count; i++) {
		struct variants_place *place = &variants->places[i];
		size_t count = sets_of(place->targets, sets);

		for (size_t j = 0; j < count; j++)
			add_job(variants, place, sets, j);
	}
}

/* The node takes no more than LOCAL_VARIANTS_MAX at one name. */
static int check_places(struct variants *variants)
{
	for (size_t i = 0; i < variants->place_count; i++) {
		const struct variants_place *place = &variants->places[i];
		size_t records = 0;

		for (size_t j = 0; j < variants->job_count; j++) {
			const struct variants_job *job = &variants->jobs[j];

			if (job->place != place)
				continue;
			for (const char *at = job->records; (at = strchr(at, '\n')) != NULL; at++)
				records++;
			records += (size_t)__builtin_popcount(job->types);
		}
		if (records > LOCAL_VARIANTS_MAX)
			return publish_call_say(variants->call,
						"%s:%u: node %s would have %zu records of variants for %s; at most %d are "
						"taken: fewer targets, or fewer addresses", variants->call->words[1],
						place->line, place->node, records, place->name, LOCAL_VARIANTS_MAX);
	}
	return PUBLISH_DONE;
}

int publish_variants_read(struct variants *variants)
{
	int exit = read_list(variants);

	if (exit != PUBLISH_DONE)
		return exit;
	make_jobs(variants);
	return check_places(variants);
}

void publish_variants_fini(struct variants *variants)
{
	for (size_t i = 0; i < variants->place_count; i++) {
		for (size_t j = 0; j < variants->places[i].https_count; j++)
			mem_free(variants->places[i].https[j]);
		mem_free(variants->places[i].node);
		mem_free(variants->places[i].name);
	}
	for (size_t i = 0; i < variants->job_count; i++)
		mem_free(variants->jobs[i].records);
	mem_free(variants->places);
	mem_free(variants->jobs);
	mem_free(variants->out);
	mem_free(variants->zone);
}
