/* SPDX-License-Identifier: Apache-2.0 */
/* TSIG over whole messages, and NOTIFY. The vectors were made with another implementation (dnspython): a signed
 * NOTIFY and the signed answer to it, key "node1.key." of the bytes 0 to 31, signed at SIGNED_S and a second
 * later. */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/err.h"
#include "conf/base/mem.h"
#include "sync/hash.h"
#include "zone/notify.h"
#include "zone/tsig_message.h"

#define SIGNED_S 1800000000u
#define SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static const struct vector {
	enum tsig_algorithm algorithm;
	const char *question, *answer;
} vectors[] = {
	{ TSIG_SHA256,
	  "123424000001000100000001055f73796e630764656661756c740000060001c00c000600010000000000160000000000"
	  "0700000000000000000000000000000000056e6f646531036b65790000fa00ff00000000003d0b686d61632d73686132"
	  "35360000006b49d200012c00208f7ee5d01179dc54a6f2c7e1fc027e0d82c74bff3033e37672cab9872e76b030123400"
	  "000000",
	  "1234a0000001000000000001055f73796e630764656661756c740000060001056e6f646531036b65790000fa00ff0000"
	  "0000003d0b686d61632d7368613235360000006b49d201012c002070b2fd1681b4586b0b17fa14afe38a84488f278ede"
	  "bda1dd5d03dfb85fb50b4d123400000000" },
	{ TSIG_SHA384,
	  "123424000001000100000001055f73796e630764656661756c740000060001c00c000600010000000000160000000000"
	  "0700000000000000000000000000000000056e6f646531036b65790000fa00ff00000000004d0b686d61632d73686133"
	  "38340000006b49d200012c003048ad2a4291614f4816b2d2c21c9eeee5500b7a7ba8de47f974824dcfeaaf5fd4864961"
	  "45e21acdc973adb2d2d12979f1123400000000",
	  "1234a0000001000000000001055f73796e630764656661756c740000060001056e6f646531036b65790000fa00ff0000"
	  "0000004d0b686d61632d7368613338340000006b49d201012c0030c79b617d908f29c1ce37976de2952e6499de0bbce9"
	  "1b286e3e1172aa6d0a78b0b1fe4c2b0f5672de378d2593e2b9dc22123400000000" },
	{ TSIG_SHA512,
	  "123424000001000100000001055f73796e630764656661756c740000060001c00c000600010000000000160000000000"
	  "0700000000000000000000000000000000056e6f646531036b65790000fa00ff00000000005d0b686d61632d73686135"
	  "31320000006b49d200012c004070e4b19a805484536a641c2a46a401ff5753b22a5e43c6cd8751b9222b8fd58e03d457"
	  "2092058175f19c1edaaed25159bd904d7aed3b727f9b6c0bd885ed11a0123400000000",
	  "1234a0000001000000000001055f73796e630764656661756c740000060001056e6f646531036b65790000fa00ff0000"
	  "0000005d0b686d61632d7368613531320000006b49d201012c0040e4c7c7c435d3a42162a000aecd365f16ebfc7218f9"
	  "9f916b9591401a2edcbb2e7634a0e05b8dfda790cacadeb0548a1ea431e344351f13af59fad4f56b133f4b1234000000"
	  "00" },
};

struct message {
	uint8_t bytes[NOTIFY_BYTES_MAX];
	size_t len;
};

static struct span span_of(const struct message *message)
{
	return (struct span){ message->bytes, message->len };
}

static struct message message_of(const char *digits)
{
	struct message message;
	int len = hash_get_hex(digits, message.bytes, sizeof message.bytes);

	assert_true(len > 0);
	message.len = (size_t)len;
	return message;
}

static struct tsig_key key_of(enum tsig_algorithm algorithm)
{
	struct tsig_key key;

	assert_int_equal(tsig_key_init(&key, "Node1.key", algorithm, SECRET), 0);
	return key;
}

