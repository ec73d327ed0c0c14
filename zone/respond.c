/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/respond.h"

#include <string.h>

#include "zone/answer.h"
#include "zone/chaos.h"
#include "zone/query.h"
#include "zone/tsig.h"
#include "zone/writer.h"

/* One message on its way: what was asked, what is said. */
struct exchange {
	const struct respond_env *env;
	const struct respond_from *from;
	struct query query;
	struct writer writer;
	struct answer answer;
	struct edns_reply opt;
	struct tsig tsig;		/* only when the answer is NOTAUTH */
	const struct zone_entry *zone;	/* that answers, or NULL */
};

/* What is not understood or not ours is answered too, with the RCODE that says so (RFC 8906, 3.1), and with a reason for
 * people (RFC 8914). */
static void answer_without_zone(struct exchange *exchange, enum respond_outcome outcome, enum dns_ede error,
				const char *text)
{
	static const enum dns_rcode rcodes[] = {
		[RESPOND_CHAOS] = DNS_NOERROR,
		[RESPOND_NODATA] = DNS_NOERROR,
		[RESPOND_COOKIE] = DNS_NOERROR,
		[RESPOND_REFUSED] = DNS_REFUSED,
		[RESPOND_SERVFAIL] = DNS_SERVFAIL,
		[RESPOND_FORMERR] = DNS_FORMERR,
		[RESPOND_NOTIMP] = DNS_NOTIMP,
		[RESPOND_BADVERS] = DNS_BADVERS,
		[RESPOND_BADCOOKIE] = DNS_BADCOOKIE,
		[RESPOND_NOTAUTH] = DNS_NOTAUTH,
	};

	exchange->answer.outcome = outcome;
	exchange->answer.rcode = rcodes[outcome];
	exchange->answer.authoritative = outcome == RESPOND_CHAOS || outcome == RESPOND_NODATA;
	exchange->opt.has_error = text != NULL;
	exchange->opt.error = (uint16_t)error;
	exchange->opt.error_text = text;
}

static void answer_plainly(struct exchange *exchange, enum respond_outcome outcome)
{
	answer_without_zone(exchange, outcome, 0, NULL);
}

/* Room for the whole response. Without EDNS 512 bytes; with it what the client takes, but no more than we send. */
static size_t size_limit(const struct respond_env *env, enum respond_transport transport, const struct edns *edns)
{
	if (transport != RESPOND_UDP)
		return DNS_MESSAGE_MAX;
	if (!edns->present || edns->udp_size < DNS_UDP_BYTES)
		return DNS_UDP_BYTES;
	return edns->udp_size < env->udp_max_payload ? edns->udp_size : env->udp_max_payload;
}

static bool has_valid_cookie(const struct exchange *exchange)
{
	const struct respond_env *env = exchange->env;

	return env->cookies != NULL && exchange->query.edns.cookie.len > COOKIE_CLIENT_BYTES
		&& cookie_verify(env->cookies, exchange->query.edns.cookie, exchange->from->address, exchange->from->now_s);
}

/* The options that do not depend on the answer. Those that do are given room by announcing them. */
static void prepare_opt(struct exchange *exchange)
{
	const struct respond_env *env = exchange->env;
	const struct edns *edns = &exchange->query.edns;
	struct edns_reply *opt = &exchange->opt;

	opt->dnssec_ok = edns->dnssec_ok;
	opt->udp_size = env->udp_max_payload;
	opt->nsid = edns->nsid_asked ? env->identity->nsid : (struct span){ 0 };
	opt->has_cookie = env->cookies != NULL && edns->cookie.len != 0;
	if (opt->has_cookie)
		cookie_write(env->cookies, edns->cookie.at, exchange->from->address, exchange->from->now_s, opt->cookie);
	opt->has_keepalive = edns->keepalive_asked && exchange->from->transport != RESPOND_UDP;
	opt->keepalive_ds = env->tcp_idle_ds;
	opt->has_expire = edns->expire_asked;
	opt->has_zoneversion = edns->zoneversion_asked;
	opt->has_error = false;
	opt->pad = edns->padding_asked && exchange->from->transport == RESPOND_TLS;	/* RFC 7830, 6 */
}

/* EXPIRE goes with the SOA of a zone (RFC 7314, 4), ZONEVERSION with all that comes from one (RFC 9660, 4). */
static void finish_opt(struct exchange *exchange)
{
	struct edns_reply *opt = &exchange->opt;
	const struct zone_entry *zone = exchange->zone;
	bool from_zone = zone != NULL && zone->base != NULL;

	opt->rcode = (uint16_t)exchange->answer.rcode;
	opt->has_zoneversion = opt->has_zoneversion && from_zone;
	opt->has_expire = opt->has_expire && from_zone && exchange->query.type == DNS_SOA
		&& exchange->query.name.len == zone->apex.len;
	if (opt->has_zoneversion) {
		opt->zone_labels = zone->apex.labels;
		opt->serial = zone->base->serial;
	}
	if (opt->has_expire)
		opt->expire_s = zone->base->soa_expire;
}

