/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/tsig_message.h"

#include <string.h>

enum { ERROR_BADSIG = 16, ERROR_BADKEY = 17, ERROR_BADTIME = 18 };
enum { TIME_BYTES = 6, ARCOUNT_AT = 10 };

/* A TSIG as it stands in a message. */
struct found {
	size_t at;			/* where its owner begins */
	struct name owner, algorithm;
	uint64_t time_s;
	uint16_t fudge, original_id, error;
	struct span mac, other;
};

/* What the MAC covers behind the message (4.3.3). */
struct variables {
	uint8_t bytes[2 * DNS_NAME_MAX + 24];
	size_t len;
};

const char *tsig_outcome_text(enum tsig_outcome outcome)
{
	static const char *const texts[] = {
		[TSIG_GOOD] = "good", [TSIG_NONE] = "not signed", [TSIG_FORMERR] = "malformed",
			[TSIG_BADKEY] = "BADKEY",
		[TSIG_BADSIG] = "BADSIG", [TSIG_BADTIME] = "BADTIME", [TSIG_BADTRUNC] = "BADTRUNC",
		[TSIG_REFUSED] = "refused",
	};

	return texts[outcome];
}

static uint64_t get_u48(const uint8_t *at)
{
	return (uint64_t)dns_get_u16(at) << 32 | dns_get_u32(at + 2);
}

static void put_u48(uint8_t *at, uint64_t value)
{
	dns_put_u16(at, (uint16_t)(value >> 32));
	dns_put_u32(at + 2, (uint32_t)value);
}

static bool skip_name(struct reader *reader)
{
	for (;;) {
		uint8_t len = reader_u8(reader);

		if (reader->bad || len == 0)
			return !reader->bad;
		if ((len & 0xc0) == 0xc0) {
			reader_u8(reader);
			return !reader->bad;
		}
		if (len > DNS_LABEL_MAX)
			return false;
		reader_take(reader, len);
	}
}

static bool read_rdata(struct span rdata, struct found *found)
{
	struct reader reader = reader_of(rdata.at, rdata.len);

	if (name_read(&reader, &found->algorithm) != 0)
		return false;
	struct span time = reader_take(&reader, TIME_BYTES);
	found->fudge = reader_u16(&reader);
	found->mac = reader_take(&reader, reader_u16(&reader));
	found->original_id = reader_u16(&reader);
	found->error = reader_u16(&reader);
	found->other = reader_take(&reader, reader_u16(&reader));
	if (reader.bad || reader_left(&reader) != 0)
		return false;
	found->time_s = get_u48(time.at);
	return true;
}

/* The last of the additional records, when it is a TSIG (5.2: anywhere else it is an error). Nothing may follow. */
static enum tsig_outcome find(struct span message, struct found *ret_found)
{
	struct reader reader = reader_of(message.at, message.len);

	reader_u32(&reader);
	unsigned questions = reader_u16(&reader), records = reader_u16(&reader);
	records += reader_u16(&reader);
	unsigned additional = reader_u16(&reader);

	if (reader.bad)
		return TSIG_FORMERR;
	for (; questions > 0; questions--) {
		if (!skip_name(&reader) || (reader_u32(&reader), reader.bad))
			return TSIG_FORMERR;
	}
	for (unsigned left = records + additional; left > 0; left--) {
		const uint8_t *owner = reader.at;

		if (!skip_name(&reader))
			return TSIG_FORMERR;
		size_t owner_len = (size_t)(reader.at - owner);
		struct span fixed = reader_take(&reader, DNS_RR_FIXED_BYTES);
		struct span rdata = reader_take(&reader, reader.bad ? 0 : dns_get_u16(fixed.at + 8));
		if (reader.bad)
			return TSIG_FORMERR;
		if (dns_get_u16(fixed.at) != DNS_TSIG)
			continue;
		ret_found->at = (size_t)(owner - message.at);
		if (left != 1 || additional == 0 || reader_left(&reader) != 0
		    || dns_get_u16(fixed.at + 2) != DNS_CLASS_ANY || dns_get_u32(fixed.at + 4) != 0
		    || name_from_wire(owner, owner_len, &ret_found->owner) != 0 || !read_rdata(rdata, ret_found))
			return TSIG_FORMERR;
		return TSIG_GOOD;
	}
	return reader_left(&reader) == 0 ? TSIG_NONE : TSIG_FORMERR;
}

static void put(struct variables *variables, const void *bytes, size_t len)
{
	memcpy(variables->bytes + variables->len, bytes, len);
	variables->len += len;
}

