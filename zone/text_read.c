/* SPDX-License-Identifier: Apache-2.0 */
/* Files, directives, and the front of every record: zone/lines cuts into words, zone/text makes RDATA of them. */
#include "zone/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "zone/lines.h"
#include "zone/text_rdata.h"
#include "zone/words.h"

struct text {
	zone_text_record_fn *on_record;
	void *ctx;
	const struct zone_text_watch *watch;	/* or NULL */
	struct err_list *errors;
	size_t faults;		/* in errors before we began */
	bool may_include;
	unsigned files;
	int stop;		/* what on_record or a read error ended the reading with */

	bool has_default_ttl, has_last_ttl;
	uint32_t default_ttl;	/* $TTL */
	uint32_t last_ttl;
	bool has_owner;
	uint8_t owner[DNS_NAME_MAX], origin[DNS_NAME_MAX];
	size_t owner_len, origin_len;
	uint8_t rdata[ZONE_TEXT_RDATA_MAX];
};

/* One open file, or a piece of memory. */
struct source {
	struct zone_lines lines;
	dev_t device;
	ino_t inode;
	unsigned depth;
	const struct source *includer;
};

/* What is read from the front of one record. */
struct head {
	bool has_ttl, has_class;
	uint32_t ttl;
	uint16_t class, type;
	unsigned rdata;		/* first word of it */
};

static void fault(struct text *text, const struct source *source, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void fault(struct text *text, const struct source *source, const char *format, ...)
{
	char sentence[512];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof sentence, format, args);
	va_end(args);
	err_list_add(text->errors, source->lines.path, source->lines.line, "%s", sentence);
}

static void record_fault(struct text *text, const struct source *source, uint16_t type, const char *what)
{
	char owner[DNS_NAME_TEXT_MAX], name[ZONE_TEXT_TYPE_MAX];

	fault(text, source, "%s %s: %s", name_print(text->owner, owner), zone_text_type(type, name), what);
}

static void set_origin(struct text *text, const uint8_t *wire, size_t len)
{
	memmove(text->origin, wire, len);
	text->origin_len = len;
}

static const char *read_name(const struct text *text, const struct zone_lines *lines, unsigned index, uint8_t *out,
			     size_t *ret_len)
{
	struct span origin = { text->origin, text->origin_len };

	return zone_text_name(zone_lines_word(lines, index), lines->word[index].quoted, origin, out, ret_len);
}

static bool read_owner(struct text *text, struct source *source)
{
	uint8_t owner[DNS_NAME_MAX];
	size_t len;
	const char *word = zone_lines_word(&source->lines, 0);
	const char *wrong = read_name(text, &source->lines, 0, owner, &len);

	if (wrong != NULL) {
		fault(text, source, "the owner \"%.100s\": %s", word, wrong);
		/* The lines below that leave their owner out must not end up at another name. */
		text->has_owner = false;
		return false;
	}
	memcpy(text->owner, owner, len);
	text->owner_len = len;
	text->has_owner = true;
	return true;
}

static void head_fault(struct text *text, const struct source *source, const char *word, const char *what)
{
	char owner[DNS_NAME_TEXT_MAX];

	fault(text, source, "%s: \"%.40s\" %s", name_print(text->owner, owner), word, what);
}

/* [TTL] [class] type or [class] [TTL] type (RFC 1035, 5.1). */
static bool read_head(struct text *text, struct source *source, struct head *head)
{
	struct zone_lines *lines = &source->lines;
	unsigned i = lines->indented ? 0 : 1;

	*head = (struct head){ .class = DNS_CLASS_IN };
	for (; i < lines->words; i++) {
		const char *word = zone_lines_word(lines, i);

		if (!head->has_ttl && word[0] >= '0' && word[0] <= '9') {
			if (!zone_words_period(word, DNS_TTL_MAX, &head->ttl)) {
				head_fault(text, source, word, "is no TTL (0 to 2147483647, or like 1h30m)");
				return false;
			}
			head->has_ttl = true;
		} else if (!head->has_class && zone_words_class(word, &head->class)) {
			head->has_class = true;
		} else {
			break;
		}
	}
	if (i >= lines->words) {
		head_fault(text, source, zone_lines_word(lines, lines->words - 1), "ends the line before any type");
		return false;
	}
	if (zone_text_type_parse(zone_lines_word(lines, i), &head->type) != 0) {
		head_fault(text, source, zone_lines_word(lines, i),
			   "is no known type; it can be written as TYPEn with \\# LENGTH HEX (RFC 3597)");
		return false;
	}
	head->rdata = i + 1;
	return true;
}

/* $TTL, else the last TTL that was written (RFC 1035, 5.1; RFC 2308, 4). An SOA in front of all of them lends its
 * MINIMUM, which then is the default: so BIND and NSD do. */
