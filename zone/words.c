/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measured with ldns 1.8.3: numbers wrap around (MX 70000 becomes 4464, -1 becomes 65535); an odd hexadecimal digit
 * at the end is padded; a type that it does not know becomes type 0 in bitmaps and RRSIGs; a name in RDATA whose
 * first label is "@" becomes the origin, whatever follows; a quoted name keeps its quotes; commas cannot be escaped in
 * ALPN lists.
 */
#include "zone/words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "zone/text.h"

bool zone_words_number(const char *word, uint32_t limit, uint32_t *ret)
{
	uint64_t value = 0;

	if (*word == '\0')
		return false;
	for (; *word != '\0'; word++) {
		if (*word < '0' || *word > '9' || (value = value * 10 + (uint64_t)(*word - '0')) > limit)
			return false;
	}
	*ret = (uint32_t)value;
	return true;
}

static uint64_t unit_seconds(char unit)
{
	switch (unit | 0x20) {
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 60 * 60;
	case 'd': return 24 * 60 * 60;
	case 'w': return 7 * 24 * 60 * 60;
	default: return 0;
	}
}

bool zone_words_period(const char *word, uint32_t limit, uint32_t *ret)
{
	uint64_t sum = 0;

	if (zone_words_number(word, limit, ret))
		return true;
	while (*word != '\0') {
		uint64_t value = 0;
		const char *digits = word;

		for (; *word >= '0' && *word <= '9'; word++) {
			value = value * 10 + (uint64_t)(*word - '0');
			if (value > limit)
				return false;
		}
		uint64_t unit = unit_seconds(*word);
		if (word == digits || unit == 0 || (sum += value * unit) > limit)
			return false;
		word++;
	}
	*ret = (uint32_t)sum;
	return true;
}

bool zone_words_class(const char *word, uint16_t *ret)
{
	static const struct {
		const char *name;
		uint16_t class;
	} classes[] = {
		{ "IN", DNS_CLASS_IN }, { "CH", DNS_CLASS_CH }, { "HS", 4 }, { "NONE", DNS_CLASS_NONE },
		{ "ANY", DNS_CLASS_ANY },
	};
	uint32_t number;

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
		if (strcasecmp(word, classes[i].name) == 0) {
			*ret = classes[i].class;
			return true;
		}
	}
	if (strncasecmp(word, "CLASS", 5) != 0 || !zone_words_number(word + 5, UINT16_MAX, &number))
		return false;
	*ret = (uint16_t)number;
	return true;
}

/* A word of digits must fit; other words may be mnemonics, which ldns judges. */
static const char *number_fault(const char *word, uint32_t limit)
{
	uint32_t number;
	bool digits = word[strspn(word, "0123456789")] == '\0';

	if (word[0] == '-' || word[0] == '+')
		return "a number has a sign";
	return digits && !zone_words_number(word, limit, &number) ? "a number is too large" : NULL;
}

static const char *name_fault(const char *word, bool quoted)
{
	if (quoted)
		return "a name cannot be quoted";
	if (strcmp(word, "@") != 0 && ((word[0] == '@' && (word[1] == '.' || word[1] == '\0'))
				       || (strncmp(word, "\\064", 4) == 0 && (word[4] == '.' || word[4] == '\0'))))
		return "a name that begins with the label @ can only be written as \\# LENGTH HEX (RFC 3597)";
	return NULL;
}

static const char *hex_fault(const struct zone_lines *lines, unsigned index)
{
	size_t digits = 0;

	for (unsigned i = index; i < lines->words && i < ZONE_LINE_WORDS; i++)
		digits += lines->word[i].len;
	if (lines->words > ZONE_LINE_WORDS) {
		const char *end = lines->text + lines->len;

		for (const char *at = zone_lines_word(lines, ZONE_LINE_WORDS - 1); at < end; at++)
			digits += *at != '\0';
		digits -= lines->word[ZONE_LINE_WORDS - 1].len;
	}
	return digits % 2 != 0 ? "an odd number of hexadecimal digits" : NULL;
}

static const char *type_fault(const char *word)
{
	uint16_t type;

	return zone_text_type_parse(word, &type) == 0 ? NULL
						      : "it names a type that is not known; TYPEn can be written";
}

