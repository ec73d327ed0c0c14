/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door to ldns. Addresses and lone names go to its parser of that one field (65 ns against 1,100 ns for a whole
 * record, and most records of large zones are such), all else to ldns_rr_new_frm_str() as a record at the root;
 * zone/words catches first what ldns would take silently. What ldns prints is read back: what would not come back the
 * same, or is no known type, is printed as RFC 3597 says.
 */
#include "zone/text.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/base/mem.h"
#include "zone/rdata.h"
#include "zone/text_rdata.h"
#include "zone/words.h"

enum {
	LDNS_TEXT_MAX = 65000,	/* it keeps a record's text in buffers of 65535 bytes */
	TYPE_URI = 256, TYPE_CAA = 257,	/* whose last field it takes in quotes only */
	TYPE_WKS = 11, TYPE_IPSECKEY = 45,
};

/* Looked at before ldns' list of all types, which takes 0.5 µs to walk. */
static const struct {
	const char *name;
	uint16_t type;
} common_types[] = {
	{ "A", DNS_A }, { "NS", DNS_NS }, { "AAAA", DNS_AAAA }, { "DS", DNS_DS }, { "RRSIG", DNS_RRSIG },
	{ "NSEC3", DNS_NSEC3 }, { "NSEC", DNS_NSEC }, { "CNAME", DNS_CNAME }, { "TXT", DNS_TXT }, { "MX", DNS_MX },
	{ "PTR", DNS_PTR }, { "SRV", DNS_SRV }, { "SOA", DNS_SOA },
};

/* Registered after ldns 1.8, or left out of it, or without RDATA and so without a name there. */
static const struct {
	const char *name;
	uint16_t type;
} other_types[] = {
	{ "IXFR", DNS_IXFR }, { "AXFR", DNS_AXFR }, { "ANY", DNS_ANY },
	{ "DSYNC", 66 }, { "HHIT", 67 }, { "BRID", 68 }, { "NXNAME", 128 }, { "AVC", 258 }, { "DOA", 259 },
	{ "AMTRELAY", 260 }, { "RESINFO", 261 }, { "WALLET", 262 }, { "CLA", 263 }, { "IPN", 264 }, { "TA", 32768 },
};

/* WKS is left out: obsolete (RFC 1123, 5.2.12), and ldns forgets memory whenever it refuses one. */
static bool ldns_knows(uint16_t type)
{
	return type != TYPE_WKS && ldns_rr_descript(type)->_name != NULL && ldns_rr_descript(type)->_type == type;
}

/* A type of the same form that ldns knows, or 0. */
static uint16_t ldns_type(uint16_t type)
{
	static const uint16_t models[] = { DNS_TXT, DNS_DS };
	const char *fields = zone_rdata_fields(type);

	if (ldns_knows(type))
		return type;
	for (size_t i = 0; fields != NULL && i < sizeof models / sizeof models[0]; i++) {
		if (strcmp(fields, zone_rdata_fields(models[i])) == 0)
			return models[i];
	}
	return 0;
}

const char *zone_text_type(uint16_t type, char *buf)
{
	for (size_t i = 0; i < sizeof common_types / sizeof common_types[0]; i++) {
		if (common_types[i].type == type) {
			snprintf(buf, ZONE_TEXT_TYPE_MAX, "%s", common_types[i].name);
			return buf;
		}
	}

	for (size_t i = 0; i < sizeof other_types / sizeof other_types[0]; i++) {
		if (other_types[i].type == type) {
			snprintf(buf, ZONE_TEXT_TYPE_MAX, "%s", other_types[i].name);
			return buf;
		}
	}
	if (ldns_rr_descript(type)->_name != NULL && ldns_rr_descript(type)->_type == type)
		snprintf(buf, ZONE_TEXT_TYPE_MAX, "%s", ldns_rr_descript(type)->_name);
	else
		snprintf(buf, ZONE_TEXT_TYPE_MAX, "TYPE%u", type);
	return buf;
}

int zone_text_type_parse(const char *text, uint16_t *ret_type)
{
	uint32_t number;

	for (size_t i = 0; i < sizeof common_types / sizeof common_types[0]; i++) {
		if (strcasecmp(text, common_types[i].name) == 0) {
			*ret_type = common_types[i].type;
			return 0;
		}
	}
	if (strncasecmp(text, "TYPE", 4) == 0) {
		if (!zone_words_number(text + 4, UINT16_MAX, &number))
			return ERR_SYNTAX;
		*ret_type = (uint16_t)number;
		return 0;
	}
	for (size_t i = 0; i < sizeof other_types / sizeof other_types[0]; i++) {
		if (strcasecmp(text, other_types[i].name) == 0) {
			*ret_type = other_types[i].type;
			return 0;
		}
	}
	number = (uint32_t)ldns_get_rr_type_by_name(text);
	if (number == 0)
		return ERR_SYNTAX;
	*ret_type = (uint16_t)number;
	return 0;
}

