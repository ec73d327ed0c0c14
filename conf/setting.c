/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/setting.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/units.h"
#include "conf/conf.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR };

/* In the order of the manual page; a group or list stands right before its keys. */
const struct conf_setting conf_settings[] = {
	{ .key = "node", .type = CONF_GROUP, .flags = CONF_REQUIRED, .help = "Who this node is." },
	{ .key = "node.name", .type = CONF_TEXT, .flags = CONF_REQUIRED, .min = 1, .max = CONF_TXT_MAX,
	  .help = "Told in NSID, id.server, hostname.bind and X-Node; {node} in URLs." },
	{ .key = "node.region", .type = CONF_TEXT, .max = CONF_TXT_MAX, .fallback = "", .help = "{region} in URLs." },
	{ .key = "node.version", .type = CONF_TEXT, .max = CONF_TXT_MAX, .fallback = "Catchment",
	  .help = "Told in version.server and version.bind; \"\" hides it." },
	{ .key = "state-dir", .type = CONF_PATH, .flags = CONF_RESTART, .fallback = "/var/lib/catchment",
	  .help = "Folder for the last good content and compiled zone images." },
	{ .key = "control-socket", .type = CONF_PATH, .flags = CONF_RESTART,
	  .fallback = "/run/catchment/control.sock",
	  .help = "Unix socket for catchmentctl." },
	{ .key = "user", .type = CONF_TEXT, .flags = CONF_RESTART, .min = 1, .max = 32,
	  .help = "User to become after binding, when started as root." },
	{ .key = "workers", .type = CONF_WORKERS, .flags = CONF_RESTART, .min = 1, .max = 256, .fallback = "auto",
	  .help = "Threads that answer; auto is one per usable core." },
	{ .key = "log", .type = CONF_GROUP, .help = "What is logged and where." },
	{ .key = "log.level", .type = CONF_CHOICE, .choices = "error warn info debug", .fallback = "info",
	  .help = "The least important lines that are written." },
	{ .key = "log.target", .type = CONF_CHOICE, .flags = CONF_RESTART, .choices = "stderr syslog",
	  .fallback = "stderr",
	  .help = "Where lines go." },

	{ .key = "dns", .type = CONF_GROUP, .help = "The DNS service; left out, the node does not answer DNS." },
	{ .key = "dns.listen", .type = CONF_ADDRESS, .flags = CONF_LIST | CONF_REQUIRED | CONF_RESTART, .max = 256,
	  .port = 53,
	  .help = "Addresses for UDP and TCP; they need not exist yet." },
	{ .key = "dns.nsid", .type = CONF_NSID, .max = CONF_NSID_MAX,
	  .help = "NSID (RFC 5001); node.name when left out." },
	{ .key = "dns.udp-max-payload", .type = CONF_NUMBER, .min = 512, .max = 4096, .fallback = "1232",
	  .help = "Bytes of the largest UDP answer, told in EDNS." },
	{ .key = "dns.tcp-max-clients", .type = CONF_NUMBER, .flags = CONF_RESTART, .min = 1, .max = 1000000,
	  .fallback = "1000", .help = "TCP connections at once, of the whole process." },
	{ .key = "dns.tcp-max-clients-per-client", .type = CONF_NUMBER, .max = 1000000, .fallback = "0",
	  .help = "Of those, from one client prefix; 0: a quarter." },
	{ .key = "dns.tcp-idle-timeout", .type = CONF_DURATION, .min = 10, .max = HOUR, .fallback = "10s",
	  .help = "An idle TCP connection is closed after it." },
	{ .key = "dns.tcp-io-timeout", .type = CONF_DURATION, .min = 10, .max = HOUR, .fallback = "500ms",
	  .help = "A half-sent query or half-read answer is given up after it." },
	{ .key = "dns.cookies", .type = CONF_GROUP, .help = "DNS cookies (RFC 7873, RFC 9018); always given." },
	{ .key = "dns.cookies.secrets", .type = CONF_PATH, .flags = CONF_LIST, .max = 8,
	  .help = "Secret files shared by all nodes; the first makes cookies, all verify." },
	{ .key = "dns.cookies.require-above", .type = CONF_NUMBER, .max = 1000000000, .fallback = "0",
	  .help = "UDP queries a second above which clients must have one; 0: never." },
	{ .key = "dns.rate-limit", .type = CONF_GROUP, .help = "Response rate limiting over UDP." },
	{ .key = "dns.rate-limit.responses-per-second", .type = CONF_NUMBER, .max = 1000000, .fallback = "0",
	  .help = "Like answers a second to one prefix; 0: no limit." },
	{ .key = "dns.rate-limit.slip", .type = CONF_NUMBER, .max = CONF_SLIP_MAX, .fallback = "2",
	  .help = "Every how manieth limited answer is sent truncated; 0: none." },
	{ .key = "dns.rate-limit.ipv4-prefix-length", .type = CONF_NUMBER, .min = 1, .max = 32, .fallback = "24",
	  .help = "What counts as one client in IPv4." },
	{ .key = "dns.rate-limit.ipv6-prefix-length", .type = CONF_NUMBER, .min = 1, .max = 128, .fallback = "56",
	  .help = "What counts as one client in IPv6." },
	{ .key = "dns.rate-limit.whitelist", .type = CONF_PREFIX, .flags = CONF_LIST,
	  .help = "Clients that are never limited." },
	{ .key = "dns.rate-limit.dry-run", .type = CONF_BOOL, .fallback = "false",
	  .help = "Count, but limit nobody." },
	{ .key = "dns.zone-statistics", .type = CONF_BOOL, .fallback = "false",
	  .help = "Count queries and answers of each zone." },
	{ .key = "dns.tls", .type = CONF_GROUP, .help = "DNS over TLS (RFC 7858)." },
	{ .key = "dns.tls.listen", .type = CONF_ADDRESS, .flags = CONF_LIST | CONF_REQUIRED | CONF_RESTART, .max = 256,
	  .port = 853, .help = "Addresses for it; they need not exist yet." },
	{ .key = "dns.tls.certificates", .type = CONF_GROUP, .flags = CONF_LIST | CONF_REQUIRED, .max = 1024,
	  .help = "Chosen by the name the client asks for; the first where none fits." },
	{ .key = "dns.tls.certificates[].cert", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "Certificate and chain, PEM." },
	{ .key = "dns.tls.certificates[].key", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "Private key, PEM." },

	{ .key = "zones", .type = CONF_GROUP, .flags = CONF_LIST, .help = "Zones of this node's own." },
	{ .key = "zones[].name", .type = CONF_NAME, .flags = CONF_REQUIRED, .help = "The zone's apex." },
	{ .key = "zones[].file", .type = CONF_PATH,
	  .help = "Master file (RFC 1035, 5); required without primaries." },
	{ .key = "zones[].zonemd", .type = CONF_CHOICE, .choices = "off warn require", .fallback = "warn",
	  .help = "What to do with the zone's digest (RFC 8976)." },
	{ .key = "zones[].primaries", .type = CONF_GROUP, .flags = CONF_LIST | CONF_LATER, .max = 16,
	  .help = "Servers to transfer the zone from." },
	{ .key = "zones[].primaries[].address", .type = CONF_ADDRESS, .flags = CONF_REQUIRED, .port = 53,
	  .help = "Where the primary listens." },
	{ .key = "zones[].primaries[].tsig-key", .type = CONF_NAME, .help = "The key of tsig-keys that signs." },
	{ .key = "zones[].allow-notify", .type = CONF_PREFIX, .flags = CONF_LIST | CONF_LATER, .max = 256,
	  .help = "Who may send NOTIFY." },
	{ .key = "tsig-keys", .type = CONF_GROUP, .flags = CONF_LIST | CONF_LATER, .max = 1024,
	  .help = "Keys shared with primaries (RFC 8945)." },
	{ .key = "tsig-keys[].name", .type = CONF_NAME, .flags = CONF_REQUIRED,
	  .help = "The key's name on both sides." },
	{ .key = "tsig-keys[].algorithm", .type = CONF_CHOICE, .choices = "hmac-sha256 hmac-sha384 hmac-sha512",
	  .fallback = "hmac-sha256", .help = "How it signs." },
	{ .key = "tsig-keys[].secret-file", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "The secret, in base64." },

	{ .key = "redirect", .type = CONF_GROUP, .help = "The HTTP service; left out, the node does not redirect." },
	{ .key = "redirect.listen", .type = CONF_ADDRESS, .flags = CONF_LIST | CONF_REQUIRED | CONF_RESTART,
	  .max = 256,
	  .port = 80, .help = "Addresses for HTTP; they need not exist yet." },
	{ .key = "redirect.tls", .type = CONF_GROUP, .help = "HTTPS: the same over TLS." },
	{ .key = "redirect.tls.listen", .type = CONF_ADDRESS, .flags = CONF_LIST | CONF_REQUIRED | CONF_RESTART,
	  .max = 256,
	  .port = 443, .help = "Addresses for HTTPS; they need not exist yet." },
	{ .key = "redirect.tls.certificates", .type = CONF_GROUP, .flags = CONF_LIST | CONF_REQUIRED, .max = 1024,
	  .help = "As in dns.tls." },
	{ .key = "redirect.tls.certificates[].cert", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "Certificate and chain, PEM." },
	{ .key = "redirect.tls.certificates[].key", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "Private key, PEM." },
	{ .key = "sites", .type = CONF_GROUP, .flags = CONF_LIST, .help = "Sites of this node's own." },
	{ .key = "sites[].hosts", .type = CONF_HOST, .flags = CONF_LIST | CONF_REQUIRED,
	  .help = "The hosts clients ask for; * is every host no other site names." },
	{ .key = "sites[].status", .type = CONF_STATUS, .fallback = "302", .help = "Status of the redirect." },
	{ .key = "sites[].targets", .type = CONF_GROUP, .flags = CONF_LIST | CONF_REQUIRED, .max = 1024,
	  .help = "This node's own content servers." },
	{ .key = "sites[].targets[].url", .type = CONF_URL, .flags = CONF_REQUIRED,
	  .help = "Where clients are sent; the path and query they asked for follow." },
	{ .key = "sites[].targets[].weight", .type = CONF_NUMBER, .min = 1, .max = 65535, .fallback = "1",
	  .help = "Its share of the clients, beside the other targets." },
	{ .key = "sites[].targets[].check", .type = CONF_GROUP, .flags = CONF_LATER,
	  .help = "Health check of the target." },
	{ .key = "sites[].targets[].check.path", .type = CONF_TEXT, .min = 1, .max = 1024, .fallback = "/",
	  .help = "Path to ask for." },
	{ .key = "sites[].targets[].check.interval", .type = CONF_DURATION, .min = 100, .max = HOUR, .fallback = "2s",
	  .help = "Time between two checks." },
	{ .key = "sites[].targets[].check.rise", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "2",
	  .help = "Good checks in a row before it is used." },
	{ .key = "sites[].targets[].check.fall", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "3",
	  .help = "Bad checks in a row before it is not." },
	{ .key = "sites[].fallback", .type = CONF_GROUP, .flags = CONF_LIST, .max = 1024,
	  .help = "Used in order when no target of this node is healthy." },
	{ .key = "sites[].fallback[].url", .type = CONF_URL, .flags = CONF_REQUIRED, .help = "As in targets." },
	{ .key = "sites[].writes", .type = CONF_GROUP,
	  .help = "Where methods other than GET and HEAD go, with 307; without it 405." },
	{ .key = "sites[].writes.url", .type = CONF_URL, .flags = CONF_REQUIRED, .help = "As in targets." },
	{ .key = "sites[].mirrors", .type = CONF_GROUP, .flags = CONF_LIST | CONF_LATER, .max = 64,
	  .help = "Alternatives told in Link headers (RFC 6249)." },
	{ .key = "sites[].mirrors[].url", .type = CONF_URL, .flags = CONF_REQUIRED, .help = "As in targets." },
	{ .key = "sites[].files", .type = CONF_GROUP, .flags = CONF_LIST | CONF_LATER, .max = 1024,
	  .help = "Small answers of this node's own." },
	{ .key = "sites[].files[].path", .type = CONF_TEXT, .flags = CONF_REQUIRED, .min = 1, .max = 1024,
	  .help = "Path that is asked for; a prefix when it ends in *." },
	{ .key = "sites[].files[].file", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "The file; a folder for a prefix." },
	{ .key = "sites[].files[].type", .type = CONF_TEXT, .min = 1, .max = 255,
	  .help = "Media type; by the file's ending when left out." },
	{ .key = "local-names", .type = CONF_GROUP, .flags = CONF_LIST | CONF_LATER,
	  .help = "Names answered with this node's own unicast addresses." },
	{ .key = "local-names[].name", .type = CONF_NAME, .flags = CONF_REQUIRED, .help = "The name." },
	{ .key = "local-names[].from-site", .type = CONF_HOST, .flags = CONF_REQUIRED,
	  .help = "The site whose healthy targets are the answer." },

	{ .key = "anycast", .type = CONF_GROUP, .flags = CONF_LATER, .help = "The routes this node owns." },
	{ .key = "anycast.carrier", .type = CONF_TEXT, .min = 1, .max = 15, .fallback = "any0",
	  .help = "TUN device whose addresses the routing daemon exports." },
	{ .key = "anycast.lease", .type = CONF_DURATION, .min = 2000, .max = HOUR, .fallback = "5s",
	  .help = "How long the kernel keeps an address without a renewal." },
	{ .key = "anycast.services", .type = CONF_GROUP, .flags = CONF_LIST | CONF_REQUIRED, .max = 64,
	  .help = "Addresses and what must work for them to be announced." },
	{ .key = "anycast.services[].name", .type = CONF_TEXT, .flags = CONF_REQUIRED, .min = 1, .max = 64,
	  .help = "Its name in commands." },
	{ .key = "anycast.services[].addresses", .type = CONF_PREFIX, .flags = CONF_LIST | CONF_REQUIRED, .max = 256,
	  .help = "What is announced." },
	{ .key = "anycast.services[].checks", .type = CONF_TEXT, .flags = CONF_LIST | CONF_REQUIRED, .max = 64,
	  .help = "dns, zones, http, redirect, tcp:ADDRESS@PORT or exec:PATH; all must hold." },
	{ .key = "anycast.services[].rise", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "3",
	  .help = "Good checks in a row before announcing." },
	{ .key = "anycast.services[].fall", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "2",
	  .help = "Bad checks in a row before withdrawing." },
	{ .key = "anycast.services[].hold-down", .type = CONF_DURATION, .max = DAY, .fallback = "30s",
	  .help = "Least time withdrawn, doubling while it flaps." },
	{ .key = "anycast.services[].drain", .type = CONF_DURATION, .max = HOUR, .fallback = "2s",
	  .help = "Answering goes on this long after withdrawing." },
	{ .key = "sync", .type = CONF_GROUP, .flags = CONF_LATER, .help = "Content from a master that it signs." },
	{ .key = "sync.url", .type = CONF_TEXT, .flags = CONF_REQUIRED, .min = 1, .max = 1024,
	  .help = "The repository: https://, or file://." },
	{ .key = "sync.root", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "The trusted root, installed by hand." },
	{ .key = "sync.interval", .type = CONF_DURATION, .min = SECOND, .max = DAY, .fallback = "30s",
	  .help = "Time between two looks, with jitter." },
	{ .key = "sync.when-stale", .type = CONF_CHOICE, .choices = "serve deprefer withdraw", .fallback = "serve",
	  .help = "What to do once freshness has expired." },
	{ .key = "admin", .type = CONF_GROUP, .help = "Metrics, readiness and the dashboard, over HTTP." },
	{ .key = "admin.listen", .type = CONF_ADDRESS, .flags = CONF_LIST | CONF_REQUIRED | CONF_RESTART, .max = 64,
	  .port = 8053, .help = "Addresses for it; never an anycast one." },
};
const size_t conf_setting_count = sizeof conf_settings / sizeof conf_settings[0];

