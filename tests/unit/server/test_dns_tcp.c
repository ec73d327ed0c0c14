/* SPDX-License-Identifier: Apache-2.0 */
/* Framing of DNS over TCP: what is answered must not depend on how the bytes were cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "server/stream.h"
#include "server/worker.h"
#include "zone/wire.h"

enum { IN_MAX = 200 * 1000, OUT_MAX = 400 * 1000 };

struct kit {
	struct dataset dataset;
	struct worker worker;
	struct addr peer;
	struct stream_call call;
	uint8_t in[IN_MAX], out[OUT_MAX], window[100 * 1024];
	size_t in_len, out_len;
};

/* A node without zones refuses, and tells its name: answers enough for framing. */
static int setup(void **ret_state)
{
	struct kit *kit = calloc(1, sizeof *kit);

	kit->dataset.zones = zone_set_new(1);
	kit->dataset.identity = (struct zone_identity){
		.nsid = SPAN_TEXT("fra1"), .node = SPAN_TEXT("fra1"), .version = SPAN_TEXT("Catchment"),
		.release = SPAN_TEXT("local"), .generation = 1,
	};
	kit->dataset.respond = (struct respond_env){
		.zones = kit->dataset.zones, .identity = &kit->dataset.identity, .udp_max_payload = 1232,
	};
	kit->dataset.tcp_idle_ms = 10000;
	kit->dataset.tcp_io_ms = 500;
	kit->dataset.tcp_max_clients = 1000;
	kit->worker.dataset = &kit->dataset;
	kit->worker.of = 3;
	kit->peer.v4.sin_family = AF_INET;
	kit->call = (struct stream_call){ .worker = &kit->worker, .peer = &kit->peer };
	*ret_state = kit;
	return 0;
}

static int teardown(void **state)
{
	struct kit *kit = *state;

	zone_set_free(kit->dataset.zones);
	free(kit);
	return 0;
}

static uint64_t counter(const struct kit *kit, enum counter counter)
{
	return counters_get(&kit->worker.counters, counter);
}

/* Adds a frame to the input. */
static void add(struct kit *kit, const uint8_t *message, size_t len)
{
	dns_put_u16(kit->in + kit->in_len, (uint16_t)len);
	if (len > 0)
		memcpy(kit->in + kit->in_len + 2, message, len);
	kit->in_len += 2 + len;
}

static void add_query(struct kit *kit, uint16_t id, uint16_t flags, uint16_t class, const char *name, size_t name_len)
{
	uint8_t message[DNS_HEADER_BYTES + DNS_NAME_MAX + 4] = { 0 };

	dns_put_u16(message, id);
	dns_put_u16(message + 2, flags);
	dns_put_u16(message + 4, 1);
	memcpy(message + DNS_HEADER_BYTES, name, name_len);
	dns_put_u16(message + DNS_HEADER_BYTES + name_len, DNS_TXT);
	dns_put_u16(message + DNS_HEADER_BYTES + name_len + 2, class);
	add(kit, message, DNS_HEADER_BYTES + name_len + 4);
}

#define ID_SERVER "\2id\6server"
#define WWW "\3www\7example"

/* Feeds in[from, to) as the stream server does: with what was left over, again while asked to. */
static struct stream_feed feed(struct kit *kit, size_t *from, size_t to, size_t room)
{
	struct stream_feed feed;

	do {
		feed = dns_tcp_protocol.feed(&kit->call, (struct span){ kit->in + *from, to - *from }, false,
					     kit->window, room);
		assert_true(feed.produced <= room);
		assert_true(feed.consumed <= to - *from);
		assert_true(!feed.again || feed.produced > 0);
		assert_true(feed.messages == 0 || feed.consumed > 0);
		memcpy(kit->out + kit->out_len, kit->window, feed.produced);
		kit->out_len += feed.produced;
		*from += feed.consumed;
	} while (feed.again);
	return feed;
}

