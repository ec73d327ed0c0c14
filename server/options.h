/* SPDX-License-Identifier: Apache-2.0 */
/* catchmentd's command line. Main only. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include <stdbool.h>

enum options_verdict { OPTIONS_RUN, OPTIONS_CHECK, OPTIONS_DONE, OPTIONS_WRONG };

struct options {
	const char *conf_path;
	bool verbose;		/* one log level more than configured */
};

/* Prints help, version or the fault itself. */
enum options_verdict options_parse(int argc, char **argv, struct options *ret_options);

#endif
