/* SPDX-License-Identifier: Apache-2.0 */
/* The section admin of conf/build.h. */
#include "conf/build.h"


#include "conf/setting.h"

/* 127.0.0.0/8 or ::1: nobody announces them, so tests and small nodes may have everything there. */
static bool is_loopback(const struct addr *addr)
{
	if (addr->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&addr->v6.sin6_addr);
	return ntohl(addr->v4.sin_addr.s_addr) >> 24 == 127;
}

static bool same_host(const struct addr *a, const struct addr *b)
{
	return a->any.sa_family == b->any.sa_family && span_equal(addr_bytes(a), addr_bytes(b));
}

static void check_apart(struct conf_build *build, const char *path, const struct addr *addr, const char *key,
			const struct conf_addrs *services)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < services->count; i++) {
		if (addr_equal(addr, &services->list[i]))
			conf_build_fault(build, path, "%s stands in %s too", addr_print(addr, text, sizeof text),
					 key);
		else if (same_host(addr, &services->list[i]) && !is_loopback(addr))
			conf_build_fault(build, path,
					 "%s is an address of %s: what is behind an anycast address is not for"
					 " operators; use one of this node alone",
					 addr_print_host(addr, text, sizeof text), key);
		else
			continue;
		return;
	}
}

void conf_build_admin(struct conf_build *build)
{
	const struct conf_raw_admin *raw = build->raw->admin;
	struct conf *conf = build->conf;
	const struct conf_addrs *listen = &conf->admin.listen;

	if (raw == NULL)
		return;
	conf_build_addrs(build, "admin.listen", raw->listen, raw->listen_count,
			 conf_setting_find("admin.listen", NULL)->port, &conf->admin.listen);
	for (size_t i = 0; i < listen->count; i++) {
		const char *path = "admin.listen";

		if (addr_is_wildcard(&listen->list[i]))
			conf_build_fault(build, path,
					 "a wildcard address is every address of the node, the anycast ones too;"
					 " name one of this node alone");
		check_apart(build, path, &listen->list[i], "dns.listen", &conf->dns.listen);
		check_apart(build, path, &listen->list[i], "dns.tls.listen", &conf->dns.tls.listen);
		check_apart(build, path, &listen->list[i], "redirect.listen", &conf->redirect.listen);
		check_apart(build, path, &listen->list[i], "redirect.tls.listen", &conf->redirect.tls.listen);
	}
}