static void variables_of(const struct found *found, struct variables *ret_variables)
{
	static const uint8_t class_and_ttl[6] = { 0, DNS_CLASS_ANY };
	uint8_t numbers[12];

	ret_variables->len = 0;
	put(ret_variables, found->owner.wire, found->owner.len);
	put(ret_variables, class_and_ttl, sizeof class_and_ttl);
	put(ret_variables, found->algorithm.wire, found->algorithm.len);
	put_u48(numbers, found->time_s);
	dns_put_u16(numbers + 6, found->fudge);
	dns_put_u16(numbers + 8, found->error);
	dns_put_u16(numbers + 10, (uint16_t)found->other.len);
	put(ret_variables, numbers, sizeof numbers);
}

/* 4.3: the MAC of the question with its length, the message as it was before the TSIG came to it, the variables. */
static size_t mac_of(const struct tsig_key *key, const uint8_t header[DNS_HEADER_BYTES], struct span rest,
		     const struct found *found, const struct tsig_mac *question, uint8_t ret_mac[TSIG_MAC_MAX])
{
	struct variables variables;
	struct span parts[6];
	uint8_t len[2];
	size_t count = 0;

	variables_of(found, &variables);
	if (question != NULL && question->len > 0) {
		dns_put_u16(len, (uint16_t)question->len);
		parts[count++] = (struct span){ len, sizeof len };
		parts[count++] = (struct span){ question->bytes, question->len };
	}
	parts[count++] = (struct span){ header, DNS_HEADER_BYTES };
	parts[count++] = rest;
	parts[count++] = (struct span){ variables.bytes, variables.len };
	parts[count++] = found->other;
	return tsig_key_mac(key, parts, count, ret_mac);
}

static const struct tsig_key *key_of(const struct tsig_key *keys, size_t count, const struct found *found)
{
	enum tsig_algorithm algorithm;

	if (tsig_algorithm_of(&found->algorithm, &algorithm) != 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (keys[i].algorithm == algorithm && keys[i].name.len == found->owner.len
		    && memcmp(keys[i].name.wire, found->owner.wire, found->owner.len) == 0)
			return &keys[i];
	}
	return NULL;
}

/* 5.2.2.1: never less than ten bytes and half of the hash, never more than all of it. */
static enum tsig_outcome check_len(size_t len, size_t full)
{
	if (len > full || len < 10 || len < full / 2)
		return TSIG_FORMERR;
	return len < full ? TSIG_BADTRUNC : TSIG_GOOD;
}

enum tsig_outcome tsig_check(struct span message, const struct tsig_key *keys, size_t count, uint64_t now_s,
			     const struct tsig_mac *question, struct tsig_checked *ret_checked)
{
	uint8_t header[DNS_HEADER_BYTES], mac[TSIG_MAC_MAX];
	struct found found = { 0 };
	enum tsig_outcome outcome = find(message, &found);

	*ret_checked = (struct tsig_checked){ .len = message.len };
	if (outcome != TSIG_GOOD)
		return outcome;
	*ret_checked = (struct tsig_checked){ .len = found.at, .time_s = found.time_s, .error = found.error };
	if (found.error == ERROR_BADTIME && found.other.len == TIME_BYTES)
		ret_checked->other_s = get_u48(found.other.at);
	const struct tsig_key *key = key_of(keys, count, &found);
	if (key == NULL)
		return TSIG_BADKEY;
	/* An answer to what could not be checked has no MAC (5.3.2): it is a hint, and proves nothing. */
	if (found.mac.len == 0 && (found.error == ERROR_BADSIG || found.error == ERROR_BADKEY))
		return found.error == ERROR_BADSIG ? TSIG_BADSIG : TSIG_BADKEY;
	outcome = check_len(found.mac.len, tsig_mac_bytes(key->algorithm));
	if (outcome == TSIG_FORMERR)
		return outcome;
	memcpy(header, message.at, sizeof header);
	dns_put_u16(header, found.original_id);
	dns_put_u16(header + ARCOUNT_AT, (uint16_t)(dns_get_u16(header + ARCOUNT_AT) - 1));
	struct span rest = { message.at + DNS_HEADER_BYTES, found.at - DNS_HEADER_BYTES };
	mac_of(key, header, rest, &found, question, mac);
	if (!tsig_mac_equal(mac, found.mac.at, found.mac.len))
		return TSIG_BADSIG;
	if (outcome != TSIG_GOOD)
		return outcome;
	ret_checked->key = key;
	ret_checked->mac.len = found.mac.len;
	memcpy(ret_checked->mac.bytes, found.mac.at, found.mac.len);
	/* 5.2.3; the time is looked at only when the MAC is good. */
	if (now_s > found.time_s + found.fudge || now_s + found.fudge < found.time_s)
		return TSIG_BADTIME;
	return found.error != 0 ? TSIG_REFUSED : TSIG_GOOD;
}

