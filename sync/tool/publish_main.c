/* SPDX-License-Identifier: Apache-2.0 */
/* catchment-publish: the master's side of signed sync. Command line and dispatch. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "sync/tool/publish_call.h"

static const struct {
	const char *name;		/* the first words */
	int (*run)(struct publish_call *call);
	const char *help;
} commands[] = {
	{ "init", publish_init_command,
		"init REPO --keys DIR              keys, root, an empty release: all at once" },
	{ "add", publish_add_command,
		"add zone NAME FILE | site NAME FILE | file HOST/PATH FILE | guards FILE | probes FILE | gate FILE\n"
	  "  add secret cookies|tickets NAME [FILE] --to NODE ... | --all\n"
	  "  add node NAME --box HEX --sign HEX [--notify ADDRESS@PORT=KEY:FILE] [--dns ADDRESS@PORT] [--admin "
	  "URL]\n"
	  "    [--control SOCKET]\n"
	  "  [--serve-max TIME|soa-expire|forever] [--on-aged serve|servfail]  how long without word from here" },
	{ "roll", publish_roll_command, "roll SECRET ... | --all           the next of secrets that are made here" },
	{ "remove", publish_remove_command, "remove ITEM | node NAME           no longer part of the next release" },
	{ "subscribe", publish_subscribe_command, "subscribe GROUP ITEM ... | --all  what the nodes of a group get" },
	{ "diff", publish_diff_command, "diff                              what a release would change" },
	{ "release", publish_release_command, "release [--canary NODE,...] [--permille N] [--soak TIME]" },
	{ "refresh-timestamp", publish_refresh_command,
		"refresh-timestamp                 says that nothing is newer: every 10 minutes" },
	{ "promote", publish_promote_command,
		"promote [ITEM] [--permille N] [--wait TIME]   a staged change for more nodes, or all" },
	{ "halt", publish_halt_command, "halt [ITEM]                       a staged change back from all nodes" },
	{ "revert", publish_revert_command, "revert ITEM --to RELEASE [--signer COMMAND]  old content as a new version" },
	{ "resume", publish_resume_command, "resume ITEM                       from its source again, after revert" },
	{ "override", publish_override_command, "override ZONE                     what is released of it may pass the guard rails" },
	{ "status", publish_status_command, "status                            what is served, and until when" },
	{ "verify", publish_verify_command, "verify [REPO | URL] --as-client   with the verifier of the nodes" },
	{ "notify", publish_notify_command, "notify                            tell the nodes once more" },
	{ "fleet", publish_fleet_command,
		"fleet                             who serves what, who lags, who diverges" },
	{ "gc", publish_gc_command, "gc [--keep TIME]                  remove what no client can want any more" },
	{ "key", publish_key_command, "key new --out FILE | show FILE" },
	{ "root", publish_root_command, "root init|rotate|show|finish      the root, signed in a ceremony" },
	{ "sign", publish_sign_command, "sign FILE --key KEY" },
	{ "ceremony", publish_ceremony_command, "ceremony [rotate] --out DIR       all of that, step by step" },
	{ "delegation", publish_delegation_command, "delegation rotate --role ROLE [--add PUB] [--drop KEYID]" },
	{ "variants", publish_variants_command,
		"variants ZONE LIST --signer COMMAND --out FILE  answers of local names in a signed zone" },
	{ "drill", publish_drill_command, "drill lost-key|stolen-ts|expired-root" },
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

enum kind { FLAG, TEXT, LIST };
#define AT(member) offsetof(struct publish_call, member)
static const struct {
	const char *name;
	enum kind kind;
	size_t at;
} options[] = {
	{ "repo", TEXT, AT(repo) }, { "work", TEXT, AT(work) }, { "keys", LIST, AT(keys) }, { "key", LIST, AT(key) },
	{ "passphrase-file", TEXT, AT(passphrase_file) }, { "no-passphrase", FLAG, AT(no_passphrase) },
	{ "out", TEXT, AT(out) }, { "root", TEXT, AT(root) }, { "previous", TEXT, AT(previous) },
	{ "role", TEXT, AT(role) },
	{ "add", LIST, AT(add) }, { "drop", LIST, AT(drop) }, { "threshold", LIST, AT(threshold) },
	{ "expires", LIST, AT(expires) }, { "to", LIST, AT(to) }, { "group", TEXT, AT(group) },
	{ "box", TEXT, AT(box) },
	{ "sign", TEXT, AT(sign) }, { "notify", LIST, AT(notify) }, { "dns", TEXT, AT(dns) },
	{ "admin", TEXT, AT(admin) },
	{ "type", TEXT, AT(type) }, { "max-age", TEXT, AT(max_age) }, { "zonemd", TEXT, AT(zonemd) },
	{ "serve-max", TEXT, AT(serve_max) }, { "on-aged", TEXT, AT(on_aged) },
	{ "control", TEXT, AT(control) },
	{ "canary", TEXT, AT(canary) }, { "permille", TEXT, AT(permille) }, { "soak", TEXT, AT(soak) },
	{ "overtake", FLAG, AT(overtake) }, { "refresh", FLAG, AT(refresh) }, { "json", FLAG, AT(json) },
	{ "yes", FLAG, AT(yes) }, { "answers", TEXT, AT(answers) }, { "keep", TEXT, AT(keep) },
	{ "all", FLAG, AT(all) },
	{ "no-push", FLAG, AT(no_push) }, { "force", FLAG, AT(force) },
	{ "as-client", FLAG, AT(as_client) }, { "ca", TEXT, AT(ca) }, { "timeout", TEXT, AT(timeout) },
	{ "signer", TEXT, AT(signer) }, { "ttl", TEXT, AT(ttl) }, { "wait", TEXT, AT(wait) },
	{ "version", FLAG, AT(version) }, { "help", FLAG, AT(help) },
};
#undef AT
enum { OPTIONS = sizeof options / sizeof options[0], FIRST = 256 };

static void print_help(void)
{
	puts("usage: catchment-publish COMMAND [--repo REPO] [OPTIONS]\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %s\n", commands[i].help);
	puts("\nITEM is zone:NAME, site:NAME, file:HOST/PATH, secret:USE/NAME, guards, probes or gate. The repository is "
	     "--repo or\n"
	     "CATCHMENT_REPO; what the publisher keeps for itself is in REPO.publish, or --work. --json where there "
	     "is a list.\n"
	     "Exit codes: 0 done, 1 failed, 2 wrong usage. catchment-publish(1) tells more.");
}

static void take_option(struct publish_call *call, size_t index, const char *value)
{
	char *member = (char *)call + options[index].at;

	if (options[index].kind == FLAG) {
		*(bool *)member = true;
	} else if (options[index].kind == TEXT) {
		*(const char **)(void *)member = value;
	} else {
		struct publish_list *list = (struct publish_list *)(void *)member;

		mem_grow((void **)&list->list, &list->room, list->count, sizeof *list->list);
		list->list[list->count++] = value;
	}
}

/* -1: go on; else the exit code. */
static int parse(struct publish_call *call, int argc, char **argv)
{
	struct option longs[OPTIONS + 1] = { 0 };
	int letter;

	for (size_t i = 0; i < OPTIONS; i++)
		longs[i] = (struct option){ options[i].name, options[i].kind == FLAG ? no_argument
			: required_argument, NULL,
					    FIRST + (int)i };
	opterr = 0;	/* what is wrong is told like everything else */
	while ((letter = getopt_long(argc, argv, ":hr:", longs, NULL)) != -1) {
		if (letter == 'h')
			call->help = true;
		else if (letter == 'r')
			call->repo = optarg;
		else if (letter >= FIRST)
			take_option(call, (size_t)(letter - FIRST), optarg);
		else if (letter == ':')
			return publish_call_wrong(call, "%s takes a value", argv[optind - 1]);
		else
			return publish_call_wrong(call, "no such option, or one that takes no value: %s", argv[optind - 1]);
	}
	call->words = argv + optind;
	call->word_count = (size_t)(argc - optind);
	/* As catchmentctl has it. */
	call->help = call->help || (call->word_count > 0 && strcmp(call->words[0], "help") == 0);
	if (call->version)
		puts("catchment-publish " CATCHMENT_VERSION);
	else if (call->help)
		print_help();
	return call->version || call->help ? PUBLISH_DONE : -1;
}

static int run(struct publish_call *call)
{
	if (call->word_count == 0)
		return publish_call_wrong(call, "no command");
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, call->words[0]) != 0)
			continue;
		call->command = commands[i].name;
		call->words++;
		call->word_count--;
		return commands[i].run(call);
	}
	return publish_call_wrong(call, "unknown command \"%s\"", call->words[0]);
}

int main(int argc, char **argv)
{
	struct publish_call call = { .now_s = clock_wall_s() };
	struct publish_list *lists[] = {
		&call.keys, &call.key, &call.add, &call.drop, &call.threshold, &call.expires, &call.to, &call.notify,
	};

	umask(022);
	signal(SIGPIPE, SIG_IGN);
	int exit = parse(&call, argc, argv);
	if (exit < 0)
		exit = run(&call);
	publish_call_close(&call);
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		mem_free(lists[i]->list);
	return exit;
}
