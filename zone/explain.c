/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "zone/answer.h"
#include "zone/local.h"
#include "zone/text.h"

struct telling {
	explain_line_fn *line;
	void *ctx;
};

static void tell(const struct telling *telling, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(const struct telling *telling, const char *format, ...)
{
	char text[2 * DNS_NAME_TEXT_MAX + 200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	telling->line(telling->ctx, text);
}

static const char *node_text(const struct zone_image_header *base, const struct zone_node *node, char *buf)
{
	uint8_t wire[DNS_NAME_MAX];

	zone_node_name(base, zone_ref_of(base, node), wire);
	return name_print(wire, buf);
}

static void tell_types(const struct telling *telling, const struct zone_image_header *base,
		       const struct zone_node *node)
{
	char name[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX], list[400] = "";
	const struct zone_rrset *set = zone_node_first_set(node);
	size_t len = 0;

	for (unsigned i = 0; i < node->sets && len < sizeof list - ZONE_TEXT_TYPE_MAX; i++, set = zone_rrset_next(set)) {
		if (set->covers == 0)
			len += (size_t)snprintf(list + len, sizeof list - len, " %s(%u)",
						zone_text_type(zone_rrset_type(set), type), set->count);
	}
	tell(telling, "%s owns:%s", node_text(base, node, name), list[0] ? list : " nothing: it is an empty non-terminal");
}

/* What the look-up of the question's own name met, in the order in which answer_query() decides. */
static void tell_hit(const struct telling *telling, const struct zone_image_header *base, const struct name *name,
		     uint16_t type)
{
	char text[DNS_NAME_TEXT_MAX];
	struct zone_hit hit;

	zone_image_find(base, name, &hit);
	if (hit.cut != NULL && !(type == DNS_DS && hit.match == ZONE_EXACT && hit.node == hit.cut)) {
		tell(telling, "%s is a zone cut: whoever asks is referred to its name servers", node_text(base, hit.cut, text));
		return;
	}
	if (hit.dname != NULL) {
		tell(telling, "%s owns a DNAME: the name is rewritten (RFC 6672)", node_text(base, hit.dname, text));
		return;
	}
	if (hit.match == ZONE_EXACT) {
		tell(telling, "the name exists");
		tell_types(telling, base, hit.node);
		return;
	}

	const struct zone_node *wildcard = zone_image_wildcard(base, hit.node, name->hash[hit.skipped]);
	tell(telling, "the name does not exist; its closest encloser is %s", node_text(base, hit.node, text));
	if (wildcard != NULL) {
		tell(telling, "a wildcard there stands in for it (RFC 4592)");
		tell_types(telling, base, wildcard);
	} else {
		tell(telling, "there is no wildcard %s%s", hit.node->labels ? "*." : "*", node_text(base, hit.node, text));
	}
}

/* That the name is one of this node's own, before what the zone would say. */
static void tell_local(const struct telling *telling, const struct zone_entry *zone, const struct name *name,
		       uint16_t type)
{
	const struct local *local;
	struct zone_hit hit;

	zone_image_find(zone->base, name, &hit);
	if (zone->locals == NULL || hit.cut != NULL || hit.dname != NULL)
		return;
	switch (local_find(zone->locals, name, &hit, type, &local)) {
	case LOCAL_HERE: tell(telling, "the name is local: this node answers with its own addresses that work"); break;
	case LOCAL_NODATA: tell(telling, "the name is local, or above a local one, and has no such type"); break;
	case LOCAL_NO_NAME: tell(telling, "it is below a local name: no wildcard of the zone stands in for it"); break;
	case LOCAL_NONE: break;
	}
}

static const char *outcome_text(const struct respond_result *result)
{
	static const char *const texts[] = {
		[RESPOND_SILENT] = "no answer is sent",
		[RESPOND_ANSWER] = "NOERROR with data",
		[RESPOND_NODATA] = "NOERROR without data: the name has no such type (NODATA)",
		[RESPOND_NXDOMAIN] = "NXDOMAIN",
		[RESPOND_REFERRAL] = "a referral to the child zone",
		[RESPOND_CHAOS] = "NOERROR with data about this node",
		[RESPOND_REFUSED] = "REFUSED: not a zone of this node, or a question it does not take",
		[RESPOND_SERVFAIL] = "SERVFAIL: the zone is configured, but no version of it could be loaded",
		[RESPOND_FORMERR] = "FORMERR",
		[RESPOND_NOTIMP] = "NOTIMP",
		[RESPOND_BADVERS] = "BADVERS",
		[RESPOND_COOKIE] = "NOERROR with a cookie",
		[RESPOND_BADCOOKIE] = "BADCOOKIE",
		[RESPOND_NOTAUTH] = "NOTAUTH: signed with a key that is not ours",
		[RESPOND_YXDOMAIN] = "YXDOMAIN: the DNAME makes the name too long (RFC 6672, 2.2)",
	};

	return texts[result->outcome];
}

static size_t build_query(const struct name *name, uint16_t type, bool dnssec_ok, uint8_t *out)
{
	const struct edns_reply opt = { .udp_size = 1232, .dnssec_ok = dnssec_ok };
	size_t len = DNS_HEADER_BYTES;

	memset(out, 0, DNS_HEADER_BYTES);
	dns_put_u16(out + 4, 1);
	dns_put_u16(out + 10, 1);
	memcpy(out + len, name->wire, name->len);
	len += name->len;
	dns_put_u16(out + len, type);
	dns_put_u16(out + len + 2, DNS_CLASS_IN);
	len += 4;
	return len + edns_write(&opt, out + len, len, DNS_UDP_BYTES);
}

void explain_dns(const struct respond_env *env, const struct name *name, uint16_t type, bool dnssec_ok,
		 explain_line_fn *line, void *ctx)
{
	const struct telling telling = { line, ctx };
	uint8_t query[DNS_HEADER_BYTES + DNS_NAME_MAX + 4 + EDNS_OPT_BYTES];
	uint8_t response[4096];	/* respond() over UDP never writes more than udp-max-payload, 4096 at most */
	char text[DNS_NAME_TEXT_MAX], type_text[ZONE_TEXT_TYPE_MAX];
	const struct respond_from from = { .transport = RESPOND_UDP };
	struct respond_result result;

	tell(&telling, "question: %s IN %s%s", name_print(name->wire, text), zone_text_type(type, type_text),
	     dnssec_ok ? ", with DO" : "");
	size_t len = build_query(name, type, dnssec_ok, query);
	respond(env, &from, (struct span){ query, len }, response, &result);
	if (result.zone == NULL)
		tell(&telling, "no zone of this node is at or above the name");
	else
		tell(&telling, "zone: %s", name_print(result.zone->apex.wire, text));
	if (result.zone != NULL && result.zone->base != NULL) {
		tell_local(&telling, result.zone, name, type);
		tell_hit(&telling, result.zone->base, name, type);
	}
	tell(&telling, "outcome: %s", outcome_text(&result));
	tell(&telling, "response: %zu bytes, %u answer, %u authority, %u additional%s%s", result.len,
	     dns_get_u16(response + 6), dns_get_u16(response + 8), dns_get_u16(response + 10),
	     dns_get_u16(response + 2) & DNS_AA ? ", AA" : "", result.truncated ? ", TC over UDP" : "");
}