static void name_of(const char *text, struct name *ret_name)
{
	if (name_from_text(text, ret_name) != 0)
		*ret_name = (struct name){ .len = 1 };
}

/* Writes the record behind the message. */
static size_t append(uint8_t *message, size_t len, size_t room, const struct found *found)
{
	size_t rdata = found->algorithm.len + TIME_BYTES + 10 + found->mac.len + found->other.len;
	uint8_t *at = message + len;

	if (len < DNS_HEADER_BYTES || room < len || room - len < found->owner.len + DNS_RR_FIXED_BYTES + rdata)
		return 0;
	memcpy(at, found->owner.wire, found->owner.len);
	at += found->owner.len;
	dns_put_u16(at, DNS_TSIG);
	dns_put_u16(at + 2, DNS_CLASS_ANY);
	dns_put_u32(at + 4, 0);
	dns_put_u16(at + 8, (uint16_t)rdata);
	at += DNS_RR_FIXED_BYTES;
	memcpy(at, found->algorithm.wire, found->algorithm.len);
	at += found->algorithm.len;
	put_u48(at, found->time_s);
	dns_put_u16(at + 6, found->fudge);
	dns_put_u16(at + 8, (uint16_t)found->mac.len);
	at += 10;
	if (found->mac.len > 0)
		memcpy(at, found->mac.at, found->mac.len);
	at += found->mac.len;
	dns_put_u16(at, found->original_id);
	dns_put_u16(at + 2, found->error);
	dns_put_u16(at + 4, (uint16_t)found->other.len);
	at += 6;
	if (found->other.len > 0)
		memcpy(at, found->other.at, found->other.len);
	at += found->other.len;
	dns_put_u16(message + ARCOUNT_AT, (uint16_t)(dns_get_u16(message + ARCOUNT_AT) + 1));
	return (size_t)(at - message);
}

static size_t sign(uint8_t *message, size_t len, size_t room, const struct tsig_key *key, struct found *found,
		   const struct tsig_mac *question, struct tsig_mac *ret_mac)
{
	struct tsig_mac mac;

	if (len < DNS_HEADER_BYTES)
		return 0;
	found->owner = key->name;
	name_of(tsig_algorithm_text(key->algorithm), &found->algorithm);
	found->original_id = dns_get_u16(message);
	struct span rest = { message + DNS_HEADER_BYTES, len - DNS_HEADER_BYTES };
	mac.len = mac_of(key, message, rest, found, question, mac.bytes);
	found->mac = (struct span){ mac.bytes, mac.len };
	len = append(message, len, room, found);
	if (len != 0 && ret_mac != NULL)
		*ret_mac = mac;
	return len;
}

size_t tsig_sign(uint8_t *message, size_t len, size_t room, const struct tsig_key *key, uint64_t now_s,
		 const struct tsig_mac *question, struct tsig_mac *ret_mac)
{
	struct found found = { .time_s = now_s, .fudge = TSIG_FUDGE_S };

	return sign(message, len, room, key, &found, question, ret_mac);
}

size_t tsig_sign_badtime(uint8_t *message, size_t len, size_t room, const struct tsig_key *key, uint64_t time_s,
			 uint64_t now_s, const struct tsig_mac *question)
{
	uint8_t other[TIME_BYTES];
	struct found found = {
		.time_s = time_s, .fudge = TSIG_FUDGE_S, .error = ERROR_BADTIME, .other = { other, sizeof other },
	};

	put_u48(other, now_s);
	return sign(message, len, room, key, &found, question, NULL);
}

size_t tsig_append_refusal(uint8_t *message, size_t len, size_t room, struct span question_message,
			   enum tsig_outcome outcome)
{
	struct found found = { 0 };

	if (find(question_message, &found) != TSIG_GOOD)
		return 0;
	found.mac = found.other = (struct span){ 0 };
	found.error = outcome == TSIG_BADKEY ? ERROR_BADKEY : ERROR_BADSIG;
	return append(message, len, room, &found);
}
