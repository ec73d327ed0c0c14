/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What announcing needs of the rights the node is started with: carrier devices, the helper, the addresses on the
 * loopback interface. Made by main before threads start and before privileges are dropped; server/anycast/anycast.c
 * takes it over.
 */
#ifndef SERVER_ANYCAST_SEED_H
#define SERVER_ANYCAST_SEED_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/base/err.h"
#include "conf/conf.h"
#include "server/anycast/netadmin.h"

enum seed_loopback {
	SEED_UNTOUCHED,		/* not managed, a covering prefix, or 127.0.0.0/8 and ::1 */
	SEED_OURS,		/* we put it there, now or in an earlier life: removed at the stop */
	SEED_FOREIGN,		/* it was there: it stays */
};

/* Something that is announced and withdrawn as one: a service, or a covering prefix behind all services. */
struct seed_group {
	const char *name;	/* of the service; a prefix as text */
	size_t first, count;	/* its routes */
	bool local;		/* scope */
};

struct seed {
	struct prefix *routes;	/* service addresses, then covering prefixes, as in the configuration */
	enum seed_loopback *loopback;	/* of each route */
	size_t route_count;
	struct seed_group *groups;
	size_t group_count;
	char (*texts)[PREFIX_TEXT_MAX];	/* of each route */
	int links[NETADMIN_DEVICES];	/* as at the start */
	const char *names[NETADMIN_DEVICES];	/* NULL: no such device */
	int fds[NETADMIN_DEVICES];	/* the carriers; -1: none */
	struct netadmin *netadmin;	/* NULL: no right was needed */
};

/* 0 and NULL without the section anycast. Every reason why it cannot be goes to errors. */
int seed_make(const struct conf *conf, struct seed **ret, struct err_list *errors);
/* Whether seed_make() would succeed, without changing anything. */
int seed_check(const struct conf *conf, struct err_list *errors);
/* Removes our addresses from the loopback interface, ends the helper, lets the carriers go. NULL is fine. */
void seed_free(struct seed *seed);

#endif