static void what_others_signed_is_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		struct message question = message_of(vectors[i].question), answer = message_of(vectors[i].answer);
		struct tsig_key key = key_of(vectors[i].algorithm);
		struct tsig_checked checked, answered;

		assert_int_equal(tsig_check(span_of(&question), &key, 1, SIGNED_S, NULL, &checked), TSIG_GOOD);
		assert_ptr_equal(checked.key, &key);
		assert_int_equal(checked.time_s, SIGNED_S);
		assert_int_equal(checked.mac.len, tsig_mac_bytes(key.algorithm));
		assert_int_equal(tsig_check(span_of(&answer), &key, 1, SIGNED_S, &checked.mac, &answered), TSIG_GOOD);
		/* The answer belongs to this question alone. */
		assert_int_equal(tsig_check(span_of(&answer), &key, 1, SIGNED_S, NULL, &answered), TSIG_BADSIG);
		checked.mac.bytes[0] ^= 1;
		assert_int_equal(tsig_check(span_of(&answer), &key, 1, SIGNED_S, &checked.mac, &answered),
				 TSIG_BADSIG);
	}
}

static void what_we_sign_is_what_others_sign(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		struct message theirs = message_of(vectors[i].question), ours = { .len = 0 }, answer;
		struct tsig_key key = key_of(vectors[i].algorithm);
		struct notify notify = { .id = 0x1234, .has_serial = true, .serial = 7 };
		struct tsig_mac mac;

		name_from_text("_sync.default.", &notify.name);
		ours.len = notify_write(&notify, ours.bytes, sizeof ours.bytes);
		ours.len = tsig_sign(ours.bytes, ours.len, sizeof ours.bytes, &key, SIGNED_S, NULL, &mac);
		assert_int_equal(ours.len, theirs.len);
		assert_memory_equal(ours.bytes, theirs.bytes, theirs.len);
		theirs = message_of(vectors[i].answer);
		answer.len = notify_answer(span_of(&ours), DNS_NOERROR, answer.bytes, sizeof answer.bytes);
		dns_put_u16(answer.bytes + 2, dns_get_u16(theirs.bytes + 2));	/* dnspython sets no AA */
		answer.len = tsig_sign(answer.bytes, answer.len, sizeof answer.bytes, &key, SIGNED_S + 1, &mac, NULL);
		assert_int_equal(answer.len, theirs.len);
		assert_memory_equal(answer.bytes, theirs.bytes, theirs.len);
	}
}

static void every_changed_byte_is_noticed(void **state)
{
	(void)state;
	struct message question = message_of(vectors[0].question);
	struct tsig_key key = key_of(TSIG_SHA256);
	struct tsig_checked checked;

	for (size_t i = 2; i < question.len; i++) {	/* the ID may be changed by a forwarder (5.1) */
		struct message changed = question;

		changed.bytes[i] ^= 0x01;
		enum tsig_outcome outcome = tsig_check(span_of(&changed), &key, 1, SIGNED_S, NULL, &checked);
		assert_true(outcome != TSIG_GOOD);
		assert_null(checked.key);
		changed.len = i;
		assert_true(tsig_check(span_of(&changed), &key, 1, SIGNED_S, NULL, &checked) != TSIG_GOOD);
	}
	question.bytes[0] ^= 0xff;
	assert_int_equal(tsig_check(span_of(&question), &key, 1, SIGNED_S, NULL, &checked), TSIG_GOOD);
}

static void case_of_names_does_not_matter(void **state)
{
	(void)state;
	struct message question = message_of(vectors[0].question);
	struct tsig_key key = key_of(TSIG_SHA256);
	struct tsig_checked checked;
	uint8_t *owner = memmem(question.bytes, question.len, "node1", 5);

	memcpy(owner, "NODE1", 5);
	assert_int_equal(tsig_check(span_of(&question), &key, 1, SIGNED_S, NULL, &checked), TSIG_GOOD);
}

static void the_time_must_be_near(void **state)
{
	static const struct {
		int64_t off_s;
		enum tsig_outcome outcome;
	} rows[] = {
		{ 0, TSIG_GOOD }, { 300, TSIG_GOOD }, { -300, TSIG_GOOD }, { 301, TSIG_BADTIME },
		{ -301, TSIG_BADTIME },
		{ 1000000000, TSIG_BADTIME },
	};
	struct message question = message_of(vectors[0].question);
	struct tsig_key key = key_of(TSIG_SHA256);
	struct tsig_checked checked;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t now_s = (uint64_t)(SIGNED_S + rows[i].off_s);

		assert_int_equal(tsig_check(span_of(&question), &key, 1, now_s, NULL, &checked), rows[i].outcome);
		assert_ptr_equal(checked.key, &key);	/* the MAC was good */
	}
}

