/* SPDX-License-Identifier: Apache-2.0 */
/* The section anycast of conf/build.h: services, covering prefixes, and what they must not share. */
#include "conf/build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/anycast.h"
#include "conf/base/file.h"
#include "conf/setting.h"
#include "conf/text.h"
#include "conf/value.h"

enum { HOST_BITS = 128, SECOND_MS = 1000 };

/* Every value is taken through one of these, which note it: two sections that say the same have the same notes. */
static void note(struct conf_build *build, const char *key, const char *text)
{
	struct conf_anycast *anycast = &build->conf->anycast;
	char *more = mem_format("%s%s=%s\n", anycast->print ? anycast->print : "", key, text);

	mem_free(anycast->print);
	anycast->print = more;
}

static void note_number(struct conf_build *build, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	note(build, key, text);
}

uint64_t conf_anycast_number(struct conf_build *build, const char *key, const char *text)
{
	uint64_t value = conf_value_number(key, text);

	note_number(build, key, value);
	return value;
}

uint64_t conf_anycast_duration(struct conf_build *build, const char *key, const char *text)
{
	uint64_t value = conf_value_duration(key, text);

	note_number(build, key, value);
	return value;
}

bool conf_anycast_bool(struct conf_build *build, const char *key, const char *text)
{
	bool value = conf_value_bool(key, text);

	note_number(build, key, value);
	return value;
}

unsigned conf_anycast_choice(struct conf_build *build, const char *key, const char *text)
{
	unsigned value = conf_value_choice(key, text);

	note_number(build, key, value);
	return value;
}

char *conf_anycast_text(struct conf_build *build, const char *key, const char *text)
{
	text = conf_value_text(key, text);
	if (text == NULL)
		return NULL;
	note(build, key, text);
	return arena_copy(&build->conf->anycast.arena, text, strlen(text) + 1);
}

void *conf_anycast_array(struct conf_build *build, size_t count, size_t size)
{
	void *list = arena_alloc(&build->conf->anycast.arena, count * size + 1, _Alignof(max_align_t));

	return memset(list, 0, count * size + 1);
}

const char **conf_anycast_texts(struct conf_build *build, const char *key, char **texts, size_t count,
				size_t *ret_count)
{
	const char **list = conf_anycast_array(build, count, sizeof *list);
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (texts[i] != NULL)
			list[used++] = conf_anycast_text(build, key, texts[i]);
	}
	*ret_count = used;
	return list;
}

static const char *joined(struct conf_build *build, const char *key, const char *text)
{
	const char *value = conf_anycast_text(build, key, text);

	if (value == NULL || strcmp(value, "-") == 0)
		return value;
	char *path = file_beside(build->file, value);
	value = arena_copy(&build->conf->anycast.arena, path, strlen(path) + 1);
	mem_free(path);
	return value;
}

static bool contains(const struct prefix *outer, const struct prefix *inner)
{
	struct address mask = address_mask(outer->bits);

	return outer->bits <= inner->bits && (inner->first.high & mask.high) == outer->first.high
		&& (inner->first.low & mask.low) == outer->first.low;
}

/* A service that has this very address, before the one at (service, at), or NULL. */
static const struct conf_service *owner_of(const struct conf_anycast *anycast, const struct prefix *address,
					   size_t services)
{
	for (size_t i = 0; i < services; i++) {
		for (size_t j = 0; j < anycast->services[i].address_count; j++) {
			if (memcmp(&anycast->services[i].addresses[j].first, &address->first, sizeof address->first) == 0)
				return &anycast->services[i];
		}
	}
	return NULL;
}

