/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/command_list.h"
#include "server/ctl/ctl.h"

#define DEFAULT_SOCKET "/run/catchment/control.sock"

enum { STOP_WAIT_MS = 60000 };

struct options {
	const char *socket;
	bool as_json;
	json_t *words;
};

static void print_usage(FILE *to)
{
	fputs("usage: catchmentctl [-s SOCKET] [--json] COMMAND...\n", to);
}

/* The commands that are, or begin with, these words: all for "". False when there is none. */
static bool print_commands(const char *wanted)
{
	static const struct {
		const char *words, *args, *help;
		unsigned flags;
	} list[] = {
#define X(words, args, least, most, option, handler, flags, help) { words, args, help, flags },
		COMMANDS(X)
#undef X
	};
	size_t len = strlen(wanted);
	bool found = false;

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
		char usage[64];

		if (strncmp(list[i].words, wanted, len) != 0
		    || (len != 0 && list[i].words[len] != ' ' && list[i].words[len] != '\0'))
			continue;
		found = true;
		snprintf(usage, sizeof usage, "%s%s%s", list[i].words, list[i].args[0] ? " " : "", list[i].args);
		printf("  %-30s %s%s\n", usage, list[i].help,
		       list[i].flags & COMMAND_LATER ? " (not available in this version)" : "");
	}
	return found;
}

static void print_help(void)
{
	print_usage(stdout);
	puts("\n  -s, --socket SOCKET  the control socket; else $CATCHMENT_SOCKET, else " DEFAULT_SOCKET "\n"
	     "      --json           print one JSON object\n"
	     "      --version        print the version\n"
	     "  -h, --help           print this\n\nCommands:");
	print_commands("");
	puts("\nExit codes: 0 done, 1 refused or failed, 2 wrong usage. catchmentctl(8) tells more.");
}

/* "help [COMMAND]" needs no node: an operator may ask before there is one. */
static int help(json_t *words)
{
	char wanted[64] = "";
	size_t used = 0;

	if (json_array_size(words) == 1) {
		print_help();
		return CTL_DONE;
	}
	for (size_t i = 1; i < json_array_size(words) && used < sizeof wanted; i++)
		used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s%s", i > 1 ? " " : "",
					 json_string_value(json_array_get(words, i)));
	if (used < sizeof wanted && print_commands(wanted))
		return CTL_DONE;
	fprintf(stderr, "catchmentctl: no command \"%s\": catchmentctl --help lists all\n", wanted);
	return CTL_USAGE;
}

/* The words of the command. --json may stand among them too: people type it last. */
static int take_words(struct options *options, char **words)
{
	options->words = json_array();
	for (; *words != NULL; words++) {
		if (strcmp(*words, "--json") == 0) {
			options->as_json = true;
		} else if (json_array_append_new(options->words, json_string(*words)) != 0) {
			fprintf(stderr, "catchmentctl: the command is not UTF-8 text\n");
			return CTL_USAGE;
		}
	}
	if (json_array_size(options->words) > 0)
		return -1;
	fprintf(stderr, "catchmentctl: no command: catchmentctl --help lists all\n");
	return CTL_USAGE;
}

/* -1: go on; else the exit code. */
static int parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' }, { "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	const char *variable = getenv("CATCHMENT_SOCKET");
	int letter;

	options->socket = variable != NULL && variable[0] != '\0' ? variable : DEFAULT_SOCKET;
	/* "+": what stands behind the command's first word is the daemon's to judge. */
	while ((letter = getopt_long(argc, argv, "+s:h", longs, NULL)) != -1) {
		switch (letter) {
		case 's': options->socket = optarg; break;
		case 'j': options->as_json = true; break;
		case 'V': puts("catchmentctl " CATCHMENT_VERSION); return CTL_DONE;
		case 'h': print_help(); return CTL_DONE;
		default: print_usage(stderr); return CTL_USAGE;
		}
	}
	return take_words(options, argv + optind);
}

/* One command: gives its exit code. */
static int converse(struct ctl_wire *wire, const struct options *options)
{
	struct ctl_print print = { .as_json = options->as_json };
	json_t *request = json_pack("{sO}", "command", options->words);
	int exit = ctl_send(wire, request) == 0 ? -1 : CTL_FAILED;

	json_decref(request);
	while (exit < 0) {
		json_t *line = ctl_receive(wire);

		if (line == NULL)
			exit = CTL_FAILED;
		else if (json_is_true(json_object_get(line, "more")))
			ctl_print_more(&print, line);
		else
			exit = ctl_print_last(&print, line);
		json_decref(line);
	}
	if (fflush(stdout) != 0 && exit == CTL_DONE) {
		fprintf(stderr, "catchmentctl: cannot write the output: %s\n", strerror(errno));
		exit = CTL_FAILED;
	}
	return exit;
}

/* "stop" returns when the process is gone, not when it has agreed to go. watch is its pidfd, taken before. */
static int wait_gone(int watch)
{
	struct pollfd poller = { .fd = watch, .events = POLLIN };

	if (watch >= 0 && poll(&poller, 1, STOP_WAIT_MS) == 0) {
		fprintf(stderr, "catchmentctl: the node agreed to stop, but still runs after %d s\n",
			STOP_WAIT_MS / 1000);
		return CTL_FAILED;
	}
	return CTL_DONE;
}

static int run(const struct options *options)
{
	const char *first = json_string_value(json_array_get(options->words, 0));
	struct ctl_wire wire;
	int watch = -1;

	if (ctl_connect(&wire, options->socket) != 0)
		return CTL_FAILED;
	if (strcmp(first, "stop") == 0 && wire.daemon > 0)
		watch = (int)syscall(SYS_pidfd_open, wire.daemon, 0);

	int exit = converse(&wire, options);
	ctl_disconnect(&wire);
	if (strcmp(first, "stop") == 0 && exit == CTL_DONE)
		exit = wait_gone(watch);
	if (watch >= 0)
		close(watch);
	return exit;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int exit = parse(argc, argv, &options);

	if (exit < 0 && !options.as_json && strcmp(json_string_value(json_array_get(options.words, 0)), "help") == 0)
		exit = help(options.words);
	if (exit < 0)
		exit = run(&options);
	json_decref(options.words);
	return exit;
}