static void answers_are_framed_and_in_order(void **state)
{
	struct kit *kit = *state;
	size_t from = 0, at = 0;

	for (uint16_t id = 1; id <= 5; id++)
		add_query(kit, id, id == 3 ? DNS_RD : 0, id % 2 ? DNS_CLASS_CH : DNS_CLASS_IN,
			  id % 2 ? ID_SERVER : WWW, id % 2 ? sizeof ID_SERVER : sizeof WWW);
	struct stream_feed last = feed(kit, &from, kit->in_len, dns_tcp_protocol.out_bytes);
	assert_int_equal(from, kit->in_len);
	assert_int_equal(last.messages, 5);
	assert_false(last.busy || last.close || last.fault);
	for (uint16_t id = 1; id <= 5; id++) {
		const uint8_t *message = kit->out + at + 2;

		assert_int_equal(dns_get_u16(message), id);
		assert_true(dns_get_u16(message + 2) & DNS_QR);
		assert_int_equal(dns_get_u16(message + 2) & DNS_RCODE, id % 2 ? DNS_NOERROR : DNS_REFUSED);
		assert_int_equal(dns_get_u16(message + 6), id % 2);
		at += 2 + dns_get_u16(kit->out + at);
	}
	assert_int_equal(at, kit->out_len);
	assert_int_equal(counter(kit, COUNTER_DNS_TCP4_QUERIES), 5);
	assert_int_equal(counter(kit, COUNTER_DNS_RESPONSES), 5);
	assert_int_equal(counter(kit, COUNTER_DNS_NOERROR), 3);
	assert_int_equal(counter(kit, COUNTER_DNS_REFUSED), 2);

	kit->peer.any.sa_family = AF_INET6;
	from = 0;
	feed(kit, &from, kit->in_len, dns_tcp_protocol.out_bytes);
	assert_int_equal(counter(kit, COUNTER_DNS_TCP6_QUERIES), 5);
	assert_int_equal(counter(kit, COUNTER_DNS_TCP4_QUERIES), 5);
}

/* Every place for a cut, and every pair of places. */
static void cuts_change_nothing(void **state)
{
	struct kit *kit = *state;
	size_t from = 0;

	add_query(kit, 1, 0, DNS_CLASS_CH, ID_SERVER, sizeof ID_SERVER);
	add_query(kit, 2, 0, DNS_CLASS_IN, WWW, sizeof WWW);
	add_query(kit, 3, 0, DNS_CLASS_CH, ID_SERVER, sizeof ID_SERVER);
	feed(kit, &from, kit->in_len, dns_tcp_protocol.out_bytes);
	size_t whole_len = kit->out_len;
	uint8_t *whole = malloc(whole_len);
	memcpy(whole, kit->out, whole_len);

	for (size_t one = 0; one <= kit->in_len; one++) {
		for (size_t two = one; two <= kit->in_len; two++) {
			struct stream_feed last;

			from = kit->out_len = 0;
			last = feed(kit, &from, one, dns_tcp_protocol.out_bytes);
			assert_int_equal(last.busy, from < one);
			feed(kit, &from, two, dns_tcp_protocol.out_bytes);
			last = feed(kit, &from, kit->in_len, dns_tcp_protocol.out_bytes);
			assert_false(last.busy || last.close);
			assert_int_equal(kit->out_len, whole_len);
			assert_memory_equal(kit->out, whole, whole_len);
		}
	}
	free(whole);
}