static const char *bitmap_fault(const struct zone_lines *lines, unsigned index)
{
	const char *end = lines->text + lines->len;

	if (index >= lines->words || index >= ZONE_LINE_WORDS)
		return NULL;
	for (const char *word = zone_lines_word(lines, index); word < end; word += strlen(word) + 1) {
		const char *fault = type_fault(word);

		if (fault != NULL)
			return fault;
	}
	return NULL;
}

static bool is_port(const char *value)
{
	const char *digits = value + (value[0] == '"');
	size_t count = strspn(digits, "0123456789");

	return count > 0 && count < 6 && strtoul(digits, NULL, 10) <= UINT16_MAX;
}

static const char *parameters_fault(const struct zone_lines *lines, unsigned index)
{
	const char *end = lines->text + lines->len;

	if (index >= lines->words || index >= ZONE_LINE_WORDS)
		return NULL;
	for (const char *word = zone_lines_word(lines, index); word < end; word += strlen(word) + 1) {
		if (strncasecmp(word, "port=", 5) == 0 && !is_port(word + 5))
			return "the port is not a number up to 65535";
		if (strncasecmp(word, "alpn=", 5) == 0 && strchr(word, '\\') != NULL)
			return "escapes in alpn can only be written as \\# LENGTH HEX (RFC 3597)";
	}
	return NULL;
}

/* RFC 4398, 2.1. ldns forgets memory when it refuses one, and takes 0 for a refusal. */
static const char *certificate_fault(const char *word)
{
	static const char *const names[] = {
		"PKIX", "SPKI", "PGP", "IPKIX", "ISPKI", "IPGP", "ACPKIX", "IACPKIX", "URI", "OID",
	};
	uint32_t number;

	if (zone_words_number(word, UINT16_MAX, &number) && number != 0)
		return NULL;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(word, names[i]) == 0)
			return NULL;
	}
	return "expected a certificate type: 1 to 65535, or a name like PKIX";
}

/* RFC 1876, 3: numbers, N S E W, and metres. Other units are taken by ldns for metres. */
static const char *location_fault(const struct zone_lines *lines, unsigned index)
{
	for (; index < lines->words && index < ZONE_LINE_WORDS; index++) {
		const char *word = zone_lines_word(lines, index);
		const char *unit = word + strspn(word, "-.0123456789");

		if (unit == word ? word[0] == '\0' || strchr("NSEWnsew", word[0]) == NULL || word[1] != '\0'
				 : unit[0] != '\0' && (strcasecmp(unit, "m") != 0))
			return "expected degrees, minutes, seconds, N S E or W, and metres";
	}
	return NULL;
}

static const char *field_fault(const struct zone_lines *lines, unsigned index, char field)
{
	const char *word = zone_lines_word(lines, index);
	uint32_t number;

	switch (field) {
	case '1': case 'd': return number_fault(word, UINT8_MAX);
	case '2': return number_fault(word, UINT16_MAX);
	case 'c': return certificate_fault(word);
	case '4': return number_fault(word, UINT32_MAX);
	case 'p': return zone_words_period(word, UINT32_MAX, &number) ? NULL : "a period is not one, or too long";
	case 'e': return strlen(word) == 14 ? NULL : number_fault(word, UINT32_MAX); /* YYYYMMDDHHmmSS or seconds */
	case 'y': return type_fault(word);
	case 'n': case 'N': return name_fault(word, lines->word[index].quoted);
	default: return NULL;
	}
}

const char *zone_words_fault(const struct zone_lines *lines, unsigned first, const char *fields)
{
	unsigned index = first;

	for (; fields != NULL && *fields != '\0'; fields++, index++) {
		const char *fault = NULL;

		switch (*fields) {
		case 'h': fault = hex_fault(lines, index); break;
		case 'm': fault = bitmap_fault(lines, index); break;
		case 'v': fault = parameters_fault(lines, index); break;
		case 'l': fault = location_fault(lines, index); break;
		default:
			if (index < lines->words && index < ZONE_LINE_WORDS)
				fault = field_fault(lines, index, *fields);
			break;
		}
		if (fault != NULL)
			return fault;
	}
	return NULL;
}
