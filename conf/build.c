/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/build.h"

#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/text.h"
#include "conf/value.h"

enum { WORKERS_MAX = 256, CPUS_MAX = 8192 };

void conf_build_fault(struct conf_build *build, const char *path, const char *format, ...)
{
	struct err_note note;
	va_list args;

	va_start(args, format);
	vsnprintf(note.text, sizeof note.text, format, args);
	va_end(args);
	/* What was refused for its control characters stays in the document, and must not reach a terminal from here. */
	for (char *at = note.text; *at != '\0'; at++)
		*at = (unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at;
	err_list_add(build->errors, build->file, conf_place_line(build->places, path), "%s: %s", path, note.text);
}

void conf_build_addrs(struct conf_build *build, const char *path, char **texts, size_t count, uint16_t port,
		      struct conf_addrs *ret)
{
	struct conf_addrs addrs = { .list = mem_array(count, sizeof *addrs.list) };

	for (size_t i = 0; i < count; i++) {
		char here[CONF_PATH_MAX], text[ADDR_TEXT_MAX];
		struct addr addr;

		if (texts[i] == NULL || addr_parse(texts[i], port, &addr) != 0)
			continue;
		for (size_t j = 0; j < addrs.count; j++) {
			if (!addr_equal(&addr, &addrs.list[j]))
				continue;
			snprintf(here, sizeof here, "%s[%zu]", path, i);
			conf_build_fault(build, here, "%s stands here twice", addr_print(&addr, text, sizeof text));
			break;
		}
		addrs.list[addrs.count++] = addr;
	}
	*ret = addrs;
}

static int by_bytes(const void *a, const void *b)
{
	const struct conf_unique *left = a, *right = b;
	size_t len = left->len < right->len ? left->len : right->len;
	int order = len > 0 ? memcmp(left->bytes, right->bytes, len) : 0;

	if (order == 0)
		order = (left->len > right->len) - (left->len < right->len);
	return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

void conf_build_unique(struct conf_build *build, struct conf_unique *list, size_t count)
{
	size_t first = 0;

	if (count > 0)
		qsort(list, count, sizeof *list, by_bytes);
	for (size_t i = 1; i < count; i++) {
		if (list[i].len != list[first].len || memcmp(list[i].bytes, list[first].bytes, list[i].len) != 0)
			first = i;
		else
			conf_build_fault(build, list[i].path, "the same as %s in line %u", list[first].path,
					 conf_place_line(build->places, list[first].path));
	}
}

/* The cores this process may run on, which containers and taskset make fewer than the machine has. */
static unsigned usable_cores(void)
{
	cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
	size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
	int count = 1;

	if (set == NULL)
		return 1;
	if (sched_getaffinity(0, size, set) == 0)
		count = CPU_COUNT_S(size, set);
	CPU_FREE(set);
	return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (unsigned)count;
}

static unsigned workers_of(const char *text)
{
	text = conf_value_text("workers", text);
	return strcmp(text, "auto") == 0 ? usable_cores() : (unsigned)conf_value_number("workers", text);
}

static void build_log(struct conf_build *build)
{
	const struct conf_raw_log *log = build->raw->log;

	build->conf->log_level = LOG_LEVEL_INFO;
	log_level_parse(conf_value_text("log.level", log ? log->level : NULL), &build->conf->log_level);
	build->conf->log_target = (enum log_target)conf_value_choice("log.target", log ? log->target : NULL);
}

void conf_build_node(struct conf_build *build)
{
	static const struct conf_raw_node none;
	const struct conf_raw *raw = build->raw;
	const struct conf_raw_node *node = raw->node ? raw->node : &none;
	struct conf *conf = build->conf;

	conf->node.name = mem_string(node->name ? node->name : "");
	conf->node.region = mem_string(conf_value_text("node.region", node->region));
	conf->node.version = mem_string(conf_value_text("node.version", node->version));
	conf->state_dir = file_beside(build->file, conf_value_text("state-dir", raw->state_dir));
	conf->control_socket = file_beside(build->file, conf_value_text("control-socket", raw->control_socket));
	conf->user = mem_string(raw->user);
	conf->workers = workers_of(raw->workers);
	build_log(build);
	if (build->look_up && conf->user != NULL && getpwnam(conf->user) == NULL)
		conf_build_fault(build, "user", "there is no user \"%s\" on this machine", conf->user);

	size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	if (strlen(conf->control_socket) > room)
		conf_build_fault(build, "control-socket",
				 "the path %.200s has %zu bytes; a Unix socket takes at most %zu",
				 conf->control_socket, strlen(conf->control_socket), room);
}

struct listeners {
	const char *key;
	const struct conf_addrs *addrs;
};

static void check_shared(struct conf_build *build, const struct listeners *one, const struct listeners *other)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < one->addrs->count; i++) {
		for (size_t j = 0; j < other->addrs->count; j++) {
			if (addr_equal(&one->addrs->list[i], &other->addrs->list[j]))
				conf_build_fault(build, one->key, "%s stands in %s too",
						 addr_print(&one->addrs->list[i], text, sizeof text), other->key);
		}
	}
}

/* All listen on TCP; the kernel would let two of our sockets share a port and split the clients. */
static void check_shared_ports(struct conf_build *build)
{
	const struct conf *conf = build->conf;
	const struct listeners all[] = {
		{ "dns.listen", &conf->dns.listen },
		{ "dns.tls.listen", &conf->dns.tls.listen },
		{ "redirect.listen", &conf->redirect.listen },
		{ "redirect.tls.listen", &conf->redirect.tls.listen },
	};

	for (size_t i = 1; i < sizeof all / sizeof all[0]; i++) {
		for (size_t j = 0; j < i; j++)
			check_shared(build, &all[i], &all[j]);
	}
}

void conf_build_all(struct conf_build *build)
{
	const struct conf_raw *raw = build->raw;

	conf_build_node(build);
	conf_build_dns(build);
	conf_build_zones(build);
	conf_build_redirect(build);
	conf_build_catchment(build);
	conf_build_admin(build);
	conf_build_sites(build);
	conf_build_sync(build);
	conf_build_anycast(build);
	conf_build_local_names(build);
	check_shared_ports(build);
	if (raw->zones_count > 0 && raw->dns == NULL)
		conf_build_fault(build, "zones", "nothing answers for them: the section \"dns\" is missing");
	if (raw->sites_count > 0 && raw->redirect == NULL)
		conf_build_fault(build, "sites", "nothing answers for them: the section \"redirect\" is missing");
	if (raw->sync != NULL && raw->dns == NULL && raw->redirect == NULL)
		conf_build_fault(build, "sync", "nothing answers for its content: neither \"dns\" nor \"redirect\" is given");
	else if (raw->dns == NULL && raw->redirect == NULL && raw->anycast == NULL && raw->zones_count == 0
	    && raw->sites_count == 0)
		err_list_add(build->errors, build->file, 0,
			     "nothing to do: neither \"dns\" nor \"redirect\" is given");
}