static bool settle_ttl(struct text *text, struct head *head, size_t rdata_len)
{
	if (head->has_ttl) {
		text->last_ttl = head->ttl;
		text->has_last_ttl = true;
	} else if (text->has_default_ttl) {
		head->ttl = text->default_ttl;
	} else if (text->has_last_ttl) {
		head->ttl = text->last_ttl;
	} else if (head->type == DNS_SOA && rdata_len >= 22) {
		head->ttl = dns_get_u32(text->rdata + rdata_len - 4);
		if (head->ttl > DNS_TTL_MAX)
			return false;
		text->last_ttl = head->ttl;
		text->has_last_ttl = true;
	} else {
		return false;
	}
	return true;
}

static void read_record(struct text *text, struct source *source)
{
	struct zone_lines *lines = &source->lines;
	struct head head;
	size_t len;

	if (!lines->indented && !read_owner(text, source))
		return;
	if (!text->has_owner) {
		fault(text, source, "the owner is left out, but there is none above");
		return;
	}
	if (!read_head(text, source, &head))
		return;
	struct span origin = { text->origin, text->origin_len };
	const char *wrong = zone_text_read_rdata(head.type, lines, head.rdata, origin, text->rdata, &len);
	if (wrong != NULL) {
		char quoted[700];
		const char *words = head.rdata < lines->words ? zone_lines_join(lines, head.rdata) : "";

		snprintf(quoted, sizeof quoted, "%s%s%.80s%s", wrong, *words ? ": " : "", words,
			 strlen(words) > 80 ? "..." : "");
		record_fault(text, source, head.type, quoted);
		return;
	}
	if (!settle_ttl(text, &head, len)) {
		record_fault(text, source, head.type, "no TTL: neither here, nor by $TTL, nor in a record above");
		return;
	}

	struct record record = { { text->owner, text->owner_len }, head.type, head.class, head.ttl,
				 { text->rdata, len }, lines->path, lines->line };
	text->stop = text->on_record(text->ctx, &record);
}

static void read_source(struct text *text, struct source *source);

/* Opened without waiting, so that a FIFO by that name does not hang the load. */
static int open_source(struct text *text, const char *path, const struct source *includer, struct source *source,
		       int *ret_fd, const char **ret_wrong)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &stat) != 0) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		*ret_wrong = strerror(-err);
		return err;
	}
	*ret_wrong = S_ISREG(stat.st_mode) ? NULL : "not a regular file";
	for (const struct source *above = includer; above != NULL; above = above->includer) {
		if (above->device == stat.st_dev && above->inode == stat.st_ino)
			*ret_wrong = "the file includes itself";
	}
	if (*ret_wrong != NULL) {
		close(fd);
		return ERR_INVALID;
	}
	if (text->watch != NULL)
		text->watch->on_file(text->watch->ctx, path, &stat);
	*source = (struct source){ .device = stat.st_dev, .inode = stat.st_ino, .includer = includer };
	source->depth = includer == NULL ? 0 : includer->depth + 1;
	zone_lines_init_file(&source->lines, path, fd);
	text->files++;
	*ret_fd = fd;
	return 0;
}

/* The included file begins with our owner and TTLs and with the origin given; what it does to owner and origin ends
 * with it (RFC 1035, 5.1), what it does to $TTL stays, as with BIND. */
static void read_included(struct text *text, struct source *source, const char *path, const uint8_t *origin,
			  size_t origin_len)
{
	struct source included;
	uint8_t owner[DNS_NAME_MAX], own_origin[DNS_NAME_MAX];
	size_t owner_len = text->owner_len, own_origin_len = text->origin_len;
	bool has_owner = text->has_owner;
	const char *wrong = NULL;
	int fd = -1;

	if (source->depth + 1 > ZONE_TEXT_INCLUDES || text->files >= ZONE_TEXT_FILES)
		wrong = source->depth + 1 > ZONE_TEXT_INCLUDES ? "more than 16 files deep" : "more than 10000 files";
	else
		open_source(text, path, source, &included, &fd, &wrong);
	if (wrong != NULL) {
		fault(text, source, "$INCLUDE %s: %s", path, wrong);
		return;
	}

	memcpy(owner, text->owner, owner_len);
	memcpy(own_origin, text->origin, own_origin_len);
	set_origin(text, origin, origin_len);
	read_source(text, &included);
	set_origin(text, own_origin, own_origin_len);
	memcpy(text->owner, owner, owner_len);
	text->owner_len = owner_len;
	text->has_owner = has_owner;
	zone_lines_fini(&included.lines);
	close(fd);
}