static void build_addresses(struct conf_build *build, size_t at, const struct conf_raw_service *raw)
{
	struct conf_anycast *anycast = &build->conf->anycast;
	struct conf_service *service = &anycast->services[at];
	char path[CONF_PATH_MAX], text[PREFIX_TEXT_MAX];

	service->addresses = conf_anycast_array(build, raw->addresses_count, sizeof *service->addresses);
	for (size_t i = 0; i < raw->addresses_count; i++) {
		struct prefix prefix;
		const struct conf_service *owner;

		if (raw->addresses[i] == NULL || prefix_parse(raw->addresses[i], &prefix) != 0)
			continue;
		note(build, "address", prefix_print(&prefix, text));
		snprintf(path, sizeof path, "anycast.services[%zu].addresses[%zu]", at, i);
		if (prefix.bits != HOST_BITS) {
			conf_build_fault(build, path, "%s is a network: a service has single addresses; the prefixes around"
						      " them stand in anycast.covering", text);
			continue;
		}
		owner = owner_of(anycast, &prefix, at + 1);
		if (owner == service)
			conf_build_fault(build, path, "%s stands here twice", text);
		else if (owner != NULL)
			conf_build_fault(build, path, "%s is an address of service %s too", text, owner->name);
		else
			service->addresses[service->address_count++] = prefix;
	}
}

static void build_checks(struct conf_build *build, size_t at, const struct conf_raw_service *raw)
{
	struct conf_service *service = &build->conf->anycast.services[at];
	char path[CONF_PATH_MAX];

	service->checks = conf_anycast_array(build, raw->checks_count, sizeof *service->checks);
	for (size_t i = 0; i < raw->checks_count; i++) {
		struct conf_service_check *check = &service->checks[service->check_count];
		const char *fault;

		if (raw->checks[i] == NULL)
			continue;
		snprintf(path, sizeof path, "anycast.services[%zu].checks[%zu]", at, i);
		check->text = conf_anycast_text(build, "check", raw->checks[i]);
		fault = conf_service_check_parse(arena_copy(&build->conf->anycast.arena, check->text, strlen(check->text) + 1), check);
		for (size_t j = 0; fault == NULL && j < service->check_count; j++)
			fault = strcmp(service->checks[j].text, check->text) == 0 ? "it stands here twice" : NULL;
		if (fault == NULL && (check->kind == CONF_CHECK_DNS || check->kind == CONF_CHECK_ZONES)
		    && !build->conf->dns.present)
			fault = "nothing to check: the section \"dns\" is missing";
		if (fault == NULL && (check->kind == CONF_CHECK_HTTP || check->kind == CONF_CHECK_REDIRECT)
		    && !build->conf->redirect.present)
			fault = "nothing to check: the section \"redirect\" is missing";
		if (fault != NULL)
			conf_build_fault(build, path, "%s: %s", check->text, fault);
		else
			service->check_count++;
	}
}

/* Whether a zone of that name is in the file; synced content may bring others, so one that is not is only odd. */
static bool has_zone(const struct conf *conf, const char *name)
{
	uint8_t wanted[CONF_WIRE_MAX], wire[CONF_WIRE_MAX];
	size_t wanted_len, len;

	if (conf_text_name(name, wanted, &wanted_len) != 0)
		return true;
	for (size_t i = 0; i < conf->zone_count; i++) {
		if (conf_text_name(conf->zones[i].name, wire, &len) == 0 && len == wanted_len
		    && memcmp(wire, wanted, len) == 0)
			return true;
	}
	return false;
}

