/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of requests, read whole and read in pieces (the first byte seeds their sizes), must be answered with the
 * same bytes, also when some of them wait for a presence answer; and no Location may lead anywhere but to the configured
 * servers. */
#include <assert.h>

#include "conf/base/mem.h"
#include "conf/conf.h"
#include "redirect/choose.h"
#include "redirect/http.h"
#include "redirect/sites.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The shortest request that is answered has 26 bytes; an answer about 300, the longest that a short one can have (a list
 * of mirrors) about 1,500. */
enum { STREAM_MAX = 16 << 10, ANSWERS_MAX = 2 << 20 };

static struct redirect_sites *make_sites(void)
{
	static char node[] = "fra1", none[] = "", file[] = "fuzz.yaml", writes[] = "https://w.example";
	static char name[] = "a.example", suffix[] = "*.b.example", full[] = "c.example";
	static char here[] = "https://{node}.example/p/", host[] = "http://{host}", other[] = "https://ams1.example",
		    mirror[] = "https://m.example/{host}", strip[] = "/s", ams[] = "ams1", robots[] = "/tests/*",
		    folder[] = CATCHMENT_SOURCE_DIR "/tests/fuzz/corpus/http";
	static char *names[] = { name }, *suffixes[] = { suffix }, *fulls[] = { full };
	static struct conf_target heres[] = { { .url = here, .weight = 1 }, { .url = here, .weight = 3 } };
	static struct conf_target hosts[] = { { .url = host, .weight = 1 } };
	static struct conf_target others[] = { { .url = other, .weight = 1, .node = ams } };
	static struct conf_mirror mirrors[] = { { .url = mirror } };
	static struct conf_static_file files[] = { { .path = robots, .file = folder } };
	static struct conf_site sites[] = {
		{ .hosts = names,
		  .host_count = 1,
		  .status = 302,
		  .targets = heres,
		  .target_count = 2,
		  .writes = writes },
		{ .hosts = suffixes, .host_count = 1, .status = 307, .targets = hosts, .target_count = 1 },
		{ .hosts = fulls,
		  .host_count = 1,
		  .status = 303,
		  .strip = strip,
		  .balance = CONF_BALANCE_PATH,
		  .max_age_s = 60,
		  .hsts_max_age_s = 60,
		  .presence = { .present = true, .valid_ms = 1000, .timeout_ms = 1000 },
		  .targets = heres,
		  .target_count = 2,
		  .fallback = others,
		  .fallback_count = 1,
		  .mirrors = mirrors,
		  .mirror_count = 1,
		  .links = 4,
		  .files = files,
		  .file_count = 1 },
	};
	struct conf conf = { .file = file, .node = { node, none, none }, .sites = sites, .site_count = 3 };
	struct redirect_sites *made = NULL;
	struct err_list errors = { 0 };

	redirect_sites_new(&conf, &made, &errors);
	assert(made != NULL);
	return made;
}

/* Told by the URL alone; one in four has to be asked for twice. */
static enum redirect_present present(void *ctx, const struct redirect_target *target, struct span url)
{
	bool *asked = ctx;
	uint64_t hash = redirect_choose_hash(url);

	assert(url.len > strlen("https://") && memchr(url.at, '?', url.len) == NULL && target->weight != 0);
	if (hash % 4 != 0)
		return hash % 4 == 1 ? REDIRECT_ABSENT : REDIRECT_PRESENT;
	*asked = !*asked;
	return *asked ? REDIRECT_PRESENT_SOON : REDIRECT_PRESENT;
}

/* seed 0: all in one read. */
static size_t answer(const struct redirect_sites *sites, const uint8_t *data, size_t size, uint8_t seed, uint8_t *out)
{
	static struct redirect_scratch scratch;
	const struct redirect_client client = { .family = REDIRECT_IPV4, .tls = size % 2 };
	bool asked = false, waiting = false;
	struct redirect_http http = { 0 };
	struct redirect_env env = {
		.sites = sites, .date = "Thu, 01 Jan 1970 00:00:00 GMT", .present = present, .ctx = &asked,
	};
	struct redirect_fed fed;
	size_t len = 0;
	unsigned random = seed;

	while (size != 0 || waiting) {
		size_t step = seed == 0 ? size : 1 + (random = random * 1103515245u + 12345u) / 65536u % 40;

		step = step < size ? step : size;
		uint8_t *in = mem_copy(data, step);
		redirect_http_feed(&http, &env, &client, &scratch, in, step, out + len, REDIRECT_HTTP_OUT_MIN, &fed);
		assert(fed.consumed == step || fed.full || fed.waiting);
		waiting = fed.waiting;
		data += fed.consumed;
		size -= fed.consumed;
		len += fed.produced;
		assert(len < ANSWERS_MAX - REDIRECT_HTTP_OUT_MIN);
		mem_free(in);
	}
	out[len++] = (uint8_t)(redirect_http_idle(&http) ? 'i' : 'b');
	out[len] = '\0';
	redirect_http_fini(&http);
	return len;
}

static bool is_ours(const char *url)
{
	size_t authority = strcspn(url + 7, "/") + 7;

	return strncmp(url, "https://fra1.example/p/", 23) == 0 || strncmp(url, "https://w.example/", 18) == 0
	       || strncmp(url, "https://ams1.example/", 21) == 0
	       || (authority > 10 && strncmp(url + authority - 10, ".b.example", 10) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct redirect_sites *sites;
	static uint8_t whole[ANSWERS_MAX], pieces[ANSWERS_MAX];

	if (sites == NULL)
		sites = make_sites();
	if (size == 0 || size > STREAM_MAX)
		return 0;
	size_t len = answer(sites, data + 1, size - 1, 0, whole);
	assert(answer(sites, data + 1, size - 1, data[0] | 1, pieces) == len);
	assert(memcmp(whole, pieces, len) == 0);
	for (const char *at = (const char *)whole; (at = strstr(at, "\r\nLocation: ")) != NULL; at++)
		assert(is_ours(at + 12));
	return 0;
}
