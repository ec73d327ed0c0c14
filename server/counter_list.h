/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every counter, in the one place that names it. Data only.
 *
 *	F(family, help)			a metric: catchment_FAMILY_total, and what it counts
 *	X(NAME, stats name, labels)	one of its counters: COUNTER_NAME, its name in catchmentctl stats, and its labels
 *					as a metric. NULL: not a metric, for it is a sum of others
 *
 * Names stay: scripts and dashboards know them. A label's value is never a zone, a name or an address.
 */
#ifndef SERVER_COUNTER_LIST_H
#define SERVER_COUNTER_LIST_H

/* The columns of a limiter's counters, in the order of enum limiter_class. */
#define COUNTERS_BY_CLASS(X, NAME, stats, action) \
	X(NAME##_ANSWER, stats ".answer", "action=\"" action "\",class=\"answer\"") \
	X(NAME##_NODATA, stats ".nodata", "action=\"" action "\",class=\"nodata\"") \
	X(NAME##_NXDOMAIN, stats ".nxdomain", "action=\"" action "\",class=\"nxdomain\"") \
	X(NAME##_REFERRAL, stats ".referral", "action=\"" action "\",class=\"referral\"") \
	X(NAME##_ERROR, stats ".error", "action=\"" action "\",class=\"error\"")

/* What TLS counts beside its handshakes, for each service; the failures in the order of enum tls_failure. */
#define COUNTERS_OF_TLS(F, X, family, NAME, stats, service) \
	F(family "_tls_versions", "TLS handshakes of " service " that ended well, by version.") \
	X(NAME##_VERSION_12, stats ".version.12", "version=\"1.2\"") \
	X(NAME##_VERSION_13, stats ".version.13", "version=\"1.3\"") \
	F(family "_tls_handshake_failures", "TLS handshakes of " service " that failed, by what was wrong: no TLS, a" \
	  " version or parameters or protocols (ALPN) that are not ours, an alert of the client, others; or the client left" \
	  " or was too slow.") \
	X(NAME##_FAILED_NOT_TLS, stats ".failed.not-tls", "reason=\"not-tls\"") \
	X(NAME##_FAILED_VERSION, stats ".failed.version", "reason=\"version\"") \
	X(NAME##_FAILED_PARAMETERS, stats ".failed.parameters", "reason=\"parameters\"") \
	X(NAME##_FAILED_PROTOCOL, stats ".failed.protocol", "reason=\"protocol\"") \
	X(NAME##_FAILED_ALERT, stats ".failed.alert", "reason=\"alert\"") \
	X(NAME##_FAILED_OTHER, stats ".failed.other", "reason=\"other\"") \
	X(NAME##_FAILED_LEFT, stats ".failed.left", "reason=\"left\"") \
	X(NAME##_FAILED_SLOW, stats ".failed.slow", "reason=\"slow\"") \
	F(family "_tls_protocols", "TLS handshakes of " service " that ended well, by what was agreed to be spoken (ALPN);" \
	  " none: the client named nothing.") \
	X(NAME##_PROTOCOL_NONE, stats ".protocol.none", "protocol=\"none\"")

#define COUNTERS(F, X) \
	F("dns_queries", "DNS messages received.") \
	X(DNS_UDP4_QUERIES, "dns.queries.udp4", "transport=\"udp\",family=\"ipv4\"") \
	X(DNS_UDP6_QUERIES, "dns.queries.udp6", "transport=\"udp\",family=\"ipv6\"") \
	X(DNS_TCP4_QUERIES, "dns.queries.tcp4", "transport=\"tcp\",family=\"ipv4\"") \
	X(DNS_TCP6_QUERIES, "dns.queries.tcp6", "transport=\"tcp\",family=\"ipv6\"") \
	X(DNS_TLS4_QUERIES, "dns.queries.tls4", "transport=\"tls\",family=\"ipv4\"") \
	X(DNS_TLS6_QUERIES, "dns.queries.tls6", "transport=\"tls\",family=\"ipv6\"") \
	F("dns_query_types", "DNS questions answered, by QTYPE.") \
	X(DNS_TYPE_A, "dns.type.a", "type=\"A\"") \
	X(DNS_TYPE_AAAA, "dns.type.aaaa", "type=\"AAAA\"") \
	X(DNS_TYPE_NS, "dns.type.ns", "type=\"NS\"") \
	X(DNS_TYPE_DS, "dns.type.ds", "type=\"DS\"") \
	X(DNS_TYPE_DNSKEY, "dns.type.dnskey", "type=\"DNSKEY\"") \
	X(DNS_TYPE_SOA, "dns.type.soa", "type=\"SOA\"") \
	X(DNS_TYPE_MX, "dns.type.mx", "type=\"MX\"") \
	X(DNS_TYPE_TXT, "dns.type.txt", "type=\"TXT\"") \
	X(DNS_TYPE_HTTPS, "dns.type.https", "type=\"HTTPS\"") \
	X(DNS_TYPE_SVCB, "dns.type.svcb", "type=\"SVCB\"") \
	X(DNS_TYPE_PTR, "dns.type.ptr", "type=\"PTR\"") \
	X(DNS_TYPE_SRV, "dns.type.srv", "type=\"SRV\"") \
	X(DNS_TYPE_CAA, "dns.type.caa", "type=\"CAA\"") \
	X(DNS_TYPE_ANY, "dns.type.any", "type=\"ANY\"") \
	X(DNS_TYPE_OTHER, "dns.type.other", "type=\"other\"") \
	F("dns_responses", "DNS responses made, by RCODE; those that the rate limiter drops are among them.") \
	X(DNS_RESPONSES, "dns.responses", NULL) \
	X(DNS_NOERROR, "dns.rcode.noerror", "rcode=\"NOERROR\"") \
	X(DNS_FORMERR, "dns.rcode.formerr", "rcode=\"FORMERR\"") \
	X(DNS_SERVFAIL, "dns.rcode.servfail", "rcode=\"SERVFAIL\"") \
	X(DNS_NXDOMAIN, "dns.rcode.nxdomain", "rcode=\"NXDOMAIN\"") \
	X(DNS_NOTIMP, "dns.rcode.notimp", "rcode=\"NOTIMP\"") \
	X(DNS_REFUSED, "dns.rcode.refused", "rcode=\"REFUSED\"") \
	X(DNS_YXDOMAIN, "dns.rcode.yxdomain", "rcode=\"YXDOMAIN\"") \
	X(DNS_NOTAUTH, "dns.rcode.notauth", "rcode=\"NOTAUTH\"") \
	X(DNS_BADVERS, "dns.rcode.badvers", "rcode=\"BADVERS\"") \
	X(DNS_BADCOOKIE, "dns.rcode.badcookie", "rcode=\"BADCOOKIE\"") \
	X(DNS_OTHER_RCODE, "dns.rcode.other", "rcode=\"other\"") \
	F("dns_answers_without_data", "Of the NOERROR responses, those that say there is no such data here.") \
	X(DNS_NODATA, "dns.nodata", "kind=\"nodata\"") \
	X(DNS_REFERRAL, "dns.referral", "kind=\"referral\"") \
	F("dns_truncated_responses", "DNS responses with TC, the limiter's not among them.") \
	X(DNS_TRUNCATED, "dns.truncated", "") \
	F("dns_queries_with", "Answered DNS queries with EDNS, the DO flag, the NSID option, a cookie, a valid one.") \
	X(DNS_EDNS, "dns.edns", "feature=\"edns\"") \
	X(DNS_DO, "dns.do", "feature=\"do\"") \
	X(DNS_NSID, "dns.nsid", "feature=\"nsid\"") \
	X(DNS_COOKIE, "dns.cookie.seen", "feature=\"cookie\"") \
	X(DNS_COOKIE_VALID, "dns.cookie.valid", "feature=\"cookie-valid\"") \
	F("dns_unanswered", "DNS messages without a response: not answerable, from a port that answers, not sent.") \
	X(DNS_SILENT, "dns.silent", "reason=\"silent\"") \
	X(DNS_REFLECTION, "dns.reflection", "reason=\"reflection\"") \
	X(DNS_SEND_FAILED, "dns.send-failed", "reason=\"send-failed\"") \
	F("dns_rate_limit", "Limited DNS responses: dropped, truncated (slip), or sent all the same (dry-run).") \
	COUNTERS_BY_CLASS(X, DNS_LIMIT_DROP, "dns.rate-limit.dropped", "dropped") \
	COUNTERS_BY_CLASS(X, DNS_LIMIT_SLIP, "dns.rate-limit.slipped", "slipped") \
	COUNTERS_BY_CLASS(X, DNS_LIMIT_DRY, "dns.rate-limit.dry-run", "dry-run") \
	F("dns_connections", "DNS connections by what became of them: too many (rejected, client-limit), idle and" \
	  " closed for another one (evicted), closed early because nearly all are taken (overload).") \
	X(DNS_TCP_ACCEPTED, "dns.tcp.accepted", "transport=\"tcp\",event=\"accepted\"") \
	X(DNS_TCP_REJECTED, "dns.tcp.rejected", "transport=\"tcp\",event=\"rejected\"") \
	X(DNS_TCP_CLIENT_LIMIT, "dns.tcp.client-limit", "transport=\"tcp\",event=\"client-limit\"") \
	X(DNS_TCP_EVICTED, "dns.tcp.evicted", "transport=\"tcp\",event=\"evicted\"") \
	X(DNS_TCP_OVERLOAD, "dns.tcp.overload", "transport=\"tcp\",event=\"overload\"") \
	X(DNS_TCP_TIMEOUTS, "dns.tcp.timeouts", "transport=\"tcp\",event=\"timeout\"") \
	X(DNS_TCP_ERRORS, "dns.tcp.errors", "transport=\"tcp\",event=\"error\"") \
	X(DNS_TLS_ACCEPTED, "dns.tls.accepted", "transport=\"tls\",event=\"accepted\"") \
	X(DNS_TLS_REJECTED, "dns.tls.rejected", "transport=\"tls\",event=\"rejected\"") \
	X(DNS_TLS_CLIENT_LIMIT, "dns.tls.client-limit", "transport=\"tls\",event=\"client-limit\"") \
	X(DNS_TLS_OVERLOAD, "dns.tls.overload", "transport=\"tls\",event=\"overload\"") \
	X(DNS_TLS_EVICTED, "dns.tls.evicted", "transport=\"tls\",event=\"evicted\"") \
	X(DNS_TLS_TIMEOUTS, "dns.tls.timeouts", "transport=\"tls\",event=\"timeout\"") \
	X(DNS_TLS_ERRORS, "dns.tls.errors", "transport=\"tls\",event=\"error\"") \
	F("dns_tls_handshakes", "TLS handshakes of DNS by how they ended; resumed: with a ticket of ours.") \
	X(DNS_TLS_HANDSHAKES, "dns.tls.handshakes", NULL) \
	X(DNS_TLS_FULL, "dns.tls.full", "result=\"full\"") \
	X(DNS_TLS_RESUMED, "dns.tls.resumed", "result=\"resumed\"") \
	X(DNS_TLS_HANDSHAKE_FAILED, "dns.tls.handshake-failed", "result=\"failed\"") \
	COUNTERS_OF_TLS(F, X, "dns", DNS_TLS, "dns.tls", "DNS") \
	X(DNS_TLS_PROTOCOL_DOT, "dns.tls.protocol.dot", "protocol=\"dot\"") \
	F("http_requests", "HTTP requests received.") \
	X(HTTP_REQUESTS, "http.requests", "") \
	F("http_tls_requests", "Of these, those over TLS, by its version.") \
	X(HTTP_REQUESTS_TLS12, "http.requests.tls12", "version=\"1.2\"") \
	X(HTTP_REQUESTS_TLS13, "http.requests.tls13", "version=\"1.3\"") \
	F("http_responses", "HTTP responses, by status.") \
	X(HTTP_302, "http.status.302", "status=\"302\"") \
	X(HTTP_303, "http.status.303", "status=\"303\"") \
	X(HTTP_307, "http.status.307", "status=\"307\"") \
	X(HTTP_204, "http.status.204", "status=\"204\"") \
	X(HTTP_400, "http.status.400", "status=\"400\"") \
	X(HTTP_404, "http.status.404", "status=\"404\"") \
	X(HTTP_405, "http.status.405", "status=\"405\"") \
	X(HTTP_408, "http.status.408", "status=\"408\"") \
	X(HTTP_413, "http.status.413", "status=\"413\"") \
	X(HTTP_414, "http.status.414", "status=\"414\"") \
	X(HTTP_421, "http.status.421", "status=\"421\"") \
	X(HTTP_431, "http.status.431", "status=\"431\"") \
	X(HTTP_503, "http.status.503", "status=\"503\"") \
	X(HTTP_OTHER_STATUS, "http.status.other", "status=\"other\"") \
	F("presence_lookups", "Whether a target has a path, as known when a request came; waited: it had to be asked.") \
	X(PRESENCE_PRESENT, "presence.present", "answer=\"present\"") \
	X(PRESENCE_ABSENT, "presence.absent", "answer=\"absent\"") \
	X(PRESENCE_WAITED, "presence.waited", "answer=\"waited\"") \
	F("presence_full", "Questions that found no room: the path is taken as present.") \
	X(PRESENCE_FULL, "presence.full", "") \
	F("http_connections", "HTTP connections by what became of them: too many (rejected, client-limit), idle and closed" \
	  " for another one (evicted), from a load balancer whose PROXY header is wrong (proxy-fault).") \
	X(HTTP_ACCEPTED, "http.accepted", "event=\"accepted\"") \
	X(HTTP_REJECTED, "http.rejected", "event=\"rejected\"") \
	X(HTTP_CLIENT_LIMIT, "http.client-limit", "event=\"client-limit\"") \
	X(HTTP_PROXY_FAULTS, "http.proxy-faults", "event=\"proxy-fault\"") \
	X(HTTP_EVICTED, "http.evicted", "event=\"evicted\"") \
	X(HTTP_TIMEOUTS, "http.timeouts", "event=\"timeout\"") \
	X(HTTP_ERRORS, "http.errors", "event=\"error\"") \
	F("http_tls_connections", "HTTPS connections by what became of them.") \
	X(HTTP_TLS_ACCEPTED, "http.tls.accepted", "event=\"accepted\"") \
	X(HTTP_TLS_REJECTED, "http.tls.rejected", "event=\"rejected\"") \
	X(HTTP_TLS_CLIENT_LIMIT, "http.tls.client-limit", "event=\"client-limit\"") \
	X(HTTP_TLS_PROXY_FAULTS, "http.tls.proxy-faults", "event=\"proxy-fault\"") \
	X(HTTP_TLS_EVICTED, "http.tls.evicted", "event=\"evicted\"") \
	X(HTTP_TLS_TIMEOUTS, "http.tls.timeouts", "event=\"timeout\"") \
	X(HTTP_TLS_ERRORS, "http.tls.errors", "event=\"error\"") \
	F("http_tls_handshakes", "TLS handshakes of HTTPS by how they ended; resumed: with a ticket of ours.") \
	X(HTTP_TLS_HANDSHAKES, "http.tls.handshakes", NULL) \
	X(HTTP_TLS_FULL, "http.tls.full", "result=\"full\"") \
	X(HTTP_TLS_RESUMED, "http.tls.resumed", "result=\"resumed\"") \
	X(HTTP_TLS_HANDSHAKE_FAILED, "http.tls.handshake-failed", "result=\"failed\"") \
	COUNTERS_OF_TLS(F, X, "http", HTTP_TLS, "http.tls", "HTTPS") \
	X(HTTP_TLS_PROTOCOL_H2, "http.tls.protocol.h2", "protocol=\"h2\"") \
	X(HTTP_TLS_PROTOCOL_HTTP1, "http.tls.protocol.http1", "protocol=\"http1\"") \
	F("http2_connections", "Connections that spoke HTTP/2.") \
	X(HTTP2_CONNECTIONS, "http2.connections", "") \
	F("http2_streams", "Requests that HTTP/2 clients began, refused and broken ones among them.") \
	X(HTTP2_STREAMS, "http2.streams", "") \
	F("http2_goaways", "HTTP/2 connections that were ended by us: in good order, for a broken protocol, and for too many" \
	  " resets, control frames, empty frames, header bytes, answers not taken.") \
	X(HTTP2_GRACEFUL, "http2.goaway.graceful", "reason=\"graceful\"") \
	X(HTTP2_PROTOCOL, "http2.goaway.protocol", "reason=\"protocol\"") \
	X(HTTP2_RESETS, "http2.goaway.resets", "reason=\"resets\"") \
	X(HTTP2_CONTROL, "http2.goaway.control", "reason=\"control\"") \
	X(HTTP2_EMPTY, "http2.goaway.empty", "reason=\"empty\"") \
	X(HTTP2_HEADERS, "http2.goaway.headers", "reason=\"headers\"") \
	X(HTTP2_UNTAKEN, "http2.goaway.untaken", "reason=\"untaken\"")

#endif