static void build_service(struct conf_build *build, size_t at)
{
	const struct conf_raw_service *raw = &build->raw->anycast->services[at];
	struct conf_anycast *anycast = &build->conf->anycast;
	struct conf_service *service = &anycast->services[at];
	char path[CONF_PATH_MAX];

	snprintf(path, sizeof path, "anycast.services[%zu]", at);
	service->line = conf_place_line(build->places, path);
	service->name = conf_anycast_text(build, "service", raw->name ? raw->name : "");
	build_addresses(build, at, raw);
	build_checks(build, at, raw);
	service->zones = conf_anycast_texts(build, "zone", raw->zones, raw->zones_count, &service->zone_count);
#define DURATION(key, field) conf_anycast_duration(build, "anycast.services[]." key, raw->field)
#define COUNT(key, field) (unsigned)conf_anycast_number(build, "anycast.services[]." key, raw->field)
	service->interval_ms = DURATION("interval", interval);
	service->timeout_ms = DURATION("timeout", timeout);
	service->rise = COUNT("rise", rise);
	service->fall = COUNT("fall", fall);
	service->hold_down_ms = DURATION("hold-down", hold_down);
	service->hold_down_max_ms = DURATION("hold-down-max", hold_down_max);
	service->minimum_up_ms = DURATION("minimum-up", minimum_up);
	service->keep_up_ms = DURATION("keep-up", keep_up);
	service->max_flaps = COUNT("max-flaps", max_flaps);
	service->start_jitter_ms = DURATION("start-jitter", start_jitter);
	service->deprefer_ms = DURATION("deprefer", deprefer);
	service->drain_ms = DURATION("drain", drain);
	service->ebb = COUNT("ebb", ebb);
#undef DURATION
#undef COUNT
	service->last_resort = conf_anycast_bool(build, "anycast.services[].last-resort", raw->last_resort);
	service->scope = (enum conf_scope)conf_anycast_choice(build, "anycast.services[].scope", raw->scope);
	/* An interval shorter than the default time-out shortens that; one that was written is taken at its word. */
	if (raw->timeout == NULL && service->timeout_ms >= service->interval_ms)
		service->timeout_ms = service->interval_ms * 4 / 5;
	if (service->timeout_ms >= service->interval_ms)
		conf_build_fault(build, path, "timeout must be less than interval: one run of a check ends before the next");
	if (service->hold_down_max_ms < service->hold_down_ms) {
		if (raw->hold_down_max == NULL)
			service->hold_down_max_ms = service->hold_down_ms;
		else
			conf_build_fault(build, path, "hold-down-max is less than hold-down");
	}
	bool device = anycast->backend == CONF_BACKEND_DEVICE;
	if (device && anycast->low_carrier == NULL && (service->deprefer_ms > 0 || service->last_resort))
		conf_build_fault(build, path, "%s needs anycast.low-carrier, the device of lower preference",
				 service->deprefer_ms > 0 ? "deprefer" : "last-resort");
}

static void check_names(struct conf_build *build)
{
	const struct conf_anycast *anycast = &build->conf->anycast;
	struct conf_unique *names = mem_array(anycast->service_count, sizeof *names);
	struct arena paths = { 0 };

	for (size_t i = 0; i < anycast->service_count; i++) {
		char path[CONF_PATH_MAX];
		const char *name = anycast->services[i].name;

		snprintf(path, sizeof path, "anycast.services[%zu].name", i);
		names[i] = (struct conf_unique){ arena_copy(&paths, path, strlen(path) + 1), name, strlen(name), i };
	}
	conf_build_unique(build, names, anycast->service_count);
	mem_free(names);
	arena_fini(&paths);
}

static bool find_service(const struct conf_anycast *anycast, const char *name, size_t *ret_at)
{
	for (size_t i = 0; i < anycast->service_count; i++) {
		if (strcmp(anycast->services[i].name, name) == 0) {
			*ret_at = i;
			return true;
		}
	}
	return false;
}

static bool has_family(const struct conf_service *service, bool ipv4)
{
	for (size_t i = 0; i < service->address_count; i++) {
		if (address_is_ipv4(service->addresses[i].first) == ipv4)
			return true;
	}
	return service->address_count == 0;	/* that is another fault */
}

static bool covers_service(const struct prefix *prefix, const struct conf_service *service)
{
	for (size_t i = 0; i < service->address_count; i++) {
		if (contains(prefix, &service->addresses[i]))
			return true;
	}
	return false;
}