static void directive_include(struct text *text, struct source *source)
{
	struct zone_lines *lines = &source->lines;
	uint8_t origin[DNS_NAME_MAX];
	size_t len = text->origin_len;
	const char *wrong = NULL;

	if (lines->words < 2 || lines->words > 3) {
		fault(text, source, "expected $INCLUDE FILE [ORIGIN]");
		return;
	}
	memcpy(origin, text->origin, len);
	if (lines->words == 3)
		wrong = read_name(text, lines, 2, origin, &len);
	char *file = zone_lines_plain(zone_lines_word(lines, 1));
	if (wrong == NULL && (file == NULL || *file == '\0'))
		wrong = "bad file name";
	if (wrong == NULL && !text->may_include)
		wrong = "not available here";
	if (wrong != NULL) {
		fault(text, source, "$INCLUDE: %s", wrong);
		return;
	}

	char *path = file_beside(lines->path, file);
	read_included(text, source, path, origin, len);
	mem_free(path);
}

static void directive_origin(struct text *text, struct source *source)
{
	struct zone_lines *lines = &source->lines;
	uint8_t origin[DNS_NAME_MAX];
	size_t len;
	const char *wrong = "expected one name";

	if (lines->words == 2)
		wrong = read_name(text, lines, 1, origin, &len);
	if (wrong != NULL)
		fault(text, source, "$ORIGIN: %s", wrong);
	else
		set_origin(text, origin, len);
}

static void directive_ttl(struct text *text, struct source *source)
{
	struct zone_lines *lines = &source->lines;

	if (lines->words != 2 || !zone_words_period(zone_lines_word(lines, 1), DNS_TTL_MAX, &text->default_ttl))
		fault(text, source, "$TTL: expected seconds (0 to 2147483647), or a period like 1h30m");
	else
		text->has_default_ttl = true;
}

static void read_source(struct text *text, struct source *source)
{
	struct zone_lines *lines = &source->lines;

	while (text->stop == 0 && zone_lines_next(lines, text->errors)) {
		const char *word = zone_lines_word(lines, 0);

		if (word[0] != '$')
			read_record(text, source);
		else if (strcasecmp(word, "$ORIGIN") == 0)
			directive_origin(text, source);
		else if (strcasecmp(word, "$TTL") == 0)
			directive_ttl(text, source);
		else if (strcasecmp(word, "$INCLUDE") == 0)
			directive_include(text, source);
		else if (strcasecmp(word, "$GENERATE") == 0)
			fault(text, source, "$GENERATE is BIND's own and not taken: write its records out, as named-compilezone does");
		else
			fault(text, source, "unknown directive %.40s; expected $ORIGIN, $TTL or $INCLUDE", word);
	}
	if (lines->err != 0) {
		err_list_add(text->errors, lines->path, 0, "reading failed: %s", err_text(lines->err));
		text->stop = lines->err;
	}
}

static struct text *text_new(const struct name *origin, zone_text_record_fn *on_record, void *ctx,
			     struct err_list *errors)
{
	struct text *text = mem_alloc(sizeof *text);

	text->on_record = on_record;
	text->ctx = ctx;
	text->errors = errors;
	text->faults = errors->count;
	set_origin(text, origin->wire, origin->len);
	return text;
}

static int text_finish(struct text *text)
{
	int err = text->stop;

	if (err == 0 && text->errors->count != text->faults)
		err = ERR_SYNTAX;
	mem_free(text);
	return err;
}

int zone_text_read_watched(const char *path, const struct name *origin, zone_text_record_fn *on_record, void *ctx,
			   const struct zone_text_watch *watch, struct err_list *errors)
{
	struct text *text = text_new(origin, on_record, ctx, errors);
	struct source source;
	const char *wrong;
	int fd;

	text->watch = watch;
	text->may_include = true;
	text->stop = open_source(text, path, NULL, &source, &fd, &wrong);
	if (text->stop != 0) {
		err_list_add(errors, path, 0, "%s", wrong);
		return text_finish(text);
	}
	read_source(text, &source);
	zone_lines_fini(&source.lines);
	close(fd);
	return text_finish(text);
}

int zone_text_read(const char *path, const struct name *origin, zone_text_record_fn *on_record, void *ctx,
		   struct err_list *errors)
{
	return zone_text_read_watched(path, origin, on_record, ctx, NULL, errors);
}

int zone_text_parse(const char *path, const char *bytes, size_t len, const struct name *origin,
		    zone_text_record_fn *on_record, void *ctx, struct err_list *errors)
{
	struct text *text = text_new(origin, on_record, ctx, errors);
	struct source source = { 0 };

	zone_lines_init_memory(&source.lines, path, bytes, len);
	read_source(text, &source);
	zone_lines_fini(&source.lines);
	return text_finish(text);
}
