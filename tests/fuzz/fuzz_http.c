/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of requests, read whole and read in pieces (the first byte seeds their sizes), must be answered with the
 * same bytes; and no Location may lead anywhere but to the configured servers. */
#include <assert.h>

#include "conf/base/mem.h"
#include "conf/conf.h"
#include "redirect/http.h"
#include "redirect/sites.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The shortest request that is answered has 26 bytes, its answer about 300. */
enum { STREAM_MAX = 64 << 10, ANSWERS_MAX = 1 << 20 };

static struct redirect_sites *make_sites(void)
{
	static char node[] = "fra1", none[] = "", file[] = "fuzz.yaml", writes[] = "https://w.example";
	static char name[] = "a.example", suffix[] = "*.b.example", here[] = "https://{node}.example/p/",
		    host[] = "http://{host}";
	static char *names[] = { name }, *suffixes[] = { suffix };
	static struct conf_target heres[] = { { .url = here, .weight = 1 }, { .url = here, .weight = 3 } };
	static struct conf_target hosts[] = { { .url = host, .weight = 1 } };
	static struct conf_site sites[] = {
		{ .hosts = names,
		  .host_count = 1,
		  .status = 302,
		  .targets = heres,
		  .target_count = 2,
		  .writes = writes },
		{ .hosts = suffixes, .host_count = 1, .status = 307, .targets = hosts, .target_count = 1 },
	};
	struct conf conf = { .file = file, .node = { node, none, none }, .sites = sites, .site_count = 2 };
	struct redirect_sites *made = NULL;
	struct err_list errors = { 0 };

	redirect_sites_new(&conf, &made, &errors);
	return made;
}

/* seed 0: all in one read. */
static size_t answer(const struct redirect_sites *sites, const uint8_t *data, size_t size, uint8_t seed, uint8_t *out)
{
	struct redirect_http http = { 0 };
	struct redirect_env env = { .sites = sites, .date = "Thu, 01 Jan 1970 00:00:00 GMT" };
	struct redirect_fed fed;
	size_t len = 0;
	unsigned random = seed;

	while (size != 0) {
		size_t step = seed == 0 ? size : 1 + (random = random * 1103515245u + 12345u) / 65536u % 40;
		uint8_t *in = mem_copy(data, step < size ? step : size);

		step = step < size ? step : size;
		redirect_http_feed(&http, &env, in, step, out + len, REDIRECT_HTTP_OUT_MIN, &fed);
		assert(fed.consumed == step || fed.full);
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
	for (const char *at = (const char *)whole; (at = strstr(at, "\r\nLocation: ")) != NULL; at++) {
		const char *url = at + 12;
		size_t authority = strcspn(url + 7, "/") + 7;

		assert(strncmp(url, "https://fra1.example/p/", 23) == 0 || strncmp(url, "https://w.example/", 18) == 0
		       || strncmp(url + authority - 10, ".b.example", 10) == 0);
	}
	return 0;
}
