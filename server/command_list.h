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
	X("sync status", "", 0, 0, NULL, command_sync_status, 0, "which release is served, how fresh it is") \
	X("sync now", "[--retry RELEASE]", 0, 1, "--retry", command_sync_now, 0, \
	  "ask the master for a newer release now; --retry takes one that was rolled back from") \
	X("sync history", "", 0, 0, NULL, command_sync_history, 0, "what came from the master last, and what was refused") \
	X("sync report", "", 0, 0, NULL, command_sync_report, 0, "what this node serves, signed with its key") \
	X("rollback", "", 0, 0, NULL, command_rollback, COMMAND_CHANGES, \
	  "go back to the generation before at once; its successor is not taken again") \
	X("drain", "[SERVICE]", 0, 1, NULL, command_drain, COMMAND_CHANGES, "withdraw, answer on until traffic moved") \
	X("undrain", "[SERVICE]", 0, 1, NULL, command_undrain, COMMAND_CHANGES, \
	  "take any order back: the checks decide again") \
	X("withdraw", "[SERVICE]", 0, 1, NULL, command_withdraw, COMMAND_CHANGES, "withdraw at once") \
	X("force", "[SERVICE]", 0, 1, NULL, command_force, COMMAND_CHANGES, "announce, whatever the checks say") \
	X("announce list", "", 0, 0, NULL, command_announce_list, 0, "routes of this node, and why") \
	X("announce config", "bird|frr", 1, 1, NULL, command_announce_config, 0, "a routing daemon's side of it") \
	X("catchment", "[COUNT] [--csv]", 0, 1, "--csv", command_catchment, 0, \
	  "which networks the clients of this node are in") \
	X("cookies list", "", 0, 0, NULL, command_cookies_list, 0, "digests of the secrets of DNS cookies") \
	X("cookies reload", "", 0, 0, NULL, command_cookies_reload, COMMAND_CHANGES, \
	  "read the files with the secrets again") \
	X("tickets list", "", 0, 0, NULL, command_tickets_list, 0, "digests of the keys of TLS session tickets") \
	X("tickets reload", "", 0, 0, NULL, command_tickets_reload, COMMAND_CHANGES, \
	  "read ticket keys and OCSP responses again") \
	X("reload", "", 0, 0, NULL, command_reload, COMMAND_CHANGES, \
	  "read the configuration again, check it whole, switch") \
	X("log", "[LEVEL]", 0, 1, NULL, command_log, 0, "show or set the log level: error warn info debug") \
	X("events", "[--follow]", 0, 0, "--follow", command_events, 0, "what happened; --follow waits for more") \
	X("stop", "", 0, 0, NULL, command_stop, COMMAND_CHANGES, "end the node; what is in flight is answered") \
	X("help", "[COMMAND]", 0, 2, NULL, command_help, 0, "this list, or one command of it")

#endif