static void build_members(struct conf_build *build, const char *path, struct conf_covering *covering,
			  const struct conf_raw_covering *raw)
{
	const struct conf_anycast *anycast = &build->conf->anycast;
	char **names = covering->all ? raw->all_of : raw->any_of;
	size_t count = covering->all ? raw->all_of_count : raw->any_of_count;
	char text[PREFIX_TEXT_MAX];

	covering->services = conf_anycast_array(build, count, sizeof *covering->services);
	for (size_t i = 0; i < count; i++) {
		char here[CONF_PATH_MAX + 32];
		size_t at;

		if (names[i] == NULL)
			continue;
		note(build, "member", names[i]);
		snprintf(here, sizeof here, "%s.%s[%zu]", path, covering->all ? "all-of" : "any-of", i);
		if (!find_service(anycast, names[i], &at))
			conf_build_fault(build, here, "there is no service \"%.64s\"", names[i]);
		else if (!has_family(&anycast->services[at], address_is_ipv4(covering->prefix.first)))
			conf_build_fault(build, here, "%s is %s, and service %s has no such address",
					 prefix_print(&covering->prefix, text),
					 address_is_ipv4(covering->prefix.first) ? "IPv4" : "IPv6", names[i]);
		else if (!covers_service(&covering->prefix, &anycast->services[at]))
			conf_build_fault(build, here, "%s covers no address of service %s",
					 prefix_print(&covering->prefix, text), names[i]);
		else
			covering->services[covering->service_count++] = at;
	}
}

static void build_covering(struct conf_build *build, size_t at)
{
	const struct conf_raw_covering *raw = &build->raw->anycast->covering[at];
	struct conf_anycast *anycast = &build->conf->anycast;
	struct conf_covering *covering = &anycast->covering[anycast->covering_count];
	char path[CONF_PATH_MAX], text[PREFIX_TEXT_MAX];

	snprintf(path, sizeof path, "anycast.covering[%zu]", at);
	covering->line = conf_place_line(build->places, path);
	covering->scope = (enum conf_scope)conf_anycast_choice(build, "anycast.covering[].scope", raw->scope);
	if (raw->prefix == NULL || prefix_parse(raw->prefix, &covering->prefix) != 0)
		return;
	note(build, "covering", prefix_print(&covering->prefix, text));
	if (covering->prefix.bits == HOST_BITS)
		conf_build_fault(build, path, "%s covers nothing but itself: it is an address of a service", text);
	if (address_is_ipv4(covering->prefix.first) ? covering->prefix.bits <= PREFIX_IPV4_BITS
						    : covering->prefix.bits == 0)
		conf_build_fault(build, path, "%s is a default route, not a prefix of a service", text);
	if ((raw->all_of_count > 0) == (raw->any_of_count > 0)) {
		conf_build_fault(build, path, "either all-of or any-of names the services it covers");
		return;
	}
	covering->all = raw->all_of_count > 0;
	for (size_t i = 0; i < anycast->covering_count; i++) {
		if (memcmp(&anycast->covering[i].prefix.first, &covering->prefix.first, sizeof covering->prefix.first) == 0
		    && anycast->covering[i].prefix.bits == covering->prefix.bits)
			conf_build_fault(build, path, "%s stands here twice", text);
	}
	build_members(build, path, covering, raw);
	anycast->covering_count++;
}

