/* SPDX-License-Identifier: Apache-2.0 */
/* What a reload cannot change; the rows of conf/setting.c with CONF_RESTART name the same keys (a test compares). */
#include "conf/conf.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool holds(const struct conf_addrs *addrs, const struct addr *addr)
{
	for (size_t i = 0; i < addrs->count; i++) {
		if (addr_equal(&addrs->list[i], addr))
			return true;
	}
	return false;
}

/* As sets: no address stands twice in a list, and their order means nothing. */
static bool same_addrs(const struct conf_addrs *a, const struct conf_addrs *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (!holds(b, &a->list[i]))
			return false;
	}
	return a->count == b->count;
}

static bool same_keys(const struct conf *a, const struct conf *b)
{
	for (size_t i = 0; i < a->tsig_key_count && i < b->tsig_key_count; i++) {
		const struct conf_tsig_key *one = &a->tsig_keys[i], *other = &b->tsig_keys[i];

		if (!same_text(one->name, other->name) || !same_text(one->secret_file, other->secret_file)
		    || one->algorithm != other->algorithm)
			return false;
	}
	return a->tsig_key_count == b->tsig_key_count;
}

void conf_restart_keys(const struct conf *running, const struct conf *wanted,
		       void (*differs)(void *ctx, const char *key), void *ctx)
{
	if (!same_text(running->state_dir, wanted->state_dir))
		differs(ctx, "state-dir");
	if (!same_text(running->control_socket, wanted->control_socket))
		differs(ctx, "control-socket");
	if (!same_text(running->user, wanted->user))
		differs(ctx, "user");
	if (running->workers != wanted->workers)
		differs(ctx, "workers");
	if (running->log_target != wanted->log_target)
		differs(ctx, "log.target");
	if (!same_addrs(&running->dns.listen, &wanted->dns.listen))
		differs(ctx, "dns.listen");
	if (running->dns.present && wanted->dns.present
	    && running->dns.tcp_max_clients != wanted->dns.tcp_max_clients)
		differs(ctx, "dns.tcp-max-clients");
	if (!same_addrs(&running->dns.tls.listen, &wanted->dns.tls.listen))
		differs(ctx, "dns.tls.listen");
	if (!same_keys(running, wanted))
		differs(ctx, "tsig-keys");
	if (!same_addrs(&running->redirect.listen, &wanted->redirect.listen))
		differs(ctx, "redirect.listen");
	if (running->redirect.present && wanted->redirect.present
	    && running->redirect.max_clients != wanted->redirect.max_clients)
		differs(ctx, "redirect.max-clients");
	if (!same_addrs(&running->redirect.tls.listen, &wanted->redirect.tls.listen))
		differs(ctx, "redirect.tls.listen");
	if (!same_text(running->anycast.print, wanted->anycast.print))
		differs(ctx, "anycast");
	if (!same_text(running->sync.print, wanted->sync.print))
		differs(ctx, "sync");
	if (running->catchment.enabled != wanted->catchment.enabled)
		differs(ctx, "catchment.enabled");
	if (running->catchment.ipv4_prefix_length != wanted->catchment.ipv4_prefix_length)
		differs(ctx, "catchment.ipv4-prefix-length");
	if (running->catchment.ipv6_prefix_length != wanted->catchment.ipv6_prefix_length)
		differs(ctx, "catchment.ipv6-prefix-length");
	if (running->catchment.top != wanted->catchment.top)
		differs(ctx, "catchment.top");
	if (running->catchment.window_s != wanted->catchment.window_s)
		differs(ctx, "catchment.window");
	if (!same_addrs(&running->admin.listen, &wanted->admin.listen))
		differs(ctx, "admin.listen");
}
