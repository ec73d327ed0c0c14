/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/rdata.h"

#include <stdbool.h>
#include <string.h>

#include "zone/name.h"

/* IANA's registry of RR types, as far as their RDATA is defined. */
static const char *const fields_of[] = {
	[DNS_A] = "A", [DNS_NS] = "n", [DNS_MD] = "n", [DNS_MF] = "n", [DNS_CNAME] = "n", [DNS_SOA] = "nn4pppp",
	[DNS_MB] = "n", [DNS_MG] = "n", [DNS_MR] = "n", [DNS_NULL] = "r", [11] = "Ar" /* WKS */, [DNS_PTR] = "n",
	[DNS_HINFO] = "ss", [DNS_MINFO] = "nn", [DNS_MX] = "2n", [DNS_TXT] = "S", [17] = "nn" /* RP */,
	[18] = "2n" /* AFSDB */, [19] = "s" /* X25 */, [20] = "so" /* ISDN */, [21] = "2n" /* RT */,
	[22] = "h" /* NSAP */, [23] = "N" /* NSAP-PTR */, [DNS_SIG] = "yd14ee2nb", [DNS_KEY] = "21db",
	[26] = "2nn" /* PX */, [27] = "sss" /* GPOS */, [DNS_AAAA] = "Q", [29] = "l" /* LOC */, [DNS_NXT] = "nr",
	[DNS_SRV] = "222n", [35] = "22sssn" /* NAPTR */, [36] = "2n" /* KX */, [37] = "c2db" /* CERT */,
	[DNS_DNAME] = "n", [42] = "k" /* APL */, [DNS_DS] = "2d1h", [44] = "11h" /* SSHFP */,
	[45] = "g" /* IPSECKEY */,
	[DNS_RRSIG] = "yd14ee2nb", [DNS_NSEC] = "Nm", [DNS_DNSKEY] = "21db", [49] = "b" /* DHCID */,
	[DNS_NSEC3] = "112iHm", [DNS_NSEC3PARAM] = "112i", [52] = "111h" /* TLSA */, [53] = "111h" /* SMIMEA */,
	[55] = "P" /* HIP */, [56] = "S" /* NINFO */, [58] = "NN" /* TALINK */, [DNS_CDS] = "2d1h",
	[DNS_CDNSKEY] = "21db", [61] = "b" /* OPENPGPKEY */, [62] = "42m" /* CSYNC */, [DNS_ZONEMD] = "411h",
	[DNS_SVCB] = "2Nv", [DNS_HTTPS] = "2Nv", [66] = "y12N" /* DSYNC */, [99] = "S" /* SPF */,
	[104] = "28" /* NID */,
	[105] = "2A" /* L32 */, [106] = "28" /* L64 */, [107] = "2N" /* LP */, [108] = "M" /* EUI48 */,
	[109] = "8" /* EUI64 */,
};

const char *zone_rdata_fields(uint16_t type)
{
	if (type < sizeof fields_of / sizeof fields_of[0])
		return fields_of[type];
	switch (type) {
	case 256: return "22r";			/* URI */
	case 257: return "1sr";			/* CAA */
	case 258: case 261: case 262: return "S";	/* AVC, RESINFO, WALLET */
	case 32768: case 32769: return "2d1h";	/* TA, DLV */
	default: return NULL;
	}
}

/* Steps over one name as it is. */
static bool skip_name(struct reader *reader)
{
	size_t len = 0;

	for (;;) {
		uint8_t label = reader_u8(reader);

		len += 1 + (size_t)label;
		if (reader->bad || label > DNS_LABEL_MAX || len > DNS_NAME_MAX)
			return false;
		if (label == 0)
			return true;
		reader_take(reader, label);
	}
}

static bool skip_string(struct reader *reader)
{
	reader_take(reader, reader_u8(reader));
	return !reader->bad;
}

/* Windows in ascending order, none empty, no trailing zero byte (RFC 4034, 4.1.2). Type 0 does not exist: it is what
 * ldns makes of a word that is no type. */
