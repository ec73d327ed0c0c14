/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every control command, in the one place that names them: the daemon dispatches and helps by this table,
 * catchmentctl prints it. Data only, no declarations, so that the client needs nothing else of the server.
 *
 * X(words, arguments as shown, least, most arguments, option or NULL, handler, flags, help)
 */
#ifndef SERVER_COMMAND_LIST_H
#define SERVER_COMMAND_LIST_H

enum command_flags {
	COMMAND_CHANGES = 1,	/* it changes the node: leaves an event that says who asked */
	COMMAND_LATER = 2,	/* its part does not exist in this version: says so, whatever its arguments */
};

#define COMMANDS(X) \
	X("status", "", 0, 0, NULL, command_status, 0, "what this node is and serves") \
	X("health", "", 0, 0, NULL, command_health, 0, "run the checks; exit 1 when one fails") \
	X("stats", "[PREFIX]", 0, 1, NULL, command_stats, 0, "counters, summed over the workers") \
	X("rate-limit", "", 0, 0, NULL, command_rate_limit, 0, "the prefixes whose answers are limited most") \
	X("zone list", "", 0, 0, NULL, command_zone_list, 0, "all zones with serial and state") \
	X("zone show", "NAME", 1, 1, NULL, command_zone_show, 0, "everything known of one zone") \
	X("zone check", "NAME", 1, 1, NULL, command_zone_check, 0, "read the source aside; serve nothing new") \
	X("zone reload", "[NAME]", 0, 1, NULL, command_zone_reload, COMMAND_CHANGES, \
	  "load zones whose source changed, or the one named") \
	X("zone transfer", "NAME", 1, 1, NULL, command_later, COMMAND_LATER, "fetch a zone from its primaries now") \
	X("zone dump", "NAME", 1, 1, NULL, command_zone_dump, 0, "the zone as it is served, as a master file") \
	X("site list", "", 0, 0, NULL, command_site_list, 0, "all redirect sites") \
	X("site show", "HOST", 1, 1, NULL, command_site_show, 0, "the site that answers for a host") \
	X("explain dns", "NAME TYPE [--do]", 2, 2, "--do", command_explain_dns, 0, \
	  "why a question gets the answer it gets") \
	X("explain http", "URL [METHOD]", 1, 2, NULL, command_explain_http, 0, "why a request is sent where it is") \
	X("sync status", "", 0, 0, NULL, command_later, COMMAND_LATER, "which release is served, how fresh it is") \
	X("sync now", "", 0, 0, NULL, command_later, COMMAND_LATER, "ask the master for a newer release now") \
	X("sync history", "", 0, 0, NULL, command_later, COMMAND_LATER, "the releases seen last") \
	X("rollback", "", 0, 0, NULL, command_later, COMMAND_LATER, "go back to the release before") \
	X("drain", "[SERVICE]", 0, 1, NULL, command_later, COMMAND_LATER, "withdraw, answer on until traffic moved") \
	X("undrain", "[SERVICE]", 0, 1, NULL, command_later, COMMAND_LATER, "announce again") \
	X("announce list", "", 0, 0, NULL, command_later, COMMAND_LATER, "announced addresses and why") \
	X("announce config", "bird|frr", 1, 1, NULL, command_later, COMMAND_LATER, "a routing daemon's side of it") \
	X("catchment", "", 0, 0, NULL, command_later, COMMAND_LATER, "where the clients of this node are") \
	X("cookies list", "", 0, 0, NULL, command_cookies_list, 0, "digests of the secrets of DNS cookies") \
	X("cookies reload", "", 0, 0, NULL, command_cookies_reload, COMMAND_CHANGES, \
	  "read the files with the secrets again") \
	X("reload", "", 0, 0, NULL, command_reload, COMMAND_CHANGES, \
	  "read the configuration again, check it whole, switch") \
	X("log", "[LEVEL]", 0, 1, NULL, command_log, 0, "show or set the log level: error warn info debug") \
	X("events", "[--follow]", 0, 0, "--follow", command_events, 0, "what happened; --follow waits for more") \
	X("stop", "", 0, 0, NULL, command_stop, COMMAND_CHANGES, "end the node; what is in flight is answered") \
	X("help", "[COMMAND]", 0, 2, NULL, command_help, 0, "this list, or one command of it")

#endif