const struct conf_setting *conf_setting_find(const char *key, const struct conf_setting *near)
{
	for (size_t i = near ? (size_t)(near - conf_settings) : 0; i < conf_setting_count; i++) {
		if (strcmp(conf_settings[i].key, key) == 0)
			return &conf_settings[i];
	}
	return NULL;
}

static void __attribute__((format(printf, 2, 3))) add(char buf[CONF_DESCRIBE_MAX], const char *format, ...)
{
	size_t len = strlen(buf);
	va_list args;

	va_start(args, format);
	vsnprintf(buf + len, CONF_DESCRIBE_MAX - len, format, args);
	va_end(args);
}

static void add_choices(char buf[CONF_DESCRIBE_MAX], const char *choices)
{
	for (const char *word = choices; *word != '\0';) {
		int len = (int)strcspn(word, " ");
		const char *next = word + len + (word[len] == ' ');
		bool last = *next != '\0' && strchr(next, ' ') == NULL;

		add(buf, "%.*s%s", len, word, *next == '\0' ? "" : last ? " or " : ", ");
		word = next;
	}
}

static void add_text(const struct conf_setting *s, char buf[CONF_DESCRIBE_MAX])
{
	if (s->max == 0 || (s->flags & CONF_LIST))
		add(buf, "printable ASCII text");
	else
		add(buf, "%" PRIu64 " to %" PRIu64 " printable ASCII characters", s->min, s->max);
}

