/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/edns.h"

#include "zone/wire.h"

/* A client cookie alone, or with a server cookie of 8 to 32 bytes (RFC 7873, 5.2.2). */
static bool cookie_length_is_good(size_t len)
{
	return len == 8 || (len >= 16 && len <= 40);
}

/* One option of a query. False: malformed. */
static bool read_option(struct edns *edns, uint16_t code, struct span data)
{
	switch (code) {
	case DNS_OPTION_NSID:
		edns->nsid_asked = true;	/* what a query puts into it has no meaning (RFC 5001, 2.1) */
		return true;
	case DNS_OPTION_COOKIE:
		/* The first counts (RFC 7873, 5.2). */
		if (edns->cookie.len == 0)
			edns->cookie = data;
		return cookie_length_is_good(data.len);
	case DNS_OPTION_KEEPALIVE:
		edns->keepalive_asked = true;	/* what it holds, and over UDP all of it, is ignored (RFC 7828, 3.2) */
		return true;
	case DNS_OPTION_PADDING:
		edns->padding_asked = true;
		return true;
	case DNS_OPTION_EXPIRE:
		edns->expire_asked = true;
		return data.len == 0 || data.len == 4;	/* RFC 7314, 3 */
	case DNS_OPTION_ZONEVERSION:
		edns->zoneversion_asked = true;
		return data.len == 0;	/* RFC 9660, 3.1 */
	default:
		return true;
	}
}

bool edns_read(const uint8_t *fixed, struct span rdata, struct edns *ret_edns)
{
	struct edns edns = {
		.present = true,
		.udp_size = dns_get_u16(fixed + 2),
		.version = fixed[5],
		.dnssec_ok = fixed[6] & 0x80,
	};
	struct reader reader = reader_of(rdata.at, rdata.len);

	while (reader_left(&reader) > 0) {
		uint16_t code = reader_u16(&reader);
		struct span data = reader_take(&reader, reader_u16(&reader));

		if (reader.bad || !read_option(&edns, code, data)) {
			edns.cookie.len = 0;
			*ret_edns = edns;
			/* What a later version means by it is not ours to judge: it gets BADVERS. */
			return edns.version != 0;
		}
	}
	*ret_edns = edns;
	return true;
}

static size_t option_bytes(bool sent, size_t len)
{
	return sent ? EDNS_OPTION_BYTES + len : 0;
}

size_t edns_bytes(const struct edns_reply *reply)
{
	return EDNS_OPT_BYTES + option_bytes(reply->nsid.len != 0, reply->nsid.len)
		+ option_bytes(reply->has_cookie, COOKIE_BYTES) + option_bytes(reply->has_keepalive, 2)
		+ option_bytes(reply->has_expire, 4) + option_bytes(reply->has_zoneversion, 6)
		+ option_bytes(reply->has_error, 2 + (reply->has_error ? strlen(reply->error_text) : 0));
}

static uint8_t *put_option(uint8_t *at, uint16_t code, const void *data, size_t len)
{
	dns_put_u16(at, code);
	dns_put_u16(at + 2, (uint16_t)len);
	if (data != NULL)
		memcpy(at + EDNS_OPTION_BYTES, data, len);
	return at + EDNS_OPTION_BYTES + len;
}

static uint8_t *put_numbers(const struct edns_reply *reply, uint8_t *at)
{
	uint8_t data[6];

	if (reply->has_keepalive) {
		dns_put_u16(data, reply->keepalive_ds);
		at = put_option(at, DNS_OPTION_KEEPALIVE, data, 2);
	}
	if (reply->has_expire) {
		dns_put_u32(data, reply->expire_s);
		at = put_option(at, DNS_OPTION_EXPIRE, data, 4);
	}
	if (reply->has_zoneversion) {
		data[0] = reply->zone_labels;
		data[1] = 0;	/* TYPE SOA-SERIAL (RFC 9660, 3.2) */
		dns_put_u32(data + 2, reply->serial);
		at = put_option(at, DNS_OPTION_ZONEVERSION, data, 6);
	}
	return at;
}

static uint8_t *put_error(const struct edns_reply *reply, uint8_t *at)
{
	size_t len = strlen(reply->error_text);

	at = put_option(at, DNS_OPTION_EDE, NULL, 2 + len);
	dns_put_u16(at - len - 2, reply->error);
	memcpy(at - len, reply->error_text, len);
	return at;
}

static uint8_t *put_padding(uint8_t *at, size_t message_len, size_t limit)
{
	size_t with = message_len + EDNS_OPTION_BYTES;
	size_t padded = (with + EDNS_PADDING_BLOCK - 1) / EDNS_PADDING_BLOCK * EDNS_PADDING_BLOCK;

	if (padded > limit)
		padded = limit;
	if (with > padded)
		return at;
	memset(at + EDNS_OPTION_BYTES, 0, padded - with);
	return put_option(at, DNS_OPTION_PADDING, NULL, padded - with);
}

size_t edns_write(const struct edns_reply *reply, uint8_t *out, size_t message_len, size_t limit)
{
	uint8_t *at = out + EDNS_OPT_BYTES;

	if (reply->nsid.len != 0)
		at = put_option(at, DNS_OPTION_NSID, reply->nsid.at, reply->nsid.len);
	if (reply->has_cookie)
		at = put_option(at, DNS_OPTION_COOKIE, reply->cookie, COOKIE_BYTES);
	at = put_numbers(reply, at);
	if (reply->has_error)
		at = put_error(reply, at);
	if (reply->pad)
		at = put_padding(at, message_len + (size_t)(at - out), limit);

	out[0] = 0;
	dns_put_u16(out + 1, DNS_OPT);
	dns_put_u16(out + 3, reply->udp_size);
	out[5] = (uint8_t)(reply->rcode >> 4);
	out[6] = 0;	/* version: the highest we speak (6.1.3) */
	dns_put_u16(out + 7, reply->dnssec_ok ? DNS_EDNS_DO : 0);
	dns_put_u16(out + 9, (uint16_t)(at - out - EDNS_OPT_BYTES));
	return (size_t)(at - out);
}
