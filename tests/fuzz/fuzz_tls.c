/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS over TLS and HTTPS (bit 3 of byte 0) from both ends. Byte 0 chooses, byte 1 seeds the cuts, the rest is what is sent: as
 * it is (bit 0 clear), or by a client that has shaken hands (bit 1: TLS 1.2; bit 4: offers HTTP/2, which is spoken then),
 * which seals it in records of seeded lengths and then sends the last part of it bare. Whatever comes, the layer keeps its
 * promises to server/stream and leaves nothing behind.
 */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "redirect/sites.h"
#include "server/access_log.h"
#include "server/stream.h"
#include "server/tls.h"
#include "server/tls_stage.h"
#include "server/worker.h"

enum { INPUT_MAX = 32 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dataset dataset;
static struct worker worker;
static SSL_CTX *clients;
static struct site_counters *site_counters;
static struct access_log *access_log;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

static void write_file(char *path, X509 *cert, EVP_PKEY *key)
{
	FILE *file = fdopen(mkstemp(path), "w");

	require(file != NULL);
	require((cert != NULL ? PEM_write_X509(file, cert) : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)) == 1);
	fclose(file);
}

/* One site for every host, without files. */
static void start_sites(struct conf *conf)
{
	struct conf_target target = { .url = (char[]){ "https://c.example" }, .weight = 1, .line = 2 };
	char *hosts[] = { (char[]){ "*" } };
	struct conf_site site = {
		.hosts = hosts, .host_count = 1, .status = 302, .targets = &target, .target_count = 1, .line = 1,
	};
	struct err_list errors = { 0 };

	conf->file = (char[]){ "node.yaml" };
	conf->node.name = (char[]){ "n" };
	conf->node.region = (char[]){ "" };
	conf->sites = &site;
	conf->site_count = 1;
	require(redirect_sites_new(conf, &dataset.sites, &errors) == 0);
	site_counters = site_counters_take(redirect_sites_at(dataset.sites, 0), 1, NULL, NULL);
	dataset.site_counters = &site_counters;
	access_log = access_log_new(1);
}

static void start(void)
{
	char cert_path[] = "/tmp/catchment-fuzz-cert.XXXXXX", key_path[] = "/tmp/catchment-fuzz-key.XXXXXX";
	struct conf_certificate pair = { .cert = cert_path, .key = key_path };
	struct conf conf = { .dns.tls = { .present = true, .certificates = &pair, .certificate_count = 1, .http2 = true } };
	struct err_list errors = { 0 };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 90L * 24 * 3600);
	X509_set_pubkey(cert, key);
	require(X509_sign(cert, key, EVP_sha256()) > 0);
	write_file(cert_path, cert, NULL);
	write_file(key_path, NULL, key);
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	conf.redirect.tls = conf.dns.tls;
	require(tls_stage_load(&conf, false, dataset.tls, &errors) == 0);
	start_sites(&conf);
	unlink(cert_path);
	unlink(key_path);
	X509_free(cert);
	EVP_PKEY_free(key);
	dataset.zones = zone_set_new(1);
	dataset.identity = (struct zone_identity){ .node = SPAN_TEXT("n"), .release = SPAN_TEXT("local") };
	dataset.respond = (struct respond_env){
		.zones = dataset.zones, .identity = &dataset.identity, .udp_max_payload = 1232,
	};
	worker.dataset = &dataset;
	worker.of = 1;
	clients = SSL_CTX_new(TLS_client_method());
}

/* One connection, as server/stream would run it. */
struct node {
	const struct stream_protocol *protocol;
	struct stream_call call;
	uint8_t *out, in[TLS_RECORD_MAX];
	size_t held;
	bool closed;
	BIO *answers;	/* NULL: nobody reads them */
};

