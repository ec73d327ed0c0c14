/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tool/fetch_options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_match.h"

static void print_help(void)
{
	puts("usage: catchment-fetch --metadata-dir DIR init ROOT_FILE\n"
	     "       catchment-fetch --metadata-dir DIR --metadata-url URL refresh\n"
	     "       catchment-fetch --metadata-dir DIR --metadata-url URL --target-name PATH ...\n"
	     "                       --target-dir DIR --target-base-url URL download\n"
	     "\n"
	     "      --metadata-dir DIR     the trusted metadata, ROLE.json each\n"
	     "      --metadata-url URL     below which the repository has its metadata: https, http or file\n"
	     "      --target-name PATH     a target, as the repository names it\n"
	     "      --target-dir DIR       where targets go, named by their percent-encoded path\n"
	     "      --target-base-url URL  below which the repository has its targets\n"
	     "      --ca FILE              certificates (PEM) to trust instead of the system's\n"
	     "  -v, --verbose              tell what was passed over\n"
	     "      --version              print the version\n"
	     "  -h, --help                 print this\n"
	     "\n"
	     "Exit codes: 0 done, 1 refused, failed or wrong usage. catchment-fetch(1) tells more.");
}

static int wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int wrong(const char *format, ...)
{
	va_list args;

	fputs("catchment-fetch: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; try --help\n", stderr);
	return FETCH_FAILED;
}

static int check_verb(struct fetch_options *options, char **words, int count)
{
	static const char *const verbs[] = {
		[FETCH_INIT] = "init", [FETCH_REFRESH] = "refresh", [FETCH_DOWNLOAD] = "download",
	};

	if (count == 0)
		return wrong("no command: init, refresh or download");
	while (strcmp(words[0], verbs[options->verb]) != 0) {
		if (options->verb++ == FETCH_DOWNLOAD)
			return wrong("unknown command \"%s\"", words[0]);
	}
	if (options->verb == FETCH_INIT && count == 2)
		options->root_file = words[1];
	else if (options->verb == FETCH_INIT)
		return wrong("init takes one file: the root to trust");
	else if (count > 1)
		return wrong("unexpected argument \"%s\"", words[1]);
	return -1;
}

static int check_options(const struct fetch_options *options)
{
	if (options->metadata_dir == NULL)
		return wrong("--metadata-dir is missing");
	if (options->verb >= FETCH_REFRESH && options->metadata_url == NULL)
		return wrong("--metadata-url is missing");
	if (options->verb == FETCH_DOWNLOAD && options->target_count == 0)
		return wrong("--target-name is missing");
	if (options->verb == FETCH_DOWNLOAD && options->target_dir == NULL)
		return wrong("--target-dir is missing");
	if (options->verb == FETCH_DOWNLOAD && options->target_base_url == NULL)
		return wrong("--target-base-url is missing");
	for (size_t i = 0; i < options->target_count; i++) {
		if (!tuf_path_is_good(options->target_names[i]))
			return wrong("a --target-name is not the path of a target");
	}
	return -1;
}

int fetch_options_parse(int argc, char **argv, struct fetch_options *options)
{
	enum { METADATA_DIR = 256, METADATA_URL, TARGET_NAME, TARGET_DIR, TARGET_BASE_URL, CA, VERSION };
	static const struct option longs[] = {
		{ "metadata-dir", required_argument, NULL, METADATA_DIR },
		{ "metadata-url", required_argument, NULL, METADATA_URL },
		{ "target-name", required_argument, NULL, TARGET_NAME },
		{ "target-dir", required_argument, NULL, TARGET_DIR },
		{ "target-base-url", required_argument, NULL, TARGET_BASE_URL },
		{ "ca", required_argument, NULL, CA }, { "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, VERSION }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	static char name[] = "catchment-fetch";
	int letter, exit;

	if (argc > 0)
		argv[0] = name;		/* getopt begins its sentences with it */
	*options = (struct fetch_options){ .target_names = mem_array((size_t)argc, sizeof *options->target_names) };
	while ((letter = getopt_long(argc, argv, "vh", longs, NULL)) != -1) {
		switch (letter) {
		case METADATA_DIR: options->metadata_dir = optarg; break;
		case METADATA_URL: options->metadata_url = optarg; break;
		case TARGET_NAME: options->target_names[options->target_count++] = optarg; break;
		case TARGET_DIR: options->target_dir = optarg; break;
		case TARGET_BASE_URL: options->target_base_url = optarg; break;
		case CA: options->ca = optarg; break;
		case 'v': options->verbose = true; break;
		case VERSION: puts("catchment-fetch " CATCHMENT_VERSION); return FETCH_DONE;
		case 'h': print_help(); return FETCH_DONE;
		default: return FETCH_FAILED;	/* getopt has said why */
		}
	}
	exit = check_verb(options, argv + optind, argc - optind);
	return exit >= 0 ? exit : check_options(options);
}