/* Whether a query over UDP from nobody knows whom must first show that its address is its own (RFC 7873, 5.2.3). */
static bool lacks_cookie(const struct exchange *exchange, bool valid)
{
	return exchange->from->require_cookie && exchange->from->transport == RESPOND_UDP && !valid
		&& exchange->env->cookies != NULL;
}

/* What can be said before any zone is asked. False: one must be. */
static bool answer_early(struct exchange *exchange, enum query_status status, bool cookie_valid)
{
	const struct query *query = &exchange->query;

	if (query->opcode == DNS_OPCODE_NOTIFY)
		answer_without_zone(exchange, RESPOND_REFUSED, DNS_EDE_PROHIBITED, "no primary of ours");
	else if (query->opcode != DNS_OPCODE_QUERY)
		answer_without_zone(exchange, RESPOND_NOTIMP, DNS_EDE_NOT_SUPPORTED, "opcode not supported");
	else if (status == QUERY_EMPTY && query->edns.cookie.len != 0)
		answer_plainly(exchange, RESPOND_COOKIE);
	else if (status != QUERY_GOOD)
		answer_plainly(exchange, RESPOND_FORMERR);
	else if (query->tsig_owner.len != 0)
		answer_plainly(exchange, tsig_read(query->tsig_owner, query->tsig_rdata, &exchange->tsig) ? RESPOND_NOTAUTH
													  : RESPOND_FORMERR);
	else if (query->edns.present && query->edns.version != 0)
		answer_plainly(exchange, RESPOND_BADVERS);	/* RFC 6891, 6.1.3 */
	else if (query->type == DNS_AXFR || query->type == DNS_IXFR)
		answer_without_zone(exchange, RESPOND_REFUSED, DNS_EDE_PROHIBITED, "no transfers from this node");
	else if (query->type == DNS_MAILA || query->type == DNS_MAILB)
		answer_without_zone(exchange, RESPOND_NOTIMP, DNS_EDE_NOT_SUPPORTED, "obsolete type");
	else if (query->class != DNS_CLASS_IN && query->class != DNS_CLASS_CH)
		answer_without_zone(exchange, RESPOND_REFUSED, DNS_EDE_NOT_SUPPORTED, "class not supported");
	else if (lacks_cookie(exchange, cookie_valid)) {
		answer_plainly(exchange, query->edns.cookie.len != 0 ? RESPOND_BADCOOKIE : RESPOND_NODATA);
		exchange->answer.truncated = query->edns.cookie.len == 0;	/* over TCP nobody can forge it */
	} else
		return false;
	return true;
}

static void answer_chaos(struct exchange *exchange)
{
	enum respond_outcome outcome = chaos_answer(exchange->env->identity, &exchange->query,
						    exchange->from->address, &exchange->writer);

	if (outcome == RESPOND_REFUSED)
		answer_without_zone(exchange, outcome, DNS_EDE_NOT_SUPPORTED, "no such CH name");
	else
		answer_plainly(exchange, outcome);
}

/* The zone that answers a question: the closest, but DS is asked of the parent (RFC 4035, 3.1.4.1) when it is here. */
static const struct zone_entry *choose_zone(const struct zone_set *zones, const struct query *query)
{
	if (query->type == DNS_DS) {
		const struct zone_entry *parent = zone_set_find(zones, &query->name, true);

		if (parent != NULL)
			return parent;
	}
	return zone_set_find(zones, &query->name, false);
}

static void answer_from_zone(struct exchange *exchange)
{
	const struct zone_entry *zone = choose_zone(exchange->env->zones, &exchange->query);

	exchange->zone = zone;
	if (zone == NULL)
		answer_without_zone(exchange, RESPOND_REFUSED, DNS_EDE_NOT_AUTHORITATIVE, "not a zone of this node");
	else if (zone->base == NULL && zone->aged)
		answer_without_zone(exchange, RESPOND_SERVFAIL, DNS_EDE_INVALID_DATA, "too long without word from the primary");
	else if (zone->base == NULL)
		answer_without_zone(exchange, RESPOND_SERVFAIL, DNS_EDE_NOT_READY, "the zone is not loaded");
	else
		answer_query(zone, &exchange->query, &exchange->writer, &exchange->answer);
}