static const char *bitmap_fault(struct reader *reader)
{
	int previous = -1;

	while (reader_left(reader) > 0) {
		int window = reader_u8(reader);
		uint8_t len = reader_u8(reader);
		struct span bits = reader_take(reader, len);

		if (reader->bad || len == 0 || len > 32 || window <= previous || bits.at[len - 1] == 0)
			return "the type bitmap is not well formed";
		if (window == 0 && bits.at[0] & 0x80)
			return "the type bitmap names a type that does not exist";
		previous = window;
	}
	return NULL;
}

static bool alpn_is_good(struct reader value)
{
	if (reader_left(&value) == 0)
		return false;
	while (reader_left(&value) > 0) {
		uint8_t len = reader_u8(&value);

		if (len == 0 || reader_take(&value, len).len == 0)
			return false;
	}
	return true;
}

/* SvcParams (RFC 9460, 2.2): keys ascending, values of the first keys of their form. */
static const char *parameters_fault(struct reader *reader)
{
	int previous = -1;

	while (reader_left(reader) > 0) {
		int key = reader_u16(reader);
		struct span value = reader_take(reader, reader_u16(reader));
		bool good = true;

		if (reader->bad)
			return "the service parameters are cut short";
		if (key <= previous)
			return "a service parameter is given twice or out of order";
		switch (key) {
		case 0: good = value.len != 0 && value.len % 2 == 0; break;	/* mandatory */
		case 1: good = alpn_is_good(reader_of(value.at, value.len)); break;
		case 2: good = value.len == 0; break;				/* no-default-alpn */
		case 3: good = value.len == 2; break;				/* port */
		case 4: good = value.len != 0 && value.len % 4 == 0; break;	/* ipv4hint */
		case 6: good = value.len != 0 && value.len % 16 == 0; break;	/* ipv6hint */
		default: break;
		}
		if (!good)
			return "the value of a service parameter is not of its form";
		previous = key;
	}
	return NULL;
}

/* RFC 3123, 4. */
static const char *prefixes_fault(struct reader *reader)
{
	while (reader_left(reader) > 0) {
		uint16_t family = reader_u16(reader);
		uint8_t prefix = reader_u8(reader);
		uint8_t len = reader_u8(reader) & 0x7f;

		reader_take(reader, len);
		if (reader->bad || (family == 1 && (prefix > 32 || len > 4))
		    || (family == 2 && (prefix > 128 || len > 16)))
			return "an address prefix is not well formed";
	}
	return NULL;
}

/* RFC 4025, 2.1. */
static const char *gateway_fault(struct reader *reader)
{
	reader_u8(reader);
	uint8_t kind = reader_u8(reader);
	reader_u8(reader);

	if (kind == 1 || kind == 2)
		reader_take(reader, kind == 1 ? 4 : 16);
	else if (kind > 3 || (kind == 3 && !skip_name(reader)))
		reader->bad = true;
	if (reader->bad)
		return "the gateway is not well formed";
	reader_take(reader, reader_left(reader));
	return NULL;
}

/* RFC 8005, 5. */
static const char *hip_fault(struct reader *reader)
{
	uint8_t tag_len = reader_u8(reader);
	reader_u8(reader);
	uint16_t key_len = reader_u16(reader);

	reader_take(reader, tag_len);
	reader_take(reader, key_len);
	if (reader->bad || tag_len == 0 || key_len == 0)
		return "the host identity is not well formed";
	while (reader_left(reader) > 0) {
		if (!skip_name(reader))
			return "a name in it is not well formed";
	}
	return NULL;
}

static const char *strings_fault(struct reader *reader)
{
	if (reader_left(reader) == 0)
		return "there is no character-string in it";
	while (reader_left(reader) > 0) {
		if (!skip_string(reader))
			return "a character-string is cut short";
	}
	return NULL;
}

/* RFC 1876, 2: thousandths of a second of arc from 2^31, which is the equator and the prime meridian. Other versions
 * than 0 are not defined. */