static void a_full_buffer_is_written_before_more(void **state)
{
	struct kit *kit = *state;
	enum { QUERIES = 3000 };
	size_t from = 0, at = 0;

	for (uint16_t id = 0; id < QUERIES; id++)
		add_query(kit, id, 0, DNS_CLASS_CH, ID_SERVER, sizeof ID_SERVER);
	struct stream_feed first = dns_tcp_protocol.feed(&kit->call, (struct span){ kit->in, kit->in_len }, false,
							 kit->window, dns_tcp_protocol.out_bytes);
	assert_true(first.again);
	assert_true(first.produced <= dns_tcp_protocol.out_bytes);
	assert_true(first.produced > dns_tcp_protocol.out_bytes - 2 - DNS_MESSAGE_MAX);
	feed(kit, &from, kit->in_len, dns_tcp_protocol.out_bytes);
	for (uint16_t id = 0; id < QUERIES; id++) {
		assert_int_equal(dns_get_u16(kit->out + at + 2), id);
		at += 2 + dns_get_u16(kit->out + at);
	}
	assert_int_equal(at, kit->out_len);
}

/* What cannot be a query's frame: the answers before it stay, nothing after it counts. */
static void a_broken_frame_ends_it(void **state)
{
	struct kit *kit = *state;
	static const struct {
		const char *why;
		uint16_t len, flags;
		size_t cut;	/* bytes of the frame that are there already */
	} rows[] = {
		{ "empty", 0, 0, 2 },
		{ "no header", 1, 0, 3 },
		{ "short header", DNS_HEADER_BYTES - 1, 0, 2 },
		{ "a response", DNS_HEADER_BYTES, DNS_QR, 2 + DNS_HEADER_BYTES },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t message[DNS_HEADER_BYTES] = { 0 };
		size_t from = 0;

		kit->in_len = kit->out_len = 0;
		add_query(kit, 9, 0, DNS_CLASS_CH, ID_SERVER, sizeof ID_SERVER);
		size_t good = kit->in_len;
		dns_put_u16(message + 2, rows[i].flags);
		add(kit, message, rows[i].len);
		struct stream_feed last = feed(kit, &from, good + rows[i].cut, dns_tcp_protocol.out_bytes);
		if (!last.close || !last.fault || last.busy || last.messages != 1)
			fail_msg("%s", rows[i].why);
		assert_int_equal(from, good);
		assert_int_equal(kit->out_len, 2 + dns_get_u16(kit->out));
	}
}

static void half_a_frame_is_waited_for(void **state)
{
	struct kit *kit = *state;
	uint8_t *message = calloc(1, DNS_MESSAGE_MAX);
	size_t from = 0;

	/* The largest there is; more than a header of it is rubbish, and gets an answer that says so. */
	memset(message + DNS_HEADER_BYTES, 0xff, DNS_MESSAGE_MAX - DNS_HEADER_BYTES);
	dns_put_u16(message, 4711);
	dns_put_u16(message + 4, 1);
	add(kit, message, DNS_MESSAGE_MAX);
	free(message);
	for (size_t to = 0; to < kit->in_len; to += 4001) {
		struct stream_feed last = feed(kit, &from, to, dns_tcp_protocol.out_bytes);

		assert_int_equal(from, 0);
		assert_int_equal(last.busy, to > 0);
		assert_false(last.close);
	}
	assert_true(kit->in_len <= dns_tcp_protocol.pending_max);
	feed(kit, &from, kit->in_len, dns_tcp_protocol.out_bytes);
	assert_int_equal(from, kit->in_len);
	assert_int_equal(dns_get_u16(kit->out + 2), 4711);
	assert_int_equal(dns_get_u16(kit->out + 4) & DNS_RCODE, DNS_FORMERR);
}

static void limits_come_from_the_dataset(void **state)
{
	struct kit *kit = *state;

	assert_int_equal(dns_tcp_protocol.idle_ms(&kit->worker), 10000);
	assert_int_equal(dns_tcp_protocol.io_ms(&kit->worker), 500);
	assert_int_equal(dns_tcp_protocol.max_clients(&kit->worker), 334);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_are_framed_and_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_change_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_buffer_is_written_before_more, setup, teardown),
		cmocka_unit_test_setup_teardown(a_broken_frame_ends_it, setup, teardown),
		cmocka_unit_test_setup_teardown(half_a_frame_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_come_from_the_dataset, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