const char *zone_text_class(uint16_t class, char *buf)
{
	switch (class) {
	case DNS_CLASS_IN: return strcpy(buf, "IN");
	case DNS_CLASS_CH: return strcpy(buf, "CH");
	case 4: return strcpy(buf, "HS");
	case DNS_CLASS_NONE: return strcpy(buf, "NONE");
	case DNS_CLASS_ANY: return strcpy(buf, "ANY");
	default: break;
	}
	snprintf(buf, ZONE_TEXT_TYPE_MAX, "CLASS%u", class);
	return buf;
}

static const char *status_text(ldns_status status)
{
	switch (status) {
	case LDNS_STATUS_SYNTAX_RDATA_ERR: return "a field is not what this type takes";
	case LDNS_STATUS_SYNTAX_MISSING_VALUE_ERR: return "a field is missing";
	case LDNS_STATUS_SYNTAX_SUPERFLUOUS_TEXT_ERR: return "there is text behind the last field";
	case LDNS_STATUS_LABEL_OVERFLOW: return "a label is longer than 63 bytes";
	case LDNS_STATUS_DOMAINNAME_OVERFLOW: return "a name is longer than 255 bytes";
	case LDNS_STATUS_EMPTY_LABEL: return "a name has an empty label";
	default: return ldns_get_errorstr_by_id(status);
	}
}

const char *zone_text_name(const char *word, bool quoted, struct span origin, uint8_t *out, size_t *ret_len)
{
	ldns_rdf *rdf = NULL;

	if (quoted)
		return "a name cannot be quoted";
	if (strcmp(word, "@") == 0) {
		memcpy(out, origin.at, origin.len);
		*ret_len = origin.len;
		return NULL;
	}
	ldns_status status = ldns_str2rdf_dname(&rdf, word);
	if (status != LDNS_STATUS_OK)
		return status_text(status);

	const char *wrong = NULL;
	size_t len = ldns_rdf_size(rdf);
	size_t tail = word[strlen(word) - 1] == '.' ? 1 : origin.len;	/* in place of the root label */
	if (len - 1 + tail > DNS_NAME_MAX) {
		wrong = "with the origin behind it, the name is longer than 255 bytes";
	} else {
		memcpy(out, ldns_rdf_data(rdf), len);
		if (tail != 1)
			memcpy(out + len - 1, origin.at, tail);
		*ret_len = len - 1 + tail;
	}
	ldns_rdf_deep_free(rdf);
	return wrong;
}