static void node_take(struct node *node, const uint8_t *bytes, size_t len)
{
	struct stream_feed feed;

	if (node->closed || node->held + len > node->protocol->pending_max)
		return;
	memcpy(node->in + node->held, bytes, len);
	node->held += len;
	do {
		/* An exact copy, for the address sanitizer. */
		uint8_t *copy = malloc(node->held + 1);

		memcpy(copy, node->in, node->held);
		atomic_fetch_add(&worker.turns, 1);
		feed = node->protocol->feed(&node->call, (struct span){ copy, node->held }, false, node->out,
					    node->protocol->out_bytes);
		free(copy);
		require(feed.consumed <= node->held && feed.produced <= node->protocol->out_bytes);
		require(!feed.again || feed.produced > 0);
		require(!feed.later || (feed.consumed == 0 && feed.produced == 0));
		memmove(node->in, node->in + feed.consumed, node->held - feed.consumed);
		node->held -= feed.consumed;
		node->closed = feed.close;
		if (node->answers != NULL && feed.produced > 0)
			BIO_write(node->answers, node->out, (int)feed.produced);
	} while (feed.again && !feed.close);
	require(node->closed || node->held == 0 || feed.busy || feed.opening);
}

static void send_bare(struct node *node, const uint8_t *data, size_t size, uint32_t *seed)
{
	while (size > 0 && !node->closed) {
		size_t piece = 1 + next_random(seed) % (*seed & 1 ? 16 : 4096);

		piece = piece < size ? piece : size;
		node_take(node, data, piece);
		data += piece;
		size -= piece;
	}
}

/* What the client has to say goes to the node, in one piece or several. */
static void pump(struct node *node, BIO *from, uint32_t *seed)
{
	uint8_t bytes[16384];
	int len;

	while ((len = BIO_read(from, bytes, sizeof bytes)) > 0)
		send_bare(node, bytes, (size_t)len, seed);
}

static void send_sealed(struct node *node, int version, bool http2, const uint8_t *data, size_t size, uint32_t *seed)
{
	static const uint8_t h2[] = "\2h2";
	SSL *ssl = SSL_new(clients);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	size_t bare = size / 4;
	char heard[4096];

	SSL_set_bio(ssl, in, out);
	SSL_set_max_proto_version(ssl, version);
	SSL_set_connect_state(ssl);
	if (http2 && node->protocol == &https_protocol)
		SSL_set_alpn_protos(ssl, h2, sizeof h2 - 1);
	node->answers = in;
	for (int flight = 0; flight < 6 && SSL_do_handshake(ssl) != 1; flight++)
		pump(node, out, seed);
	require(SSL_is_init_finished(ssl));
	while (size > bare && !node->closed) {
		size_t piece = 1 + next_random(seed) % (*seed & 1 ? 16 : 4096);

		piece = piece < size - bare ? piece : size - bare;
		if (SSL_write(ssl, data, (int)piece) <= 0)
			break;
		data += piece;
		size -= piece;
		pump(node, out, seed);
		while (SSL_read(ssl, heard, sizeof heard) > 0)
			;
	}
	send_bare(node, data, size, seed);
	node->answers = NULL;
	SSL_free(ssl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct node node;
	static struct addr peer = { .any.sa_family = AF_INET };
	static void *shared[2];
	static const struct stream_protocol *const protocols[] = { &dns_tls_protocol, &https_protocol };

	if (size < 2 || size > INPUT_MAX)
		return 0;
	if (clients == NULL) {
		start();
		for (int i = 0; i < 2; i++) {
			shared[i] = mem_alloc(protocols[i]->shared_bytes);
			protocols[i]->init(&worker, shared[i]);
		}
	}
	int service = data[0] >> 3 & 1;
	const struct stream_protocol *protocol = protocols[service];
	worker.access = access_log_ring(access_log, 0);
	uint32_t seed = data[1];
	node = (struct node){ .protocol = protocol, .call = { .worker = &worker, .shared = shared[service], .peer = &peer } };
	node.call.state = mem_alloc(protocol->state_bytes);
	node.out = malloc(protocol->out_bytes);
	if (data[0] & 1)
		send_sealed(&node, data[0] & 2 ? TLS1_2_VERSION : TLS1_3_VERSION, data[0] & 16, data + 2, size - 2,
			    &seed);
	else
		send_bare(&node, data + 2, size - 2, &seed);
	if (data[0] & 4)
		require(protocol->timed_out(&node.call, node.out, protocol->out_bytes) <= protocol->out_bytes);
	require(protocol->goodbye(&node.call, node.out, protocol->out_bytes) < 500);
	protocol->fini(node.call.state);
	mem_free(node.call.state);
	free(node.out);
	return 0;
}
