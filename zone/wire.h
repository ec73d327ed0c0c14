/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of the DNS wire format, in one place: sizes, codes and numbers (RFC 1035, 6891, and IANA's registries). */
#ifndef ZONE_WIRE_H
#define ZONE_WIRE_H

#include <stdint.h>

enum {
	DNS_HEADER_BYTES = 12,
	DNS_NAME_MAX = 255,		/* wire bytes, root label included (RFC 1035, 2.3.4) */
	DNS_LABEL_MAX = 63,
	DNS_LABELS_MAX = 127,		/* without the root label */
	DNS_NAME_TEXT_MAX = DNS_NAME_MAX * 4 + 2,	/* every byte as \DDD, and the end */
	DNS_MESSAGE_MAX = 65535,
	DNS_RR_FIXED_BYTES = 10,	/* TYPE CLASS TTL RDLENGTH */
	DNS_UDP_BYTES = 512,		/* without EDNS, and the floor with it (RFC 6891, 6.2.3) */
	DNS_TTL_MAX = INT32_MAX,	/* RFC 2181, 8 */
};

enum dns_flags {	/* the header's second 16 bits */
	DNS_QR = 0x8000, DNS_OPCODE = 0x7800, DNS_AA = 0x0400, DNS_TC = 0x0200, DNS_RD = 0x0100,
	DNS_RA = 0x0080, DNS_Z = 0x0040, DNS_AD = 0x0020, DNS_CD = 0x0010, DNS_RCODE = 0x000f,
};

enum dns_opcode { DNS_OPCODE_QUERY = 0, DNS_OPCODE_NOTIFY = 4, DNS_OPCODE_UPDATE = 5 };

enum dns_rcode {
	DNS_NOERROR = 0, DNS_FORMERR = 1, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_NOTIMP = 4, DNS_REFUSED = 5,
	DNS_YXDOMAIN = 6, DNS_NOTAUTH = 9, DNS_BADVERS = 16, DNS_BADCOOKIE = 23,
};

enum dns_class { DNS_CLASS_IN = 1, DNS_CLASS_CH = 3, DNS_CLASS_NONE = 254, DNS_CLASS_ANY = 255 };

enum dns_type {
	DNS_A = 1, DNS_NS = 2, DNS_MD = 3, DNS_MF = 4, DNS_CNAME = 5, DNS_SOA = 6, DNS_MB = 7, DNS_MG = 8, DNS_MR = 9,
	DNS_NULL = 10, DNS_PTR = 12, DNS_HINFO = 13, DNS_MINFO = 14, DNS_MX = 15, DNS_TXT = 16, DNS_SIG = 24,
	DNS_KEY = 25, DNS_AAAA = 28, DNS_NXT = 30, DNS_SRV = 33, DNS_DNAME = 39, DNS_OPT = 41, DNS_DS = 43,
	DNS_RRSIG = 46, DNS_NSEC = 47, DNS_DNSKEY = 48, DNS_NSEC3 = 50, DNS_NSEC3PARAM = 51, DNS_CDS = 59,
	DNS_CDNSKEY = 60, DNS_ZONEMD = 63, DNS_SVCB = 64, DNS_HTTPS = 65,
	DNS_TKEY = 249, DNS_TSIG = 250, DNS_IXFR = 251, DNS_AXFR = 252, DNS_MAILB = 253, DNS_MAILA = 254, DNS_ANY = 255,
	DNS_CAA = 257,
};

/* Types 128 to 255 are questions and pseudo records, never zone data (RFC 6895, 3.1); OPT is the one below. */
static inline int dns_type_is_meta(uint16_t type)
{
	return type == 0 || type == DNS_OPT || (type >= 128 && type <= 255);
}

enum dns_option {	/* EDNS option codes */
	DNS_OPTION_NSID = 3, DNS_OPTION_EXPIRE = 9, DNS_OPTION_COOKIE = 10, DNS_OPTION_KEEPALIVE = 11,
	DNS_OPTION_PADDING = 12, DNS_OPTION_EDE = 15, DNS_OPTION_ZONEVERSION = 19,
};

enum dns_ede {		/* extended errors (RFC 8914, 4) */
	DNS_EDE_NOT_READY = 14, DNS_EDE_PROHIBITED = 18, DNS_EDE_NOT_AUTHORITATIVE = 20, DNS_EDE_NOT_SUPPORTED = 21,
	DNS_EDE_INVALID_DATA = 24,
};
enum { DNS_EDNS_DO = 0x8000 };

/* RRSIG times are 32 bits that wrap: the one nearest to now is meant (RFC 4034, 3.1.5; RFC 1982). */
static inline int64_t dns_rrsig_time(uint32_t rrsig, int64_t now_s)
{
	return now_s + (int32_t)(rrsig - (uint32_t)now_s);
}

static inline void dns_put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void dns_put_u32(uint8_t *at, uint32_t value)
{
	dns_put_u16(at, (uint16_t)(value >> 16));
	dns_put_u16(at + 2, (uint16_t)value);
}

static inline uint16_t dns_get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t dns_get_u32(const uint8_t *at)
{
	return (uint32_t)dns_get_u16(at) << 16 | dns_get_u16(at + 2);
}

#endif