static const char *location_fault(struct reader *reader)
{
	enum { ARC_DEGREE = 3600 * 1000 };
	uint32_t version = reader_u8(reader);

	reader_take(reader, 3);
	int64_t latitude = (int64_t)reader_u32(reader) - ((int64_t)1 << 31);
	int64_t longitude = (int64_t)reader_u32(reader) - ((int64_t)1 << 31);
	reader_u32(reader);
	if (reader->bad || version != 0)
		return "the location is not well formed";
	if (latitude < -90 * ARC_DEGREE || latitude > 90 * ARC_DEGREE || longitude < -180 * ARC_DEGREE
	    || longitude > 180 * ARC_DEGREE)
		return "the location is beyond 90 degrees of latitude or 180 of longitude";
	return NULL;
}

static void skip_fixed(struct reader *reader, char field)
{
	switch (field) {
	case '1': case 'd': reader_take(reader, 1); break;
	case '2': case 'y': case 'c': reader_take(reader, 2); break;
	case '4': case 'p': case 'e': case 'A': reader_take(reader, 4); break;
	case 'M': reader_take(reader, 6); break;
	case '8': reader_take(reader, 8); break;
	case 'Q': reader_take(reader, 16); break;
	default: reader_take(reader, reader_left(reader)); break;	/* r, b */
	}
}

static const char *field_fault(struct reader *reader, char field)
{
	switch (field) {
	case 'n': case 'N':
		return skip_name(reader) ? NULL : "a name in it is not well formed";
	case 's': case 'i':
		return skip_string(reader) ? NULL : "a character-string is cut short";
	case 'o':
		return reader_left(reader) == 0 || skip_string(reader) ? NULL : "a character-string is cut short";
	case 'S': return strings_fault(reader);
	case 'H':
		if (reader_left(reader) == 0 || *reader->at == 0 || !skip_string(reader))
			return "the hashed owner is not well formed";
		return NULL;
	case 'h':
		if (reader_left(reader) == 0)
			return "it ends too early";
		skip_fixed(reader, field);
		return NULL;
	case 'm': return bitmap_fault(reader);
	case 'v': return parameters_fault(reader);
	case 'k': return prefixes_fault(reader);
	case 'l': return location_fault(reader);
	case 'g': return gateway_fault(reader);
	case 'P': return hip_fault(reader);
	default:
		skip_fixed(reader, field);
		return NULL;
	}
}

const char *zone_rdata_fault(uint16_t type, struct span rdata)
{
	const char *fields = zone_rdata_fields(type);
	struct reader reader = reader_of(rdata.at, rdata.len);

	if (type == DNS_A && rdata.len != 4)
		return "the address is not 4 bytes long";
	if (type == DNS_AAAA && rdata.len != 16)
		return "the address is not 16 bytes long";
	if (fields == NULL)
		return NULL;
	for (; *fields != '\0'; fields++) {
		const char *fault = field_fault(&reader, *fields);

		if (fault != NULL)
			return fault;
		if (reader.bad)
			return "it ends too early";
	}
	if (reader_left(&reader) != 0)
		return "there is something behind its last field";
	/* An RRSIG that covers nothing, or another RRSIG, could not be filed beside what it covers. */
	if (type == DNS_RRSIG && (dns_type_is_meta(dns_get_u16(rdata.at)) || dns_get_u16(rdata.at) == DNS_RRSIG))
		return "it covers a type that has no records";
	return NULL;
}

void zone_rdata_canonical(uint16_t type, struct span rdata, uint8_t *out)
{
	const char *fields = zone_rdata_fields(type);
	struct reader reader = reader_of(rdata.at, rdata.len);

	memcpy(out, rdata.at, rdata.len);
	if (fields == NULL || strchr(fields, 'n') == NULL)
		return;
	for (; *fields != '\0' && !reader.bad; fields++) {
		size_t from = (size_t)(reader.at - rdata.at);

		field_fault(&reader, *fields);
		/* Length bytes are below 'A': lower-casing the whole name leaves them as they are. */
		for (size_t i = from; *fields == 'n' && i < (size_t)(reader.at - rdata.at); i++)
			out[i] = name_lower(out[i]);
	}
}