const char *conf_setting_expected(const struct conf_setting *s, char buf[CONF_DESCRIBE_MAX])
{
	char min[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];

	buf[0] = '\0';
	switch (s->type) {
	case CONF_GROUP: add(buf, "a mapping"); break;
	case CONF_TEXT: add_text(s, buf); break;
	case CONF_NUMBER: add(buf, "a number from %" PRIu64 " to %" PRIu64, s->min, s->max); break;
	case CONF_WORKERS: add(buf, "auto or a number from %" PRIu64 " to %" PRIu64, s->min, s->max); break;
	case CONF_DURATION:
		add(buf, "a duration (ms, s, m, h, d) from %s to %s", units_print_duration(s->min, min, sizeof min),
		    units_print_duration(s->max, max, sizeof max));
		break;
	case CONF_BOOL: add(buf, "true or false"); break;
	case CONF_CHOICE: add_choices(buf, s->choices); break;
	case CONF_PATH: add(buf, "a path"); break;
	case CONF_ADDRESS: add(buf, "ADDRESS@PORT (or ADDRESS, for port %u)", s->port); break;
	case CONF_PREFIX: add(buf, "ADDRESS or ADDRESS/LENGTH"); break;
	case CONF_NAME: add(buf, "a domain name"); break;
	case CONF_HOST: add(buf, "a host name, *.NAME or *"); break;
	case CONF_URL: add(buf, "http(s)://HOST[:PORT][/PATH]"); break;
	case CONF_NSID: add(buf, "text, 0xHEX or \"\", at most %" PRIu64 " bytes", s->max); break;
	case CONF_STATUS: add(buf, "302, 303 or 307"); break;
	}
	return buf;
}

const char *conf_setting_describe(const struct conf_setting *s, char buf[CONF_DESCRIBE_MAX])
{
	char expected[CONF_DESCRIBE_MAX];

	conf_setting_expected(s, expected);
	buf[0] = '\0';
	add(buf, "Takes %s%s", s->flags & CONF_LIST ? "a list, each " : "", expected);
	if ((s->flags & CONF_LIST) && s->max != 0)
		add(buf, "; at most %" PRIu64, s->max);
	if (s->fallback != NULL)
		add(buf, "; default %s", s->fallback[0] ? s->fallback : "\"\"");
	add(buf, "%s.", s->flags & CONF_REQUIRED ? "; required" : "");
	if (s->flags & CONF_RESTART)
		add(buf, " A change needs a restart.");
	if (s->flags & CONF_LATER)
		add(buf, " Not available in this version.");
	return buf;
}

void conf_print_keys(FILE *out)
{
	char line[CONF_DESCRIBE_MAX];

	for (size_t i = 0; i < conf_setting_count; i++)
		fprintf(out, "%s\n\t%s\n\t%s\n", conf_settings[i].key, conf_settings[i].help,
			conf_setting_describe(&conf_settings[i], line));
}