static void refusals_say_why(void **state)
{
	(void)state;
	struct message question = message_of(vectors[0].question), answer;
	struct tsig_key keys[2] = { key_of(TSIG_SHA384), key_of(TSIG_SHA256) }, key = key_of(TSIG_SHA256);
	struct tsig_checked checked, answered;

	assert_int_equal(tsig_check(span_of(&question), keys, 1, SIGNED_S, NULL, &checked), TSIG_BADKEY);
	answer.len = notify_answer(span_of(&question), DNS_NOTAUTH, answer.bytes, sizeof answer.bytes);
	answer.len = tsig_append_refusal(answer.bytes, answer.len, sizeof answer.bytes, span_of(&question),
					 TSIG_BADKEY);
	assert_int_not_equal(answer.len, 0);
	assert_int_equal(tsig_check(span_of(&answer), &key, 1, SIGNED_S, NULL, &answered), TSIG_BADKEY);
	assert_int_equal(answered.error, 17);

	assert_int_equal(tsig_check(span_of(&question), keys, 2, SIGNED_S + 1000, NULL, &checked), TSIG_BADTIME);
	answer.len = notify_answer(span_of(&question), DNS_NOTAUTH, answer.bytes, sizeof answer.bytes);
	answer.len = tsig_sign_badtime(answer.bytes, answer.len, sizeof answer.bytes, &key, checked.time_s,
				       SIGNED_S + 1000, &checked.mac);
	assert_int_equal(tsig_check(span_of(&answer), &key, 1, SIGNED_S, &checked.mac, &answered), TSIG_REFUSED);
	assert_int_equal(answered.error, 18);
	assert_int_equal(answered.other_s, SIGNED_S + 1000);
	assert_memory_equal(answer.bytes + answer.len - 6, "\x00\x00\x6b\x49\xd5\xe8", 6);
	assert_string_equal(tsig_outcome_text(TSIG_BADTIME), "BADTIME");
}

static void macs_that_were_cut_are_not_taken(void **state)
{
	static const struct {
		uint16_t len;
		enum tsig_outcome outcome;
	} rows[] = { { 31, TSIG_BADTRUNC }, { 16, TSIG_BADTRUNC }, { 15, TSIG_FORMERR }, { 0, TSIG_FORMERR } };
	struct message whole = message_of(vectors[0].question);
	struct tsig_key key = key_of(TSIG_SHA256);
	struct tsig_checked checked;
	size_t mac_at = whole.len - 6 - 32;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct message cut = whole;
		size_t less = 32 - rows[i].len;
		uint8_t *rdlength = memmem(cut.bytes, cut.len, "\x00\xfa\x00\xff", 4);

		memmove(cut.bytes + mac_at + rows[i].len, cut.bytes + whole.len - 6, 6);
		cut.len -= less;
		dns_put_u16(cut.bytes + mac_at - 2, rows[i].len);
		dns_put_u16(rdlength + 8, (uint16_t)(dns_get_u16(rdlength + 8) - less));
		assert_int_equal(tsig_check(span_of(&cut), &key, 1, SIGNED_S, NULL, &checked), rows[i].outcome);
	}
}

static void keys_are_read(void **state)
{
	static const struct {
		const char *name, *secret;
		int err;
	} rows[] = {
		{ "key.example", " " SECRET "\n", 0 }, { "key.example.", "aGk=", 0 },
		{ "key..example", "aGk=", ERR_SYNTAX },
		{ "key", "", ERR_SYNTAX }, { "key", "a", ERR_SYNTAX }, { "key", "aGk=!", ERR_SYNTAX },
	};
	enum tsig_algorithm algorithm;
	struct tsig_key key;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(tsig_key_init(&key, rows[i].name, TSIG_SHA512, rows[i].secret), rows[i].err);
	char *text = mem_alloc(4001);
	memset(text, 'A', 4000);
	assert_int_equal(tsig_key_init(&key, "key", TSIG_SHA256, text), ERR_LIMIT);
	mem_free(text);
	assert_int_equal(tsig_algorithm_parse("hmac-sha384", &algorithm), 0);
	assert_int_equal(algorithm, TSIG_SHA384);
	assert_int_equal(tsig_algorithm_parse("hmac-md5", &algorithm), ERR_UNKNOWN);
	tsig_key_fini(&key);
	assert_int_equal(key.secret_len, 0);
}

