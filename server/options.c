/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options.h"

#include <getopt.h>
#include <stdio.h>

static void print_help(FILE *to)
{
	fputs("usage: catchmentd -c FILE [-v] [--check]\n"
	      "\n"
	      "  -c, --config FILE   the node's configuration (catchment.conf(5))\n"
	      "      --check         check the configuration and every zone and site it names, then exit\n"
	      "  -v, --verbose       log one level more than configured\n"
	      "      --version       print the version\n"
	      "  -h, --help          print this\n"
	      "\n"
	      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.\n", to);
}

enum options_verdict options_parse(int argc, char **argv, struct options *ret_options)
{
	enum { CHECK = 256, VERSION };
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, CHECK },
		{ "verbose", no_argument, NULL, 'v' }, { "version", no_argument, NULL, VERSION },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	struct options options = { 0 };
	bool check = false;
	int letter;

	while ((letter = getopt_long(argc, argv, "c:vh", longs, NULL)) != -1) {
		switch (letter) {
		case 'c': options.conf_path = optarg; break;
		case 'v': options.verbose = true; break;
		case CHECK: check = true; break;
		case 'h':
			print_help(stdout);
			return OPTIONS_DONE;
		case VERSION:
			puts("catchmentd " CATCHMENT_VERSION);
			return OPTIONS_DONE;
		default:
			fputs("catchmentd: try --help\n", stderr);
			return OPTIONS_WRONG;
		}
	}
	if (options.conf_path == NULL || optind < argc) {
		if (options.conf_path == NULL)
			fputs("catchmentd: -c FILE is missing: which configuration?\n", stderr);
		else
			fprintf(stderr, "catchmentd: unexpected argument \"%s\"; try --help\n", argv[optind]);
		return OPTIONS_WRONG;
	}
	*ret_options = options;
	return check ? OPTIONS_CHECK : OPTIONS_RUN;
}
