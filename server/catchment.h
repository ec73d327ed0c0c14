/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the clients of this node are: networks, never addresses. Each worker counts in a struct catchment of its own, by
 * service, owner of the address that was asked, and family, into a top list and a distinct count of constant size; main reads all of them together when somebody
 * asks. Nothing finer than the prefix lengths of the configuration enters any memory here, and nothing is written to disk.
 *
 * Two windows: the current one is counted in, the one before is kept, both are told; so what is told is never older than
 * two windows, and hardly ever younger than one.
 */
#ifndef SERVER_CATCHMENT_H
#define SERVER_CATCHMENT_H

#include "conf/base/addr.h"
#include "conf/base/prefix.h"
#include "conf/conf.h"
#include "server/siphash.h"
#include "server/sketch_distinct.h"
#include "server/sketch_top.h"

enum catchment_service { CATCHMENT_DNS_UDP, CATCHMENT_DNS_TCP, CATCHMENT_HTTP, CATCHMENT_SERVICES };
enum catchment_family { CATCHMENT_IPV4, CATCHMENT_IPV6, CATCHMENT_FAMILIES };

/* The owner: which service of the section anycast has the address that was asked. Bounded by CONF_SERVICES_MAX; what nobody
 * comes by takes no memory but its page tables. */
enum { CATCHMENT_NOBODYS = 0, CATCHMENT_FIRST_OWNER = 1 };	/* services[0] */

/* Of one service, owner and family, in one window. */
struct catchment_count {
	struct sketch_top top;
	struct sketch_distinct distinct;
	_Atomic uint64_t requests;
};

struct catchment_window {
	struct catchment_count *counts;	/* [owner][service][family] */
	_Atomic uint32_t began_s;	/* of the wall clock; 0: not used yet */
};

/* One worker's. */
struct catchment {
	struct catchment_window windows[2];
	unsigned owners;		/* nobody among them */
	unsigned current;
	uint32_t turn_s;		/* when the next window begins */
	uint32_t window_s;
	uint64_t masks[CATCHMENT_FAMILIES];
	struct siphash_key secret;	/* of the process: readings of several workers are merged */
	struct address *own;		/* this node's, which no client has */
	size_t own_count;
	uint64_t own_bits;		/* of the hashes of their networks: hardly anybody is looked at twice */
};

/* services: of the section anycast. */
struct catchment *catchment_new(const struct conf_catchment *conf, size_t services, struct siphash_key secret);
/* What asks from this very address is this node: a service asks itself, from its own address, whether it works. No network delivers
 * a packet from there. Before the worker starts. */
void catchment_leave_out(struct catchment *catchment, struct address own);
void catchment_free(struct catchment *catchment);	/* NULL is fine */

/* The worker, for a request that is answered; times: it stands for so many. catchment may be NULL: counting is off. */
void catchment_add_to(struct catchment *catchment, enum catchment_service service, unsigned owner, const struct addr *peer,
		      uint32_t now_s, unsigned times);
static inline void catchment_add(struct catchment *catchment, enum catchment_service service, unsigned owner,
				 const struct addr *peer, uint32_t now_s, unsigned times)
{
	if (catchment != NULL && times > 0)
		catchment_add_to(catchment, service, owner, peer, now_s, times);
}

/* ---- Main's side ---- */

struct catchment_network {
	struct prefix prefix;
	uint64_t requests, error;	/* between requests - error and requests */
};

struct catchment_report {
	uint64_t requests, networks;	/* networks: about */
	struct catchment_network *top;	/* the greatest first; mem_free */
	size_t top_count;
};

/* Of all workers' (list may hold NULL) together; at most so many networks. */
void catchment_read(struct catchment *const *list, size_t count, enum catchment_service service, enum catchment_family family,
		    size_t most, struct catchment_report *ret);
/* The same of one owner's addresses, by whatever service. */
void catchment_read_owner(struct catchment *const *list, size_t count, unsigned owner, enum catchment_family family, size_t most,
			  struct catchment_report *ret);
/* Since when is counted in what catchment_read() tells; 0: nothing has been. */
uint32_t catchment_since(struct catchment *const *list, size_t count);
const char *catchment_service_name(enum catchment_service service);	/* "dns-udp" */

#endif
