/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small answers of the node's own: robots.txt, ACME challenges, security.txt. Read when the site table is built, then
 * immutable in memory; dataset lifetime, any thread. An ETag is made of the content, so that it is the same on every
 * node (RFC 9110, 8.8.3).
 */
#ifndef REDIRECT_FILES_H
#define REDIRECT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"

struct conf_site;
struct redirect_files;
struct redirect_request;

enum {
	REDIRECT_FILE_MAX = 64 << 10,		/* bytes of one file: it goes out in one write */
	REDIRECT_FILES_MAX = 16 << 20,		/* bytes of all files of a site */
	REDIRECT_FILES_COUNT_MAX = 10000,	/* files of a site, those below a prefix counted */
	REDIRECT_ETAG_MAX = 48,			/* bytes of an ETag with its quotes */
};

struct redirect_file {
	struct span content;
	struct span type;		/* media type */
	struct span etag;		/* strong, with quotes */
	struct span cache_control;	/* whole value */
	const char *source;		/* path on disk, for people */
};

/* Reads everything conf->files names. Faults name file, line and key in errors; *ret is NULL for a site without files. */
int redirect_files_new(const char *conf_file, const struct conf_site *conf, struct redirect_files **ret,
		       struct err_list *errors);
void redirect_files_free(struct redirect_files *files);	/* NULL is fine */
size_t redirect_files_count(const struct redirect_files *files);
const struct redirect_file *redirect_files_at(const struct redirect_files *files, size_t index, const char **ret_path);

/* path: of the request, as received, without its query. The exact one, else below the longest prefix, else NULL. Only
 * names that were read are ever found: the path is compared, never opened. *ret_below: some prefix covers the path, so
 * that a file that is not there is 404 and not a redirect. */
const struct redirect_file *redirect_files_find(const struct redirect_files *files, struct span path, bool *ret_below);

/* What of a file a GET or HEAD gets: conditions and one range (RFC 9110, 13 and 14). */
struct redirect_file_part {
	unsigned status;		/* 200, 206, 304, 412 or 416 */
	size_t first, len;		/* of the content; 206 and 200 */
};
void redirect_file_select(const struct redirect_file *file, const struct redirect_request *request,
			  struct redirect_file_part *ret);

#endif