static int hex_digit(int byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* RFC 3597, 5: \# LENGTH HEX..., for known types too. */
static const char *read_generic(struct zone_lines *lines, unsigned first, uint8_t *out, size_t *ret_len)
{
	static const char wrong[] = "expected \\# LENGTH and as many bytes in hexadecimal";
	uint32_t length;
	size_t digits = 0;

	if (lines->words < first + 2
	    || !zone_words_number(zone_lines_word(lines, first + 1), ZONE_TEXT_RDATA_MAX, &length))
		return wrong;
	const char *at = lines->words > first + 2 ? zone_lines_join(lines, first + 2) : "";
	for (; *at != '\0'; at++) {
		int digit = hex_digit(*at);

		if (*at == ' ')
			continue;
		if (digit < 0 || digits / 2 >= length)
			return wrong;
		uint8_t high = digits % 2 ? out[digits / 2] : 0;
		out[digits / 2] = (uint8_t)(high << 4 | digit);
		digits++;
	}
	if (digits != (size_t)length * 2)
		return wrong;
	*ret_len = length;
	return NULL;
}

static const char *read_address(const char *word, char field, uint8_t *out, size_t *ret_len)
{
	ldns_rdf *rdf = NULL;
	ldns_status status = field == 'A' ? ldns_str2rdf_a(&rdf, word) : ldns_str2rdf_aaaa(&rdf, word);

	if (status != LDNS_STATUS_OK)
		return field == 'A' ? "expected an IPv4 address" : "expected an IPv6 address";
	*ret_len = ldns_rdf_size(rdf);
	memcpy(out, ldns_rdf_data(rdf), *ret_len);
	ldns_rdf_deep_free(rdf);
	return NULL;
}

/* IPSECKEY (RFC 4025, 3.1): PRECEDENCE KIND ALGORITHM GATEWAY KEY. Field by field: as a record, ldns takes a relative
 * gateway as absolute and forgets memory when it refuses one. */
static const char *read_gateway(struct zone_lines *lines, unsigned first, struct span origin, uint8_t *out,
				size_t *ret_len)
{
	uint32_t numbers[3];
	ldns_rdf *key = NULL;
	size_t gateway_len = 0;
	const char *wrong = NULL;

	if (lines->words < first + 4)
		return "a field is missing";
	for (unsigned i = 0; i < 3; i++) {
		if (!zone_words_number(zone_lines_word(lines, first + i), UINT8_MAX, &numbers[i]))
			return "expected a number up to 255";
		out[i] = (uint8_t)numbers[i];
	}

	const char *gateway = zone_lines_word(lines, first + 3);
	switch (numbers[1]) {
	case 0: wrong = strcmp(gateway, ".") == 0 ? NULL : "a gateway of kind 0 is written as a dot"; break;
	case 1: wrong = read_address(gateway, 'A', out + 3, &gateway_len); break;
	case 2: wrong = read_address(gateway, 'Q', out + 3, &gateway_len); break;
	case 3:
		wrong = zone_text_name(gateway, lines->word[first + 3].quoted, origin, out + 3, &gateway_len);
		break;
	default: wrong = "a gateway is of kind 0 to 3"; break;
	}
	*ret_len = 3 + gateway_len;
	if (wrong != NULL || lines->words == first + 4)
		return wrong;
	if (ldns_str2rdf_b64(&key, zone_lines_join(lines, first + 4)) != LDNS_STATUS_OK)
		return "the key is not base64";
	if (*ret_len + ldns_rdf_size(key) > ZONE_TEXT_RDATA_MAX)
		wrong = "the RDATA is longer than 65535 bytes";
	else
		memcpy(out + *ret_len, ldns_rdf_data(key), ldns_rdf_size(key));
	*ret_len += ldns_rdf_size(key);
	ldns_rdf_deep_free(key);
	return wrong;
}

static const char *take_fields(const ldns_rr *rr, uint8_t *out, size_t *ret_len)
{
	size_t len = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		size_t size = ldns_rdf_size(rdf);

		if (len + size > ZONE_TEXT_RDATA_MAX)
			return "the RDATA is longer than 65535 bytes";
		if (size != 0)
			memcpy(out + len, ldns_rdf_data(rdf), size);
		len += size;
	}
	*ret_len = len;
	return NULL;
}

static const char *read_by_ldns(uint16_t type, const char *words, struct span origin, uint8_t *out, size_t *ret_len)
{
	ldns_rr *rr = NULL;

	if (ldns_type(type) == 0)
		return "this type can only be written as \\# LENGTH HEX (RFC 3597)";
	if (strlen(words) > LDNS_TEXT_MAX)
		return "the text is too long; the RDATA can be written as \\# LENGTH HEX (RFC 3597)";

	char small[1024];
	size_t room = strlen(words) + 32;
	char *text = room <= sizeof small ? small : mem_array(room, 1);
	snprintf(text, room, ". 0 IN TYPE%u %s", ldns_type(type), words);

	ldns_rdf *base = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, origin.len, origin.at);
	ldns_status status = ldns_rr_new_frm_str(&rr, text, 0, base, NULL);
	const char *wrong = status == LDNS_STATUS_OK ? take_fields(rr, out, ret_len) : status_text(status);
	ldns_rdf_deep_free(base);
	ldns_rr_free(rr);
	if (text != small)
		mem_free(text);
	return wrong;
}

const char *zone_text_read_rdata(uint16_t type, struct zone_lines *lines, unsigned first, struct span origin,
				 uint8_t *out, size_t *ret_len)
{
	const char *fields = zone_rdata_fields(type);

	if (lines->words <= first)
		return read_by_ldns(type, "", origin, out, ret_len);

	const char *word = zone_lines_word(lines, first);
	bool quoted = lines->word[first].quoted;
	if (!quoted && strcmp(word, "\\#") == 0)
		return read_generic(lines, first, out, ret_len);
	if (fields != NULL && fields[1] == '\0' && strchr("AQnN", fields[0]) != NULL) {
		if (lines->words != first + 1)
			return "there is text behind its only field";
		if (fields[0] == 'A' || fields[0] == 'Q')
			return read_address(word, fields[0], out, ret_len);
		return zone_text_name(word, quoted, origin, out, ret_len);
	}
	if (type == TYPE_IPSECKEY)
		return read_gateway(lines, first, origin, out, ret_len);
	const char *wrong = zone_words_fault(lines, first, fields);
	if (wrong == NULL && (type == TYPE_URI || type == TYPE_CAA))
		zone_lines_quote(lines, first + 2);
	return wrong != NULL ? wrong : read_by_ldns(type, zone_lines_join(lines, first), origin, out, ret_len);
}

