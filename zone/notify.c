/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/notify.h"

#include "zone/wire.h"

enum { SOA_NUMBERS_BYTES = 20, QUESTION_AT = DNS_HEADER_BYTES, POINTER = 0xc000 };

static size_t write_question(const struct name *name, uint8_t *out)
{
	memcpy(out, name->wire, name->len);
	dns_put_u16(out + name->len, DNS_SOA);
	dns_put_u16(out + name->len + 2, DNS_CLASS_IN);
	return (size_t)name->len + 4;
}

/* Owned by the question's name; both names in it are the root. */
static size_t write_hint(uint32_t serial, uint8_t *out)
{
	uint8_t *rdata = out + 2 + DNS_RR_FIXED_BYTES;

	dns_put_u16(out, POINTER | QUESTION_AT);
	dns_put_u16(out + 2, DNS_SOA);
	dns_put_u16(out + 4, DNS_CLASS_IN);
	dns_put_u32(out + 6, 0);
	dns_put_u16(out + 10, 2 + SOA_NUMBERS_BYTES);
	memset(rdata, 0, 2 + SOA_NUMBERS_BYTES);
	dns_put_u32(rdata + 2, serial);
	return (size_t)(rdata + 2 + SOA_NUMBERS_BYTES - out);
}

size_t notify_write(const struct notify *notify, uint8_t *out, size_t room)
{
	size_t hint = notify->has_serial ? 2 + DNS_RR_FIXED_BYTES + 2 + SOA_NUMBERS_BYTES : 0, len = QUESTION_AT;

	if (room < len + notify->name.len + 4 + hint)
		return 0;
	memset(out, 0, DNS_HEADER_BYTES);
	dns_put_u16(out, notify->id);
	dns_put_u16(out + 2, DNS_OPCODE_NOTIFY << 11 | DNS_AA);
	dns_put_u16(out + 4, 1);
	dns_put_u16(out + 6, notify->has_serial);
	len += write_question(&notify->name, out + len);
	if (notify->has_serial)
		len += write_hint(notify->serial, out + len);
	return len;
}

/* A name that may end in a pointer to the question's: compared, not followed any further. */
static bool is_name(struct reader *reader, const struct name *name)
{
	struct name other;

	if (reader_left(reader) >= 2 && dns_get_u16(reader->at) == (POINTER | QUESTION_AT)) {
		reader_take(reader, 2);
		return true;
	}
	return name_read(reader, &other) == 0 && other.len == name->len
		&& memcmp(other.wire, name->wire, name->len) == 0;
}

static bool skip_name(struct reader *reader)
{
	uint8_t len;

	while ((len = reader_u8(reader)) != 0 && len < 0xc0)
		reader_take(reader, len);
	if (len >= 0xc0)
		reader_u8(reader);
	return !reader->bad;
}

static void read_hint(struct reader *reader, struct notify *notify)
{
	if (!is_name(reader, &notify->name) || reader_u16(reader) != DNS_SOA || reader_u16(reader) != DNS_CLASS_IN)
		return;
	reader_u32(reader);
	struct span rdata = reader_take(reader, reader_u16(reader));
	if (reader->bad || rdata.len == 0)
		return;
	struct reader inner = reader_of(rdata.at, rdata.len);
	if (!skip_name(&inner) || !skip_name(&inner))
		return;
	struct span numbers = reader_take(&inner, SOA_NUMBERS_BYTES);
	if (inner.bad || reader_left(&inner) != 0)
		return;
	notify->has_serial = true;
	notify->serial = dns_get_u32(numbers.at);
}

enum notify_outcome notify_read(struct span message, struct notify *ret_notify)
{
	struct reader reader = reader_of(message.at, message.len);
	struct notify notify = { .id = reader_u16(&reader) };
	unsigned flags = reader_u16(&reader), questions = reader_u16(&reader), answers = reader_u16(&reader);

	reader_u32(&reader);
	if (reader.bad || flags & DNS_QR)
		return NOTIFY_SILENT;
	if ((flags & DNS_OPCODE) != DNS_OPCODE_NOTIFY << 11)
		return NOTIFY_OTHER;
	if (questions != 1 || name_read(&reader, &notify.name) != 0)
		return NOTIFY_BAD;
	unsigned type = reader_u16(&reader), class = reader_u16(&reader);
	if (reader.bad)
		return NOTIFY_BAD;
	if (type != DNS_SOA || class != DNS_CLASS_IN)
		return NOTIFY_OTHER;
	if (answers > 0)
		read_hint(&reader, &notify);
	*ret_notify = notify;
	return NOTIFY_GOOD;
}

size_t notify_answer(struct span message, unsigned rcode, uint8_t *out, size_t room)
{
	struct reader reader = reader_of(message.at, message.len);
	size_t len = DNS_HEADER_BYTES;
	struct name name;

	reader_take(&reader, DNS_HEADER_BYTES);
	if (reader.bad || room < len)
		return 0;
	bool has_question = dns_get_u16(message.at + 4) == 1 && name_read(&reader, &name) == 0;
	struct span rest = reader_take(&reader, has_question ? 4 : 0);
	has_question = has_question && !reader.bad && room >= len + name.len + 4;
	memset(out, 0, DNS_HEADER_BYTES);
	memcpy(out, message.at, 2);
	dns_put_u16(out + 2, (uint16_t)(DNS_QR | DNS_AA | (dns_get_u16(message.at + 2) & DNS_OPCODE)
					| (rcode & DNS_RCODE)));
	if (has_question) {
		dns_put_u16(out + 4, 1);
		memcpy(out + len, message.at + len, name.len);	/* as it was written, for who compares bytes */
		memcpy(out + len + name.len, rest.at, 4);
		len += (size_t)name.len + 4;
	}
	return len;
}

bool notify_is_answer(struct span message, const struct notify *asked, unsigned *ret_rcode)
{
	struct reader reader = reader_of(message.at, message.len);
	unsigned id = reader_u16(&reader), flags = reader_u16(&reader), questions = reader_u16(&reader);
	struct name name;

	reader_take(&reader, 6);
	if (reader.bad || id != asked->id || !(flags & DNS_QR) || (flags & DNS_OPCODE) != DNS_OPCODE_NOTIFY << 11)
		return false;
	if (questions > 0 && (name_read(&reader, &name) != 0 || name.len != asked->name.len
			      || memcmp(name.wire, asked->name.wire, name.len) != 0))
		return false;
	*ret_rcode = flags & DNS_RCODE;
	return true;
}