static void no_room_is_no_message(void **state)
{
	(void)state;
	struct tsig_key key = key_of(TSIG_SHA256);
	struct notify notify = { .id = 1, .has_serial = true, .serial = 7 };
	struct message message;

	name_from_text("_sync.default", &notify.name);
	size_t whole = notify_write(&notify, message.bytes, sizeof message.bytes);
	size_t signed_len = tsig_sign(message.bytes, whole, sizeof message.bytes, &key, SIGNED_S, NULL, NULL);
	for (size_t room = 0; room < whole; room++)
		assert_int_equal(notify_write(&notify, message.bytes, room), 0);
	for (size_t room = whole; room < signed_len; room++) {
		assert_int_equal(notify_write(&notify, message.bytes, room), whole);
		assert_int_equal(tsig_sign(message.bytes, whole, room, &key, SIGNED_S, NULL, NULL), 0);
	}
}

static void notify_there_and_back(void **state)
{
	(void)state;
	struct notify notify = { .id = 77, .has_serial = true, .serial = 4000000000u }, read;
	struct message message, answer;
	unsigned rcode = 0;

	name_from_text("_sync.Default", &notify.name);
	message.len = notify_write(&notify, message.bytes, sizeof message.bytes);
	assert_int_equal(notify_read(span_of(&message), &read), NOTIFY_GOOD);
	assert_int_equal(read.id, 77);
	assert_true(read.has_serial);
	assert_int_equal(read.serial, 4000000000u);
	assert_int_equal(read.name.len, notify.name.len);
	answer.len = notify_answer(span_of(&message), DNS_REFUSED, answer.bytes, sizeof answer.bytes);
	assert_int_equal(notify_read(span_of(&answer), &read), NOTIFY_SILENT);
	assert_true(notify_is_answer(span_of(&answer), &notify, &rcode));
	assert_int_equal(rcode, DNS_REFUSED);
	assert_false(notify_is_answer(span_of(&message), &notify, &rcode));
	notify.id++;
	assert_false(notify_is_answer(span_of(&answer), &notify, &rcode));
	for (size_t len = 0; len < message.len; len++) {
		struct span cut = { message.bytes, len };
		enum notify_outcome outcome = notify_read(cut, &read);

		assert_true(outcome != NOTIFY_GOOD || !read.has_serial);
	}
}

static void other_messages_are_told_apart(void **state)
{
	static const struct {
		const char *digits;
		enum notify_outcome outcome;
	} rows[] = {
		{ "000120000001000000000000" "0161000006" "0001", NOTIFY_GOOD },
		{ "000120000001000000000000" "0161000001" "0001", NOTIFY_OTHER },	/* A */
		{ "000120000001000000000000" "0161000006" "0003", NOTIFY_OTHER },	/* CH */
		{ "000100000001000000000000" "0161000006" "0001", NOTIFY_OTHER },	/* a query */
		{ "0001a0000001000000000000" "0161000006" "0001", NOTIFY_SILENT },
		{ "000120000000000000000000", NOTIFY_BAD },
		{ "000120000002000000000000" "0161000006" "0001" "0161000006" "0001", NOTIFY_BAD },
		{ "000120000001000000000000" "c00c" "0006" "0001", NOTIFY_BAD },
		{ "00012000000100000000", NOTIFY_SILENT },
	};
	struct notify notify;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct message message = message_of(rows[i].digits);

		assert_int_equal(notify_read(span_of(&message), &notify), rows[i].outcome);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_signed_is_good),
		cmocka_unit_test(what_we_sign_is_what_others_sign),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(case_of_names_does_not_matter),
		cmocka_unit_test(the_time_must_be_near),
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(macs_that_were_cut_are_not_taken),
		cmocka_unit_test(keys_are_read),
		cmocka_unit_test(no_room_is_no_message),
		cmocka_unit_test(notify_there_and_back),
		cmocka_unit_test(other_messages_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