static char *print_generic(const uint8_t *rdata, size_t len)
{
	char *text = mem_array(len * 2 + 16, 1);
	char *at = text + sprintf(text, "\\# %zu%s", len, len ? " " : "");

	for (size_t i = 0; i < len; i++)
		at += sprintf(at, "%02x", rdata[i]);
	return text;
}

/* ldns puts blanks behind lists and beside empty salts. */
static void squeeze(char *text)
{
	bool quoted = false;
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '"')
			quoted = !quoted;
		if (*from == ' ' && !quoted && (to == text || to[-1] == ' '))
			continue;
		if (*from == '\\' && from[1] != '\0')
			*to++ = *from++;
		*to++ = *from;
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static char *print_fields(const ldns_rr *rr)
{
	ldns_buffer *buffer = ldns_buffer_new(1024);
	ldns_status status = LDNS_STATUS_OK;
	char *text = NULL;

	for (size_t i = 0; i < ldns_rr_rd_count(rr) && status == LDNS_STATUS_OK; i++) {
		if (i > 0)
			ldns_buffer_printf(buffer, " ");
		status = ldns_rdf2buffer_str(buffer, ldns_rr_rdf(rr, i));
	}
	if (status == LDNS_STATUS_OK && ldns_buffer_position(buffer) > 0) {
		text = mem_array(ldns_buffer_position(buffer) + 1, 1);
		memcpy(text, ldns_buffer_begin(buffer), ldns_buffer_position(buffer));
		squeeze(text);
	}
	ldns_buffer_free(buffer);
	return text;
}

static char *print_by_ldns(uint16_t type, const uint8_t *rdata, size_t len)
{
	uint8_t *wire = mem_array(1 + DNS_RR_FIXED_BYTES + len, 1);
	ldns_rr *rr = NULL;
	size_t pos = 0;
	char *text = NULL;

	dns_put_u16(wire + 1, ldns_type(type));
	dns_put_u16(wire + 3, DNS_CLASS_IN);
	dns_put_u16(wire + 9, (uint16_t)len);
	memcpy(wire + 1 + DNS_RR_FIXED_BYTES, rdata, len);
	if (ldns_wire2rr(&rr, wire, 1 + DNS_RR_FIXED_BYTES + len, &pos, LDNS_SECTION_ANSWER) == LDNS_STATUS_OK) {
		text = print_fields(rr);
		ldns_rr_free(rr);
	}
	mem_free(wire);
	return text;
}

/* Through all of our reading, not ldns' alone: they quote differently. */
static bool reads_back(uint16_t type, const char *text, const uint8_t *rdata, size_t len)
{
	static const uint8_t root[] = { 0 };
	uint8_t *again = mem_array(ZONE_TEXT_RDATA_MAX, 1);
	struct zone_lines lines;
	struct err_list errors = { 0 };
	size_t again_len;

	zone_lines_init_memory(&lines, "", text, strlen(text));
	bool same = zone_lines_next(&lines, &errors)
		&& zone_text_read_rdata(type, &lines, 0, (struct span){ root, 1 }, again, &again_len) == NULL
		&& again_len == len && memcmp(again, rdata, len) == 0;
	zone_lines_fini(&lines);
	err_list_fini(&errors);
	mem_free(again);
	return same;
}

char *zone_text_rdata(uint16_t type, const uint8_t *rdata, size_t len)
{
	const char *fields = zone_rdata_fields(type);
	char name[DNS_NAME_TEXT_MAX];

	if (fields == NULL || len == 0 || ldns_type(type) == 0
	    || zone_rdata_fault(type, (struct span){ rdata, len }) != NULL)
		return print_generic(rdata, len);
	if (strcmp(fields, "A") == 0)
		return mem_string(inet_ntop(AF_INET, rdata, name, sizeof name));
	if (strcmp(fields, "Q") == 0)
		return mem_string(inet_ntop(AF_INET6, rdata, name, sizeof name));
	if (strcmp(fields, "n") == 0 || strcmp(fields, "N") == 0)
		return mem_string(name_print(rdata, name));

	char *text = print_by_ldns(type, rdata, len);
	if (text != NULL && reads_back(type, text, rdata, len))
		return text;
	mem_free(text);
	return print_generic(rdata, len);
}
