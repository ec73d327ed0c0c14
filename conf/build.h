/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second pass: struct conf_raw to struct conf, and the faults that only several keys together show (a host that
 * two sites claim, zones without a DNS service). It also runs over values that the first pass has refused: those are
 * left out here without a second word. One load; thread: its own.
 */
#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include "conf/conf.h"
#include "conf/place.h"
#include "conf/raw.h"

struct conf_build {
	const char *file;
	const struct conf_raw *raw;
	struct conf_places *places;
	struct err_list *errors;
	struct conf *conf;	/* being filled */
	bool look_up;		/* on this machine, whether the user exists; never when parsing from memory */
};

/* All of raw; each of the others does its part. */
void conf_build_all(struct conf_build *build);
void conf_build_node(struct conf_build *build);		/* node, state-dir, control-socket, user, workers, log */
void conf_build_dns(struct conf_build *build);		/* dns */
void conf_build_rate_limit(struct conf_build *build);	/* dns.rate-limit; the section dns is there */
void conf_build_zones(struct conf_build *build);	/* zones */
void conf_build_redirect(struct conf_build *build);	/* redirect */
void conf_build_catchment(struct conf_build *build);	/* its defaults hold without the section */
void conf_build_admin(struct conf_build *build);	/* admin, after the others that listen */
void conf_build_sites(struct conf_build *build);	/* sites, after node */
void conf_build_anycast(struct conf_build *build);	/* anycast, after all that listen */
void conf_build_routing(struct conf_build *build);	/* anycast.routing; the section anycast is there */
/* One entry of a service's checks: why it is none, or NULL. ret keeps views into text, which is cut into its parts. */
const char *conf_service_check_parse(char *text, struct conf_service_check *ret);
void conf_anycast_fini(struct conf_anycast *anycast);
void conf_build_sync(struct conf_build *build);		/* tsig-keys and sync, after all that listen */
void conf_sync_fini(struct conf *conf);		/* and tsig-keys */
void conf_build_local_names(struct conf_build *build);	/* local-names, after sites */

/* A fault at path ("zones[2].name"), with the line where that stands. */
void conf_build_fault(struct conf_build *build, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Addresses of the list at path; one that stands there twice is a fault. */
void conf_build_addrs(struct conf_build *build, const char *path, char **texts, size_t count, uint16_t port,
		      struct conf_addrs *ret);
void conf_build_prefixes(char **texts, size_t count, struct prefixes *ret);
/* The group tls at path ("dns.tls"); raw may be NULL. */
void conf_build_tls(struct conf_build *build, const char *path, const struct conf_raw_tls *raw,
		    struct conf_tls *ret);
void conf_tls_fini(struct conf_tls *tls);
void conf_redirect_fini(struct conf_redirect *redirect);
void conf_sites_fini(struct conf *conf);		/* sites and local-names */
/* Text that must stand only once among all entries: the wire form of a zone name, a host in lower case. */
struct conf_unique {
	const char *path;	/* where it stands */
	const void *bytes;
	size_t len;
	size_t order;		/* in the file */
};
/* Sorts list and reports each entry that an earlier one equals. */
void conf_build_unique(struct conf_build *build, struct conf_unique *list, size_t count);

#endif
