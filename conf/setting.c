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
	{ .key = "dns.tls.certificates[].ocsp", .type = CONF_PATH,
	  .help = "OCSP response to staple, DER (RFC 6960)." },
	{ .key = "dns.tls.ticket-keys", .type = CONF_PATH, .flags = CONF_LIST, .max = CONF_TICKET_KEYS_MAX,
	  .help = "Session ticket keys shared by all nodes; the first seals, all open." },

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
	{ .key = "tsig-keys", .type = CONF_GROUP, .flags = CONF_LIST | CONF_RESTART, .max = 1024,
	  .help = "Keys shared with those who send NOTIFY (RFC 8945)." },
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
	{ .key = "redirect.max-clients", .type = CONF_NUMBER, .flags = CONF_RESTART, .min = 1, .max = 1000000,
	  .fallback = "10000", .help = "Connections at once, of HTTP and of HTTPS each." },
	{ .key = "redirect.max-clients-per-client", .type = CONF_NUMBER, .max = 1000000, .fallback = "0",
	  .help = "Of those, from one client prefix; 0: a quarter." },
	{ .key = "redirect.ipv4-prefix-length", .type = CONF_NUMBER, .min = 1, .max = 32, .fallback = "32",
	  .help = "What counts as one client in IPv4." },
	{ .key = "redirect.ipv6-prefix-length", .type = CONF_NUMBER, .min = 1, .max = 128, .fallback = "56",
	  .help = "What counts as one client in IPv6." },
	{ .key = "redirect.idle-timeout", .type = CONF_DURATION, .min = 10, .max = HOUR, .fallback = "5s",
	  .help = "A connection without a request is closed after it." },
	{ .key = "redirect.request-timeout", .type = CONF_DURATION, .min = 10, .max = HOUR, .fallback = "10s",
	  .help = "A half-sent request or half-read answer is given up after it." },
	{ .key = "redirect.proxy-protocol-from", .type = CONF_PREFIX, .flags = CONF_LIST, .max = 256,
	  .help = "Load balancers, which must say whom they speak for." },
	{ .key = "redirect.access-log", .type = CONF_GROUP, .help = "A line for each request." },
	{ .key = "redirect.access-log.file", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "Where the lines go." },
	{ .key = "redirect.access-log.format", .type = CONF_CHOICE, .choices = "combined json", .fallback = "combined",
	  .help = "How a line looks." },
	{ .key = "redirect.access-log.sample", .type = CONF_NUMBER, .min = 1, .max = 1000000, .fallback = "1",
	  .help = "Every how manieth request has a line." },
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
	{ .key = "redirect.tls.certificates[].ocsp", .type = CONF_PATH,
	  .help = "OCSP response to staple, DER (RFC 6960)." },
	{ .key = "redirect.tls.ticket-keys", .type = CONF_PATH, .flags = CONF_LIST, .max = CONF_TICKET_KEYS_MAX,
	  .help = "Session ticket keys shared by all nodes; the first seals, all open." },
	{ .key = "redirect.tls.http2", .type = CONF_BOOL, .fallback = "true",
	  .help = "Offers HTTP/2 (RFC 9113) beside HTTP/1.1." },
	{ .key = "sites", .type = CONF_GROUP, .flags = CONF_LIST, .help = "Sites of this node's own." },
	{ .key = "sites[].hosts", .type = CONF_HOST, .flags = CONF_LIST | CONF_REQUIRED,
	  .help = "The hosts clients ask for; * is every host no other site names." },
	{ .key = "sites[].status", .type = CONF_STATUS, .fallback = "302", .help = "Status of the redirect." },
	{ .key = "sites[].strip-prefix", .type = CONF_TEXT, .min = 1, .max = 1024,
	  .help = "Taken off the path before it goes behind the URL of a target." },
	{ .key = "sites[].max-age", .type = CONF_DURATION, .max = HOUR, .fallback = "0s",
	  .help = "How long a client may keep a redirect; 0: not at all." },
	{ .key = "sites[].hsts", .type = CONF_GROUP, .help = "Strict transport security (RFC 6797)." },
	{ .key = "sites[].hsts.max-age", .type = CONF_DURATION, .flags = CONF_REQUIRED, .max = (uint64_t)3650 * DAY,
	  .help = "How long clients use nothing but HTTPS." },
	{ .key = "sites[].hsts.include-subdomains", .type = CONF_BOOL, .fallback = "false",
	  .help = "For all names below the host as well." },
	{ .key = "sites[].balance", .type = CONF_CHOICE, .choices = "weight path", .fallback = "weight",
	  .help = "How a target is chosen: by chance, or by the path." },
	{ .key = "sites[].presence", .type = CONF_GROUP,
	  .help = "Ask a server whether it has a path before the first redirect to it." },
	{ .key = "sites[].presence.valid", .type = CONF_DURATION, .min = SECOND, .max = DAY, .fallback = "1m",
	  .help = "How long its answer counts." },
	{ .key = "sites[].presence.timeout", .type = CONF_DURATION, .min = 10, .max = 10 * SECOND, .fallback = "1s",
	  .help = "How long a client waits for it; then it is redirected." },
	{ .key = "sites[].targets", .type = CONF_GROUP, .flags = CONF_LIST, .max = 1024,
	  .help = "This node's own content servers." },
	{ .key = "sites[].targets[].url", .type = CONF_URL, .flags = CONF_REQUIRED,
	  .help = "Where clients are sent; the path and query they asked for follow." },
	{ .key = "sites[].targets[].weight", .type = CONF_NUMBER, .min = 1, .max = 65535, .fallback = "1",
	  .help = "Its share of the clients, beside the other targets." },
	{ .key = "sites[].targets[].addresses", .type = CONF_IP, .flags = CONF_LIST, .max = 64,
	  .help = "Where it is; as its name resolves when left out." },
	{ .key = "sites[].targets[].family", .type = CONF_CHOICE, .choices = "any ipv4 ipv6", .fallback = "any",
	  .help = "Clients that can reach it, where no address says so." },
	{ .key = "sites[].targets[].check", .type = CONF_GROUP, .help = "Health check of the target." },
	{ .key = "sites[].targets[].check.type", .type = CONF_CHOICE, .choices = "http tcp", .fallback = "http",
	  .help = "HTTP(S) by the scheme of the URL, or whether it takes a connection." },
	{ .key = "sites[].targets[].check.path", .type = CONF_TEXT, .min = 1, .max = 1024, .fallback = "/",
	  .help = "Path to ask for." },
	{ .key = "sites[].targets[].check.status", .type = CONF_NUMBER, .flags = CONF_LIST, .min = 100, .max = 599,
	  .help = "Good statuses; 200 to 399 when left out." },
	{ .key = "sites[].targets[].check.digest", .type = CONF_TEXT, .min = 64, .max = 64,
	  .help = "SHA-256 that the body must have, in hexadecimal." },
	{ .key = "sites[].targets[].check.ca", .type = CONF_PATH,
	  .help = "Certificates to trust, PEM; the system's when left out." },
	{ .key = "sites[].targets[].check.interval", .type = CONF_DURATION, .min = 100, .max = HOUR, .fallback = "2s",
	  .help = "Time between two checks." },
	{ .key = "sites[].targets[].check.timeout", .type = CONF_DURATION, .min = 10, .max = HOUR, .fallback = "1s",
	  .help = "Longest time for one check." },
	{ .key = "sites[].targets[].check.rise", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "2",
	  .help = "Good checks in a row before it is used." },
	{ .key = "sites[].targets[].check.fall", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "3",
	  .help = "Bad checks in a row before it is not." },
	{ .key = "sites[].fallback-balance", .type = CONF_CHOICE, .choices = "order path", .fallback = "order",
	  .help = "Which fallback: the first that works, or by the path." },
	{ .key = "sites[].fallback", .type = CONF_GROUP, .flags = CONF_LIST, .max = 1024,
	  .help = "Used when no target of this node is healthy." },
	{ .key = "sites[].fallback[].url", .type = CONF_URL, .flags = CONF_REQUIRED, .help = "As in targets." },
	{ .key = "sites[].fallback[].node", .type = CONF_TEXT, .min = 1, .max = CONF_TXT_MAX,
	  .help = "The node it belongs to." },
	{ .key = "sites[].fallback[].addresses", .type = CONF_IP, .flags = CONF_LIST, .max = 64,
	  .help = "Where it is; as its name resolves when left out." },
	{ .key = "sites[].fallback[].family", .type = CONF_CHOICE, .choices = "any ipv4 ipv6", .fallback = "any",
	  .help = "Clients that can reach it, where no address says so." },
	{ .key = "sites[].fallback[].check", .type = CONF_GROUP, .help = "Health check of the fallback." },
	{ .key = "sites[].fallback[].check.type", .type = CONF_CHOICE, .choices = "http tcp", .fallback = "http",
	  .help = "HTTP(S) by the scheme of the URL, or whether it takes a connection." },
	{ .key = "sites[].fallback[].check.path", .type = CONF_TEXT, .min = 1, .max = 1024, .fallback = "/",
	  .help = "Path to ask for." },
	{ .key = "sites[].fallback[].check.status", .type = CONF_NUMBER, .flags = CONF_LIST, .min = 100, .max = 599,
	  .help = "Good statuses; 200 to 399 when left out." },
	{ .key = "sites[].fallback[].check.digest", .type = CONF_TEXT, .min = 64, .max = 64,
	  .help = "SHA-256 that the body must have, in hexadecimal." },
	{ .key = "sites[].fallback[].check.ca", .type = CONF_PATH,
	  .help = "Certificates to trust, PEM; the system's when left out." },
	{ .key = "sites[].fallback[].check.interval", .type = CONF_DURATION, .min = 100, .max = HOUR, .fallback = "2s",
	  .help = "Time between two checks." },
	{ .key = "sites[].fallback[].check.timeout", .type = CONF_DURATION, .min = 10, .max = HOUR, .fallback = "1s",
	  .help = "Longest time for one check." },
	{ .key = "sites[].fallback[].check.rise", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "2",
	  .help = "Good checks in a row before it is used." },
	{ .key = "sites[].fallback[].check.fall", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "3",
	  .help = "Bad checks in a row before it is not." },
	{ .key = "sites[].writes", .type = CONF_GROUP,
	  .help = "Where methods other than GET and HEAD go, with 307; without it 405." },
	{ .key = "sites[].writes.url", .type = CONF_URL, .flags = CONF_REQUIRED, .help = "As in targets." },
	{ .key = "sites[].mirrors", .type = CONF_GROUP, .flags = CONF_LIST, .max = 64,
	  .help = "Alternatives told in Link headers (RFC 6249)." },
	{ .key = "sites[].mirrors[].url", .type = CONF_URL, .flags = CONF_REQUIRED, .help = "As in targets." },
	{ .key = "sites[].mirrors[].node", .type = CONF_TEXT, .min = 1, .max = CONF_TXT_MAX,
	  .help = "The node it belongs to, if any." },
	{ .key = "sites[].mirrors[].geo", .type = CONF_TEXT, .min = 2, .max = 2,
	  .help = "Its country, as two letters of ISO 3166-1." },
	{ .key = "sites[].links", .type = CONF_NUMBER, .max = 16, .fallback = "4",
	  .help = "Most alternatives in the Link field; 0: none." },
	{ .key = "sites[].digests", .type = CONF_PATH, .help = "SHA-256 checksums of the content." },
	{ .key = "sites[].files", .type = CONF_GROUP, .flags = CONF_LIST, .max = 1024,
	  .help = "Small answers of this node's own." },
	{ .key = "sites[].files[].path", .type = CONF_TEXT, .flags = CONF_REQUIRED, .min = 1, .max = 1024,
	  .help = "Path that is asked for; a prefix when it ends in *." },
	{ .key = "sites[].files[].file", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "The file; a folder for a prefix." },
	{ .key = "sites[].files[].type", .type = CONF_TEXT, .min = 1, .max = 255,
	  .help = "Media type; by the file's ending when left out." },
	{ .key = "sites[].files[].max-age", .type = CONF_DURATION, .max = (uint64_t)365 * DAY, .fallback = "0s",
	  .help = "How long caches may keep it; 0: ask again each time." },
	{ .key = "local-names", .type = CONF_GROUP, .flags = CONF_LIST,
	  .help = "Names answered with this node's own unicast addresses." },
	{ .key = "local-names[].name", .type = CONF_NAME, .flags = CONF_REQUIRED, .help = "The name." },
	{ .key = "local-names[].from-site", .type = CONF_HOST, .flags = CONF_REQUIRED,
	  .help = "The site whose healthy targets are the answer." },
	{ .key = "local-names[].ttl", .type = CONF_DURATION, .min = SECOND, .max = DAY, .fallback = "30s",
	  .help = "Time to live of the answers." },

	{ .key = "anycast", .type = CONF_GROUP, .flags = CONF_RESTART, .help = "The routes this node owns." },
	{ .key = "anycast.backend", .type = CONF_CHOICE, .choices = "device none exec exabgp bird-file",
	  .fallback = "device", .help = "How routes are announced and withdrawn." },
	{ .key = "anycast.carrier", .type = CONF_TEXT, .min = 1, .max = 15, .fallback = "any0",
	  .help = "TUN device whose addresses the routing daemon exports." },
	{ .key = "anycast.low-carrier", .type = CONF_TEXT, .min = 1, .max = 15,
	  .help = "A second one, whose addresses it exports with lower preference." },
	{ .key = "anycast.lease", .type = CONF_DURATION, .min = 2000, .max = HOUR, .fallback = "5s",
	  .help = "How long the kernel keeps an address without a renewal, in whole seconds; less than 3s needs real-time priority." },
	{ .key = "anycast.loopback", .type = CONF_CHOICE, .choices = "manage leave", .fallback = "manage",
	  .help = "Whether the node puts its service addresses on the loopback interface." },
	{ .key = "anycast.loopback-interface", .type = CONF_TEXT, .min = 1, .max = 15, .fallback = "lo",
	  .help = "Where they stand: an interface, or a device to be made, whose name begins with the carrier's; for FRR another than lo." },
	{ .key = "anycast.stop-file", .type = CONF_PATH,
	  .help = "While this file exists, everything is withdrawn; anycast.stop in state-dir when left out." },
	{ .key = "anycast.hook", .type = CONF_PATH, .help = "Program that back-end exec runs for each change." },
	{ .key = "anycast.hook-timeout", .type = CONF_DURATION, .min = 100, .max = HOUR, .fallback = "10s",
	  .help = "It is killed after this time." },
	{ .key = "anycast.exabgp-pipe", .type = CONF_PATH, .fallback = "/run/exabgp/exabgp.in",
	  .help = "FIFO that ExaBGP reads commands from; - is standard output." },
	{ .key = "anycast.bird-file", .type = CONF_PATH, .help = "File of back-end bird-file, which BIRD includes." },
	{ .key = "anycast.bird-socket", .type = CONF_PATH, .fallback = "/run/bird/bird.ctl",
	  .help = "BIRD's control socket, for configure after each change." },
	{ .key = "anycast.services", .type = CONF_GROUP, .flags = CONF_LIST | CONF_REQUIRED, .max = CONF_SERVICES_MAX,
	  .help = "Addresses and what must work for them to be announced." },
	{ .key = "anycast.services[].name", .type = CONF_TEXT, .flags = CONF_REQUIRED, .min = 1, .max = 64,
	  .help = "Its name in commands." },
	{ .key = "anycast.services[].addresses", .type = CONF_PREFIX, .flags = CONF_LIST | CONF_REQUIRED, .max = 256,
	  .help = "What is announced: single addresses." },
	{ .key = "anycast.services[].checks", .type = CONF_TEXT, .flags = CONF_LIST | CONF_REQUIRED, .max = 64,
	  .help = "All must hold: dns, zones, http, redirect, workers, tcp:ADDRESS@PORT, dns:ADDRESS@PORT/NAME/TYPE,"
		  " http://ADDRESS[:PORT]/PATH, exec:PATH." },
	{ .key = "anycast.services[].zones", .type = CONF_NAME, .flags = CONF_LIST, .max = 10000,
	  .help = "The zones that dns and zones look at; all when left out." },
	{ .key = "anycast.services[].interval", .type = CONF_DURATION, .min = 50, .max = HOUR, .fallback = "1s",
	  .help = "Time between two runs of a check, give or take a tenth." },
	{ .key = "anycast.services[].timeout", .type = CONF_DURATION, .min = 20, .max = HOUR, .fallback = "800ms",
	  .help = "A check that takes longer has failed; less than interval." },
	{ .key = "anycast.services[].rise", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "3",
	  .help = "Good checks in a row before announcing." },
	{ .key = "anycast.services[].fall", .type = CONF_NUMBER, .min = 1, .max = 100, .fallback = "2",
	  .help = "Bad checks in a row before withdrawing." },
	{ .key = "anycast.services[].hold-down", .type = CONF_DURATION, .max = DAY, .fallback = "30s",
	  .help = "Least time withdrawn, doubling while it flaps." },
	{ .key = "anycast.services[].hold-down-max", .type = CONF_DURATION, .max = DAY, .fallback = "15m",
	  .help = "It doubles up to this." },
	{ .key = "anycast.services[].minimum-up", .type = CONF_DURATION, .max = DAY, .fallback = "10m",
	  .help = "An announcement that stood for less is a flap; each such time that it stands takes one doubling back." },
	{ .key = "anycast.services[].keep-up", .type = CONF_DURATION, .max = DAY, .fallback = "0s",
	  .help = "What others answer for (redirect, tcp:, dns:, http:, exec:) withdraws no announcement that is younger; the rest does"
		  " at once." },
	{ .key = "anycast.services[].max-flaps", .type = CONF_NUMBER, .max = 1000, .fallback = "0",
	  .help = "After so many flaps it stays withdrawn until undrain; 0: never." },
	{ .key = "anycast.services[].start-jitter", .type = CONF_DURATION, .max = HOUR, .fallback = "0s",
	  .help = "The first announcement waits up to this long, at random." },
	{ .key = "anycast.services[].deprefer", .type = CONF_DURATION, .max = HOUR, .fallback = "0s",
	  .help = "A drain first announces with lower preference for this long." },
	{ .key = "anycast.services[].drain", .type = CONF_DURATION, .max = HOUR, .fallback = "2s",
	  .help = "Answering goes on this long after withdrawing." },
	{ .key = "anycast.services[].ebb", .type = CONF_NUMBER, .max = 1000000000, .fallback = "0",
	  .help = "It ends sooner when fewer requests a second come, once no service with the same protocol is announced; 0: never." },
	{ .key = "anycast.services[].last-resort", .type = CONF_BOOL, .fallback = "false",
	  .help = "When checks fail, stay announced with lower preference." },
	{ .key = "anycast.services[].scope", .type = CONF_CHOICE, .choices = "global local", .fallback = "global",
	  .help = "A local one is announced with NO_EXPORT (RFC 4786, 4.4.6)." },
	{ .key = "anycast.covering", .type = CONF_GROUP, .flags = CONF_LIST, .max = 64,
	  .help = "Prefixes that cover services, announced while these are (RFC 4786, 4.8). What no service has of one ends in the carrier meanwhile." },
	{ .key = "anycast.covering[].prefix", .type = CONF_PREFIX, .flags = CONF_REQUIRED, .help = "The prefix." },
	{ .key = "anycast.covering[].all-of", .type = CONF_TEXT, .flags = CONF_LIST, .max = 64,
	  .help = "Services that must all be announced." },
	{ .key = "anycast.covering[].any-of", .type = CONF_TEXT, .flags = CONF_LIST, .max = 64,
	  .help = "Services of which one is enough; the others must then be reached from inside." },
	{ .key = "anycast.covering[].scope", .type = CONF_CHOICE, .choices = "global local", .fallback = "global",
	  .help = "As of a service." },
	{ .key = "anycast.routing", .type = CONF_GROUP, .help = "What announce config needs to know beside." },
	{ .key = "anycast.routing.router-id", .type = CONF_TEXT, .flags = CONF_REQUIRED, .min = 7, .max = 15,
	  .help = "An IPv4 address of this node alone." },
	{ .key = "anycast.routing.local-as", .type = CONF_NUMBER, .min = 1, .max = UINT32_MAX, .fallback = "65000",
	  .help = "This node's own AS number." },
	{ .key = "anycast.routing.neighbors", .type = CONF_GROUP, .flags = CONF_LIST, .max = 64,
	  .help = "BGP neighbors." },
	{ .key = "anycast.routing.neighbors[].address", .type = CONF_ADDRESS, .flags = CONF_REQUIRED, .port = 179,
	  .help = "The neighbor." },
	{ .key = "anycast.routing.neighbors[].as", .type = CONF_NUMBER, .flags = CONF_REQUIRED, .min = 1,
	  .max = UINT32_MAX, .help = "Its AS number." },
	{ .key = "anycast.routing.neighbors[].source", .type = CONF_TEXT, .min = 2, .max = 45,
	  .help = "Our address of the session; what the route to it says when left out." },
	{ .key = "anycast.routing.prepend", .type = CONF_NUMBER, .max = 16, .fallback = "0",
	  .help = "How many times more our AS number stands in the path." },
	{ .key = "anycast.routing.hold-time", .type = CONF_DURATION, .min = 3 * SECOND, .max = HOUR, .fallback = "9s",
	  .help = "BGP hold time: how long a dead routing daemon is believed." },
	{ .key = "anycast.routing.bfd", .type = CONF_BOOL, .fallback = "false",
	  .help = "BFD beside BGP: 100 ms, three times." },
	{ .key = "anycast.routing.communities", .type = CONF_TEXT, .flags = CONF_LIST, .max = 32,
	  .help = "Communities added to what is announced, each NUMBER:NUMBER." },
	{ .key = "anycast.routing.ospf-interfaces", .type = CONF_TEXT, .flags = CONF_LIST, .max = 32,
	  .help = "Interfaces of OSPF, which must be there; with them addresses go into OSPF too." },
	{ .key = "anycast.routing.ospf-cost", .type = CONF_NUMBER, .min = 1, .max = 65535, .fallback = "10",
	  .help = "Metric in OSPF." },
	{ .key = "sync", .type = CONF_GROUP, .flags = CONF_RESTART, .help = "Content from a master that it signs." },
	{ .key = "sync.url", .type = CONF_TEXT, .flags = CONF_REQUIRED, .min = 1, .max = 1024,
	  .help = "The repository: https://, http:// or file://." },
	{ .key = "sync.mirrors", .type = CONF_TEXT, .flags = CONF_LIST, .min = 1, .max = 16,
	  .help = "Copies of it, asked in this order when it does not answer." },
	{ .key = "sync.root", .type = CONF_PATH, .flags = CONF_REQUIRED,
	  .help = "The trusted root, installed by hand." },
	{ .key = "sync.group", .type = CONF_TEXT, .min = 1, .max = 64, .fallback = "default",
	  .help = "The group of nodes whose list of content is this node's." },
	{ .key = "sync.interval", .type = CONF_DURATION, .min = SECOND, .max = DAY, .fallback = "30s",
	  .help = "Time between two looks, with jitter." },
	{ .key = "sync.patience", .type = CONF_DURATION, .min = SECOND, .max = HOUR, .fallback = "20s",
	  .help = "How long a server may give less than 500 bytes a second." },
	{ .key = "sync.deadline", .type = CONF_DURATION, .min = SECOND, .max = DAY, .fallback = "1h",
	  .help = "Time for one file from one server." },
	{ .key = "sync.max-zone-size", .type = CONF_SIZE, .min = 64 << 10, .max = UINT64_C(1) << 40, .fallback = "1G",
	  .help = "Largest zone that is taken, as text." },
	{ .key = "sync.when-stale", .type = CONF_CHOICE, .choices = "serve deprefer withdraw", .fallback = "serve",
	  .help = "What to do once freshness has expired." },
	{ .key = "sync.ca", .type = CONF_PATH,
	  .help = "Certificates to trust, PEM; the system's when left out." },
	{ .key = "sync.client-cert", .type = CONF_PATH, .help = "Certificate of this node for the master, PEM." },
	{ .key = "sync.client-key", .type = CONF_PATH, .help = "Its private key, PEM." },
	{ .key = "sync.proxy", .type = CONF_TEXT, .min = 1, .max = 1024, .help = "Proxy on the way: http://HOST:PORT." },
	{ .key = "sync.node-key", .type = CONF_PATH,
	  .help = "Key of this node; made in state-dir at the first start when left out." },
	{ .key = "sync.report-url", .type = CONF_TEXT, .min = 1, .max = 1024,
	  .help = "Where the signed report is sent after each activation: https:// or http://." },
	{ .key = "sync.allow-query", .type = CONF_PREFIX, .flags = CONF_LIST, .max = 256,
	  .help = "Who may ask for sync.server. and ZONE.sync.server. (CH TXT); the node itself when left out." },
	{ .key = "sync.notify", .type = CONF_GROUP, .help = "NOTIFY (RFC 1996) that pulls at once." },
	{ .key = "sync.notify.listen", .type = CONF_ADDRESS, .flags = CONF_LIST | CONF_REQUIRED, .max = 64, .port = 53,
	  .help = "Addresses for it, UDP and TCP; of this node alone." },
	{ .key = "sync.notify.tsig-key", .type = CONF_NAME, .flags = CONF_REQUIRED,
	  .help = "The key of tsig-keys that signs it." },
	{ .key = "sync.notify.allow", .type = CONF_PREFIX, .flags = CONF_LIST, .max = 256,
	  .help = "Who may send it; everybody who has the key when left out." },
	{ .key = "catchment", .type = CONF_GROUP, .help = "Which networks the clients of this node are in." },
	{ .key = "catchment.enabled", .type = CONF_BOOL, .flags = CONF_RESTART, .fallback = "true",
	  .help = "Whether they are counted at all." },
	{ .key = "catchment.ipv4-prefix-length", .type = CONF_NUMBER, .flags = CONF_RESTART, .min = 8, .max = 24,
	  .fallback = "24", .help = "What is one network; nothing finer is kept." },
	{ .key = "catchment.ipv6-prefix-length", .type = CONF_NUMBER, .flags = CONF_RESTART, .min = 16, .max = 48,
	  .fallback = "48", .help = "What is one network; nothing finer is kept." },
	{ .key = "catchment.top", .type = CONF_NUMBER, .flags = CONF_RESTART, .min = 8, .max = 65536, .fallback = "1000",
	  .help = "Networks that are told apart, of each service and family: 192 bytes for each, in each worker." },
	{ .key = "catchment.window", .type = CONF_DURATION, .flags = CONF_RESTART, .min = 10 * SECOND, .max = 7 * DAY,
	  .fallback = "1h", .help = "What is told is of this one and the one before." },
	{ .key = "catchment.metrics-top", .type = CONF_NUMBER, .max = 1000, .fallback = "10",
	  .help = "Networks told one by one in metrics, of each service and family; 0: none." },
	{ .key = "catchment.as-table", .type = CONF_PATH,
	  .help = "Prefixes and their AS numbers, a line each: PREFIX AS, or ADDRESS LENGTH AS." },
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
	else if (s->min == s->max)
		add(buf, "%" PRIu64 " printable ASCII characters", s->min);
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
	case CONF_SIZE:
		add(buf, "a size (bytes, K, M, G) from %s to %s", units_print_size(s->min, min, sizeof min),
		    units_print_size(s->max, max, sizeof max));
		break;
	case CONF_BOOL: add(buf, "true or false"); break;
	case CONF_CHOICE: add_choices(buf, s->choices); break;
	case CONF_PATH: add(buf, "a path"); break;
	case CONF_ADDRESS: add(buf, "ADDRESS@PORT (or ADDRESS, for port %u)", s->port); break;
	case CONF_PREFIX: add(buf, "ADDRESS or ADDRESS/LENGTH"); break;
	case CONF_IP: add(buf, "an IPv4 or IPv6 address"); break;
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
	if ((s->flags & CONF_LIST) && s->max != 0 && s->type != CONF_NUMBER)
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
