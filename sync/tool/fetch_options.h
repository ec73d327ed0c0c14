/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of catchment-fetch: that of the other TUF clients. Views into argv. */
#ifndef SYNC_TOOL_FETCH_OPTIONS_H
#define SYNC_TOOL_FETCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum fetch_exit { FETCH_DONE = 0, FETCH_FAILED = 1 };	/* as TUF clients have it: 1 is any failure */
enum fetch_verb { FETCH_INIT, FETCH_REFRESH, FETCH_DOWNLOAD };

struct fetch_options {
	enum fetch_verb verb;
	const char *root_file;		/* init */
	const char *metadata_dir, *metadata_url;
	const char *target_dir, *target_base_url;
	const char *ca;			/* PEM; NULL: the system's */
	const char **target_names;	/* the caller's (mem_free) */
	size_t target_count;
	bool verbose;
};

/* -1: go on; else the exit code, and all has been said. */
int fetch_options_parse(int argc, char **argv, struct fetch_options *ret_options);

#endif