/* A name of an interface: what the kernel takes (dev_valid_name), and no pattern of a routing daemon. */
static void check_device(struct conf_build *build, const char *path, const char *name)
{
	if (name == NULL)
		return;
	if (strpbrk(name, "/: \t*?%\"'\\") != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		conf_build_fault(build, path, "\"%s\" cannot be the name of an interface", name);
	else if (strcmp(name, "lo") == 0)
		conf_build_fault(build, path, "the loopback interface keeps the addresses that are always answered");
}

static void check_loopback(struct conf_build *build, const struct conf_anycast *anycast)
{
	const char *name = anycast->loopback, *low = anycast->low_carrier;

	if (strcmp(name, "lo") == 0)
		return;
	check_device(build, "anycast.loopback-interface", name);
	if (strcmp(name, anycast->carrier) == 0 || (low != NULL && strcmp(name, low) == 0))
		conf_build_fault(build, "anycast.loopback-interface", "it must be another device than the carriers");
}

static void build_backend(struct conf_build *build, const struct conf_raw_anycast *raw)
{
	struct conf_anycast *anycast = &build->conf->anycast;

	anycast->backend = (enum conf_backend)conf_anycast_choice(build, "anycast.backend", raw->backend);
	anycast->carrier = conf_anycast_text(build, "anycast.carrier", raw->carrier);
	anycast->low_carrier = conf_anycast_text(build, "anycast.low-carrier", raw->low_carrier);
	anycast->lease_ms = conf_anycast_duration(build, "anycast.lease", raw->lease);
	anycast->manage_loopback = conf_anycast_choice(build, "anycast.loopback", raw->loopback) == 0;
	anycast->loopback = conf_anycast_text(build, "anycast.loopback-interface", raw->loopback_interface);
	anycast->stop_file = joined(build, "anycast.stop-file", raw->stop_file);
	anycast->hook = joined(build, "anycast.hook", raw->hook);
	anycast->hook_timeout_ms = conf_anycast_duration(build, "anycast.hook-timeout", raw->hook_timeout);
	anycast->exabgp_pipe = joined(build, "anycast.exabgp-pipe", raw->exabgp_pipe);
	anycast->bird_file = joined(build, "anycast.bird-file", raw->bird_file);
	anycast->bird_socket = joined(build, "anycast.bird-socket", raw->bird_socket);
	check_device(build, "anycast.carrier", anycast->carrier);
	check_device(build, "anycast.low-carrier", anycast->low_carrier);
	check_loopback(build, anycast);
	if (anycast->low_carrier != NULL && strcmp(anycast->carrier, anycast->low_carrier) == 0)
		conf_build_fault(build, "anycast.low-carrier", "it must be another device than carrier");
	if (anycast->lease_ms % SECOND_MS != 0)
		conf_build_fault(build, "anycast.lease", "the kernel counts lifetimes in whole seconds");
	if (anycast->backend == CONF_BACKEND_EXEC && anycast->hook == NULL)
		conf_build_fault(build, "anycast.backend", "exec needs anycast.hook, the program to run");
	if (anycast->backend == CONF_BACKEND_BIRD && anycast->bird_file == NULL)
		conf_build_fault(build, "anycast.backend", "bird-file needs anycast.bird-file, the file that BIRD includes");
	if (anycast->stop_file == NULL) {
		char *path = mem_format("%s/anycast.stop", build->conf->state_dir);

		anycast->stop_file = arena_copy(&anycast->arena, path, strlen(path) + 1);
		mem_free(path);
	}
}

void conf_build_anycast(struct conf_build *build)
{
	const struct conf_raw_anycast *raw = build->raw->anycast;
	struct conf_anycast *anycast = &build->conf->anycast;

	if (raw == NULL)
		return;
	anycast->present = true;
	build_backend(build, raw);
	anycast->services = conf_anycast_array(build, raw->services_count, sizeof *anycast->services);
	for (; anycast->service_count < raw->services_count; anycast->service_count++)
		build_service(build, anycast->service_count);
	check_names(build);
	anycast->covering = conf_anycast_array(build, raw->covering_count, sizeof *anycast->covering);
	for (size_t i = 0; i < raw->covering_count; i++)
		build_covering(build, i);
	conf_build_routing(build);
}

void conf_anycast_fini(struct conf_anycast *anycast)
{
	mem_free(anycast->print);
	arena_fini(&anycast->arena);
}

bool conf_listens(const struct conf_addrs *listen, const struct prefix *address, uint16_t *ret_port)
{
	for (size_t i = 0; i < listen->count; i++) {
		const struct addr *addr = &listen->list[i];
		struct address own = address_of(addr_bytes(addr));
		bool same_family = (addr->any.sa_family == AF_INET) == address_is_ipv4(address->first);

		if ((own.high == address->first.high && own.low == address->first.low)
		    || (same_family && addr_is_wildcard(addr))) {
			*ret_port = addr_port(addr);
			return true;
		}
	}
	return false;
}

static void __attribute__((format(printf, 3, 4)))
warn(void (*say)(void *ctx, const char *text), void *ctx, const char *format, ...)
{
	char text[320];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	say(ctx, text);
}

static bool checks_own(const struct conf_service *service)
{
	for (size_t i = 0; i < service->check_count; i++) {
		if (service->checks[i].kind <= CONF_CHECK_WORKERS)
			return true;
	}
	return false;
}

/* RFC 4786, 4.8: services that share a covering prefix share its fate. */
static void warn_shared(const struct conf_anycast *anycast, void (*say)(void *ctx, const char *text), void *ctx)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < anycast->covering_count; i++) {
		const struct conf_covering *covering = &anycast->covering[i];

		if (covering->service_count > 1 && covering->all)
			warn(say, ctx, "covering prefix %s: its %zu services are withdrawn together when one fails"
				       " (RFC 4786, 4.8.2)", prefix_print(&covering->prefix, text), covering->service_count);
		else if (covering->service_count > 1)
			warn(say, ctx, "covering prefix %s: %zu services share it; when one fails here its clients still come"
				       " here, and must be carried to another node from inside (RFC 4786, 4.8.3)",
			     prefix_print(&covering->prefix, text), covering->service_count);
		for (size_t j = 0; j < anycast->service_count; j++) {
			bool member = false;

			for (size_t k = 0; k < covering->service_count; k++)
				member = member || covering->services[k] == j;
			if (!member && covers_service(&covering->prefix, &anycast->services[j]))
				warn(say, ctx, "covering prefix %s: it covers service %s too, which it does not depend on",
				     prefix_print(&covering->prefix, text), anycast->services[j].name);
		}
	}
}

