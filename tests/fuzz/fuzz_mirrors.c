/* SPDX-License-Identifier: Apache-2.0 */
/* A path and query to wishes, Link fields and documents: what is not ours comes through byte for byte, everything
 * stays in its bounds, no byte of a request opens a tag or an attribute, and the same request gives the same bytes.
 * */
#include <assert.h>

#include "conf/base/mem.h"
#include "conf/conf.h"
#include "redirect/mirrors.h"
#include "redirect/request.h"
#include "redirect/sites.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct redirect_sites *make_sites(void)
{
	static char node[] = "fra1", none[] = "", file[] = "fuzz.yaml", name[] = "a.example", geo[] = "de";
	static char here[] = "https://{node}.example/p", host[] = "https://f.example/{host}", plain[] = "http://m.example";
	static char *names[] = { name };
	static struct conf_target targets[] = { { .url = here, .weight = 1 } };
	static struct conf_target fallback[] = { { .url = host, .weight = 1, .node = geo } };
	static struct conf_mirror mirrors[] = { { .url = plain, .node = node, .geo = geo } };
	static struct conf_site site = { .hosts = names, .host_count = 1, .status = 302, .targets = targets,
					 .target_count = 1, .fallback = fallback, .fallback_count = 1,
					 .mirrors = mirrors, .mirror_count = 1, .links = 8 };
	struct conf conf = { .file = file, .node = { node, none, none }, .sites = &site, .site_count = 1 };
	struct redirect_sites *made = NULL;
	struct err_list errors = { 0 };

	redirect_sites_new(&conf, &made, &errors);
	return made;
}

static size_t count(const uint8_t *text, size_t len, char byte)
{
	size_t found = 0;

	for (size_t i = 0; i < len; i++)
		found += text[i] == byte;
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct redirect_sites *sites;
	static uint8_t out[REDIRECT_DOCUMENT_MAX], again[REDIRECT_DOCUMENT_MAX];
	const struct span target = { data, size };

	if (sites == NULL)
		sites = make_sites();
	/* As a parser gives it. */
	if (size > REDIRECT_LINE_MAX || (size != 0 && data[0] != '/' && data[0] != '?') || !redirect_uri_legal(target))
		return 0;
	const struct redirect_site *site = redirect_sites_at(sites, 0);
	uint8_t *scratch = mem_alloc(REDIRECT_LINE_MAX), *links = mem_alloc(REDIRECT_LINKS_MAX);
	struct redirect_wishes wishes;
	redirect_mirrors_wishes(site, target, scratch, &wishes);
	assert(wishes.path.len + wishes.query.len <= size && wishes.path.at == data);
	assert(wishes.query.len == 0 || wishes.query.at[0] == '?');
	assert(redirect_uri_legal(wishes.query));
	assert(wishes.avoid_count != 0 || wishes.wish != REDIRECT_WISH_FILE
	       || wishes.path.len + wishes.query.len == size);

	struct redirect_mirrors_of of = { .site = site, .wishes = &wishes, .host = SPAN_TEXT("a.example"),
					  .family = REDIRECT_IPV6, .tls = size & 1 };
	size_t len = redirect_mirrors_links(&of, links);
	assert(len <= REDIRECT_LINKS_MAX && count(links, len, '<') == count(links, len, '>'));
	for (struct span rest = { links, len }, link; rest.len != 0;) {
		link = redirect_mirrors_next_link(&rest);
		assert(link.at[0] == '<' && count(link.at, link.len, '<') == 1);
	}

	len = redirect_mirrors_meta4(&of, out);
	assert(len == redirect_mirrors_meta4(&of, again) && memcmp(out, again, len) == 0);
	/* The first line, and two for metalink, generator, file and each place. */
	assert(len == 0 || (count(out, len, '<') == count(out, len, '>') && count(out, len, '<') <= 7 + 3 * 2));
	assert(len == 0 || memcmp(out + len - 12, "</metalink>\n", 12) == 0);

	len = redirect_mirrors_list(&of, out);
	assert(len == 0 || (count(out, len, '<') == count(out, len, '>') && memcmp(out + len - 8, "</html>\n", 8) == 0));
	mem_free(scratch);
	mem_free(links);
	return 0;
}
