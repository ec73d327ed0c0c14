/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/name.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/err.h"

uint8_t name_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Eight bytes at a time, in a fixed byte order, so that images are the same everywhere; multiply and fold as in wyhash. */
static uint64_t load_bytes(const uint8_t *at, size_t len)
{
	uint64_t value = 0;

	memcpy(&value, at, len);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap64(value);
#endif
	return value;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint32_t name_hash_label(uint32_t parent_hash, const uint8_t *label, size_t label_len)
{
	uint64_t hash = 0xa0761d6478bd642fu ^ parent_hash ^ (uint64_t)label_len << 32;

	for (; label_len > 8; label += 8, label_len -= 8)
		hash = fold(hash ^ load_bytes(label, 8), 0xe7037ed1a0b428dbu);
	hash = fold(hash ^ load_bytes(label, label_len), 0x8ebc6af09c88c6e3u);
	return (uint32_t)(hash ^ hash >> 32);
}

/* Labels end at the root, so their hashes are made from the last label to the first. */
static void hash_suffixes(struct name *name)
{
	uint32_t hash = NAME_ROOT_HASH;

	name->hash[name->labels] = hash;
	for (unsigned i = name->labels; i-- > 0;) {
		const uint8_t *label = name->wire + name->start[i];

		hash = name_hash_label(hash, label + 1, label[0]);
		name->hash[i] = hash;
	}
}

/* Lower case, eight bytes at a time. Length bytes are below 'A', so a whole wire name may pass. */
static void copy_lower(uint8_t *to, const uint8_t *from, size_t len)
{
	const uint64_t ones = 0x0101010101010101u;

	for (; len >= 8; to += 8, from += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, from, 8);
		uint64_t low = word & 0x7f * ones;
		uint64_t upper = (low + (0x80 - 'A') * ones) & ~(low + (0x80 - 'Z' - 1) * ones) & ~word & 0x80 * ones;
		word |= upper >> 2;
		memcpy(to, &word, 8);
	}
	for (size_t i = 0; i < len; i++)
		to[i] = name_lower(from[i]);
}

int name_read(struct reader *reader, struct name *ret_name)
{
	const uint8_t *at = reader->at;
	size_t left = reader_left(reader);
	size_t len = 0;
	unsigned labels = 0;

	if (left > DNS_NAME_MAX)
		left = DNS_NAME_MAX;
	for (;; labels++) {
		if (len >= left)
			return ERR_SYNTAX;
		unsigned label_len = at[len];
		ret_name->start[labels] = (uint8_t)len;
		len += 1 + label_len;
		if (label_len == 0)
			break;
		if (label_len > DNS_LABEL_MAX)
			return ERR_SYNTAX;
	}
	copy_lower(ret_name->wire, at, len);
	ret_name->len = (uint8_t)len;
	ret_name->labels = (uint8_t)labels;
	reader->at += len;
	hash_suffixes(ret_name);
	return 0;
}

int name_from_wire(const uint8_t *wire, size_t len, struct name *ret_name)
{
	struct reader reader = reader_of(wire, len);
	int err = name_read(&reader, ret_name);

	return err == 0 && reader_left(&reader) != 0 ? ERR_SYNTAX : err;
}

/* One character of a label: itself, \C, or \DDD. Moves *text behind it. */
static int text_byte(const char **text, uint8_t *ret_byte)
{
	const char *at = *text;

	if (at[0] != '\\') {
		*ret_byte = (uint8_t)at[0];
		*text = at + 1;
		return 0;
	}
	if (at[1] == '\0')
		return ERR_SYNTAX;
	if (at[1] < '0' || at[1] > '9') {
		*ret_byte = (uint8_t)at[1];
		*text = at + 2;
		return 0;
	}
	unsigned value = 0;
	for (int i = 1; i <= 3; i++) {
		if (at[i] < '0' || at[i] > '9')
			return ERR_SYNTAX;
		value = value * 10 + (unsigned)(at[i] - '0');
	}
	if (value > UINT8_MAX)
		return ERR_SYNTAX;
	*ret_byte = (uint8_t)value;
	*text = at + 4;
	return 0;
}

int name_from_text(const char *text, struct name *ret_name)
{
	uint8_t wire[DNS_NAME_MAX];
	size_t len = 0;

	if (text[0] == '\0')
		return ERR_SYNTAX;
	if (strcmp(text, ".") == 0)
		text++;
	while (*text != '\0') {
		size_t label = len++;

		while (*text != '.' && *text != '\0') {
			uint8_t byte;

			if (len - label > DNS_LABEL_MAX || len >= sizeof wire - 1 || text_byte(&text, &byte) != 0)
				return ERR_SYNTAX;
			wire[len++] = byte;
		}
		if (len - label == 1 || len >= sizeof wire)
			return ERR_SYNTAX;
		wire[label] = (uint8_t)(len - label - 1);
		if (*text == '.')
			text++;
	}
	wire[len++] = 0;
	return name_from_wire(wire, len, ret_name);
}

const char *name_print(const uint8_t *wire, char *buf)
{
	char *out = buf;

	if (wire[0] == 0)
		*out++ = '.';
	for (; wire[0] != 0; wire += 1 + wire[0]) {
		for (unsigned i = 1; i <= wire[0]; i++) {
			uint8_t byte = wire[i];

			if (byte <= ' ' || byte >= 0x7f) {
				out += sprintf(out, "\\%03u", byte);
				continue;
			}
			if (strchr(".\\\"();@$", byte) != NULL)
				*out++ = '\\';
			*out++ = (char)byte;
		}
		*out++ = '.';
	}
	*out = '\0';
	return buf;
}

size_t name_wire_len(const uint8_t *wire)
{
	const uint8_t *at = wire;

	while (*at != 0)
		at += 1 + *at;
	return (size_t)(at - wire) + 1;
}

static unsigned split(const uint8_t *wire, const uint8_t *labels[DNS_LABELS_MAX])
{
	unsigned count = 0;

	for (; wire[0] != 0; wire += 1 + wire[0])
		labels[count++] = wire;
	return count;
}

static int compare_label(const uint8_t *a, const uint8_t *b)
{
	unsigned shorter = a[0] < b[0] ? a[0] : b[0];

	for (unsigned i = 1; i <= shorter; i++) {
		int difference = name_lower(a[i]) - name_lower(b[i]);

		if (difference != 0)
			return difference;
	}
	return a[0] - b[0];
}

int name_compare(const uint8_t *a, const uint8_t *b)
{
	const uint8_t *a_labels[DNS_LABELS_MAX], *b_labels[DNS_LABELS_MAX];
	unsigned a_count = split(a, a_labels), b_count = split(b, b_labels);

	while (a_count > 0 && b_count > 0) {
		int difference = compare_label(a_labels[--a_count], b_labels[--b_count]);

		if (difference != 0)
			return difference;
	}
	return (int)a_count - (int)b_count;
}

bool name_is_below(const struct name *name, const uint8_t *ancestor, size_t ancestor_len)
{
	if (ancestor_len > name->len)
		return false;

	size_t front = name->len - ancestor_len;
	if (memcmp(name->wire + front, ancestor, ancestor_len) != 0)
		return false;
	for (unsigned i = 0; i <= name->labels; i++) {
		if (name->start[i] == front)
			return true;
	}
	return false;
}