static void write_header(const struct exchange *exchange, unsigned additional)
{
	const struct query *query = &exchange->query;
	const struct writer *writer = &exchange->writer;
	uint8_t *out = writer->message;
	unsigned flags = DNS_QR | (query->flags & (DNS_OPCODE | DNS_RD)) | (exchange->answer.rcode & DNS_RCODE);

	/* Not copied: CD, which says nothing here (RFC 4035, 3.1.6), AD and the flags that only answers have. */
	if (exchange->answer.authoritative)
		flags |= DNS_AA;
	if (exchange->answer.truncated)
		flags |= DNS_TC;
	dns_put_u16(out, query->id);
	dns_put_u16(out + 2, (uint16_t)flags);
	dns_put_u16(out + 4, query->has_question);
	dns_put_u16(out + 6, writer->counts[WRITER_ANSWER]);
	dns_put_u16(out + 8, writer->counts[WRITER_AUTHORITY]);
	dns_put_u16(out + 10, (uint16_t)(writer->counts[WRITER_ADDITIONAL] + additional));
}

/* OPT, then TSIG, which is last (RFC 8945, 5.1). Gives the length of the whole message. */
static size_t write_tail(struct exchange *exchange, size_t limit)
{
	uint8_t *out = exchange->writer.message;
	size_t len = exchange->writer.len;
	bool signed_with_unknown_key = exchange->answer.outcome == RESPOND_NOTAUTH;

	write_header(exchange, exchange->query.edns.present + signed_with_unknown_key);
	if (exchange->query.edns.present) {
		finish_opt(exchange);
		len += edns_write(&exchange->opt, out + len, len, limit);
	}
	if (signed_with_unknown_key)
		len += tsig_write_badkey(&exchange->tsig, out + len);
	return len;
}

static void describe(const struct exchange *exchange, bool cookie_valid, struct respond_result *ret_result)
{
	const struct query *query = &exchange->query;

	ret_result->outcome = exchange->answer.outcome;
	ret_result->rcode = (uint16_t)exchange->answer.rcode;
	ret_result->type = query->has_question ? query->type : 0;
	ret_result->edns = query->edns.present;
	ret_result->dnssec_ok = query->edns.dnssec_ok;
	ret_result->nsid = query->edns.present && exchange->opt.nsid.len != 0;
	ret_result->truncated = exchange->answer.truncated;
	ret_result->cookie = query->edns.cookie.len != 0;
	ret_result->cookie_valid = cookie_valid;
	ret_result->zone = exchange->zone;
	ret_result->like = exchange->answer.like;
	ret_result->records_end = (uint16_t)exchange->writer.len;
}

void respond(const struct respond_env *env, const struct respond_from *from, struct span packet, uint8_t *out,
	     struct respond_result *ret_result)
{
	struct exchange exchange;	/* not zeroed: it is large, and each part is set before it is read */
	enum query_status status = query_read(packet, &exchange.query);

	*ret_result = (struct respond_result){ .outcome = RESPOND_SILENT };
	if (status == QUERY_SILENT)
		return;
	exchange.env = env;
	exchange.from = from;
	exchange.zone = NULL;
	exchange.answer = (struct answer){ 0 };

	size_t limit = size_limit(env, from->transport, &exchange.query.edns), kept = 0;
	bool cookie_valid = false;
	if (exchange.query.edns.present) {
		cookie_valid = has_valid_cookie(&exchange);
		prepare_opt(&exchange);
		kept = edns_bytes(&exchange.opt);
	}
	writer_init(&exchange.writer, out, limit - kept);
	if (exchange.query.has_question)
		writer_question(&exchange.writer, exchange.query.question);
	size_t question_end = exchange.writer.len;
	ret_result->records_at = (uint16_t)question_end;

	if (answer_early(&exchange, status, cookie_valid))
		;
	else if (exchange.query.class == DNS_CLASS_CH)
		answer_chaos(&exchange);
	else
		answer_from_zone(&exchange);

	/* RFC 2181, 9: a truncated response says nothing but that it is; the client asks again over TCP. */
	if (exchange.answer.truncated)
		writer_clear(&exchange.writer, question_end);
	ret_result->len = write_tail(&exchange, limit);
	describe(&exchange, cookie_valid, ret_result);
}

size_t respond_truncate(uint8_t *out, const struct respond_result *result)
{
	size_t tail = result->len - result->records_end;

	memmove(out + result->records_at, out + result->records_end, tail);
	dns_put_u16(out + 2, dns_get_u16(out + 2) | DNS_TC);
	dns_put_u32(out + 6, 0);
	dns_put_u16(out + 10, result->edns);
	return result->records_at + tail;
}
