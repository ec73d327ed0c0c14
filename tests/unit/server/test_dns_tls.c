/* SPDX-License-Identifier: Apache-2.0 */
/* DNS over TLS: the framing of DNS over TCP inside of records, counted as what it is. */
#include "tests/unit/server/tls_kit.h"

#include "zone/wire.h"

struct node {
	struct kit *kit;
	struct dataset dataset;
};

/* A node without zones: it refuses, which is answer enough. */
static int setup(void **ret_state)
{
	struct node *node = calloc(1, sizeof *node);
	static const char *const names[] = { "one" };
	void *kit;

	node->dataset.zones = zone_set_new(1);
	node->dataset.identity = (struct zone_identity){ .node = SPAN_TEXT("n"), .release = SPAN_TEXT("local") };
	node->dataset.respond = (struct respond_env){
		.zones = node->dataset.zones, .identity = &node->dataset.identity, .udp_max_payload = 1232,
	};
	node->dataset.tcp_idle_ms = 1000 * 1000;
	node->dataset.tcp_io_ms = 500;
	node->dataset.tcp_max_clients = node->dataset.tcp_max_per_client = 1000;
	tls_files_setup(&kit);
	tls_make_pair("one", &(struct tls_make){ 0 });
	node->dataset.tls[DATASET_TLS_DNS] = (struct dataset_tls){ .certs = tls_kit_load(NULL, names, 1) };
	tls_kit_session = NULL;
	tls_kit_context = SSL_CTX_new(TLS_client_method());
	kit_setup_with(&kit, &dns_tls_protocol);
	node->kit = kit;
	node->kit->worker.dataset = &node->dataset;
	*ret_state = node;
	return 0;
}

static int teardown(void **state)
{
	struct node *node = *state;
	void *kit = node->kit;

	kit_teardown(&kit);
	tls_certs_release(node->dataset.tls[DATASET_TLS_DNS].certs);
	zone_set_free(node->dataset.zones);
	SSL_CTX_free(tls_kit_context);
	free(node);
	return tls_files_teardown(&kit);
}

static SSL *client(struct node *node)
{
	uint64_t accepted = kit_counter(node->kit, COUNTER_DNS_TLS_ACCEPTED);
	SSL *ssl = SSL_new(tls_kit_context);

	SSL_set_fd(ssl, kit_connect(node->kit));
	SSL_set_connect_state(ssl);
	kit_wait(node->kit, kit_counter(node->kit, COUNTER_DNS_TLS_ACCEPTED) == accepted + 1);
	tls_shake(node->kit, ssl);
	return ssl;
}

static size_t query(uint8_t *out, uint16_t id)
{
	static const char question[] = "\3www\7example\0\0\1\0\1";

	memset(out, 0, 2 + DNS_HEADER_BYTES);
	dns_put_u16(out, DNS_HEADER_BYTES + sizeof question - 1);
	dns_put_u16(out + 2, id);
	dns_put_u16(out + 6, 1);
	memcpy(out + 2 + DNS_HEADER_BYTES, question, sizeof question - 1);
	return 2 + DNS_HEADER_BYTES + sizeof question - 1;
}

static void read_exactly(struct node *node, SSL *ssl, uint8_t *buf, size_t len)
{
	int reason;

	for (size_t got = 0; got < len;) {
		int n = tls_until(node->kit, ssl, SSL_read(ssl, buf + got, (int)(len - got)), &reason);

		assert_true(n > 0);
		got += (size_t)n;
	}
}

static void queries_are_answered_in_order(void **state)
{
	enum { QUERIES = 300 };
	struct node *node = *state;
	SSL *ssl = client(node);
	uint8_t packets[QUERIES * 64], answer[600];
	size_t len = 0;
	int reason;

	for (uint16_t id = 0; id < QUERIES; id++)
		len += query(packets + len, id);
	assert_int_equal(tls_until(node->kit, ssl, SSL_write(ssl, packets, (int)len), &reason), len);
	for (uint16_t id = 0; id < QUERIES; id++) {
		read_exactly(node, ssl, answer, 2);
		size_t size = dns_get_u16(answer);
		assert_in_range(size, DNS_HEADER_BYTES, sizeof answer);
		read_exactly(node, ssl, answer, size);
		assert_int_equal(dns_get_u16(answer), id);
		assert_int_equal(dns_get_u16(answer + 2) & DNS_RCODE, DNS_REFUSED);
	}
	assert_int_equal(kit_counter(node->kit, COUNTER_DNS_TLS4_QUERIES), QUERIES);
	assert_int_equal(kit_counter(node->kit, COUNTER_DNS_TCP4_QUERIES), 0);
	assert_int_equal(kit_counter(node->kit, COUNTER_DNS_TLS_HANDSHAKES), 1);
	tls_client_fini(ssl);
}

static void a_broken_frame_ends_it(void **state)
{
	struct node *node = *state;
	SSL *ssl = client(node);
	int reason;

	assert_int_equal(tls_until(node->kit, ssl, SSL_write(ssl, "\0\5hello", 7), &reason), 7);
	tls_expect_end(node->kit, ssl);
	assert_int_equal(kit_counter(node->kit, COUNTER_DNS_TLS_ERRORS), 1);
	tls_client_fini(ssl);
}

/* RFC 8467, 4.1: who pads gets a padded answer, since only an observer of this transport could tell sizes. */
static void who_pads_gets_padding(void **state)
{
	static const uint8_t opt[] = { 0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 4, 0, 0, 0, 0 };
	struct node *node = *state;
	SSL *ssl = client(node);
	uint8_t packet[128], head[2];
	size_t len = query(packet, 1);
	int reason;

	memcpy(packet + len, opt, sizeof opt);
	len += sizeof opt;
	dns_put_u16(packet, (uint16_t)(len - 2));
	dns_put_u16(packet + 12, 1);
	assert_int_equal(tls_until(node->kit, ssl, SSL_write(ssl, packet, (int)len), &reason), len);
	read_exactly(node, ssl, head, 2);
	assert_int_equal(dns_get_u16(head), 468);
	tls_client_fini(ssl);
}

static void limits_come_from_the_dataset(void **state)
{
	struct node *node = *state;
	const struct worker *worker = &node->kit->worker;

	node->dataset.tcp_idle_ms = 10000;
	assert_int_equal(dns_tls_protocol.idle_ms(worker), 10000);
	assert_int_equal(dns_tls_protocol.io_ms(worker), 500);
	assert_int_equal(dns_tls_protocol.opening_ms(worker), 2000);
	assert_int_equal(dns_tls_protocol.max_clients(worker), 1000);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(queries_are_answered_in_order), TEST(a_broken_frame_ends_it), TEST(who_pads_gets_padding),
		TEST(limits_come_from_the_dataset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