/* What is not there now may come; but a mistyped path never does. */
static void warn_program(const char *path, const char *what, void (*say)(void *ctx, const char *text), void *ctx)
{
	if (access(path, X_OK) != 0)
		warn(say, ctx, "%s: %s cannot be run: %s", what, path, strerror(errno));
}

static void warn_programs(const struct conf_anycast *anycast, void (*say)(void *ctx, const char *text), void *ctx)
{
	if (anycast->backend == CONF_BACKEND_EXEC && anycast->hook != NULL)
		warn_program(anycast->hook, "hook", say, ctx);
	for (size_t i = 0; i < anycast->service_count; i++) {
		const struct conf_service *service = &anycast->services[i];

		for (size_t j = 0; j < service->check_count; j++) {
			char what[160];

			snprintf(what, sizeof what, "service %.100s: check exec", service->name);
			if (service->checks[j].kind == CONF_CHECK_EXEC)
				warn_program(service->checks[j].path, what, say, ctx);
		}
	}
}

void conf_anycast_warn(const struct conf *conf, void (*say)(void *ctx, const char *text), void *ctx)
{
	const struct conf_anycast *anycast = &conf->anycast;
	const struct conf_addrs *all[] = { &conf->dns.listen, &conf->dns.tls.listen, &conf->redirect.listen,
					   &conf->redirect.tls.listen };
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < anycast->service_count; i++) {
		const struct conf_service *service = &anycast->services[i];

		for (size_t j = 0; j < service->address_count && checks_own(service); j++) {
			bool found = false;
			uint16_t port;

			for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
				found = found || conf_listens(all[k], &service->addresses[j], &port);
			if (!found)
				warn(say, ctx, "service %s: nothing of this node listens at %s", service->name,
				     prefix_print(&service->addresses[j], text));
		}
		for (size_t j = 0; j < service->zone_count; j++) {
			if (!has_zone(conf, service->zones[j]))
				warn(say, ctx, "service %s: no zone \"%s\" in the configuration: it is announced when synced"
					       " content brings it", service->name, service->zones[j]);
		}
	}
	warn_programs(anycast, say, ctx);
	warn_shared(anycast, say, ctx);
}
