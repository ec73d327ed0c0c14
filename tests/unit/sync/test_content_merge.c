/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/content.h"

enum { TEXT = 4096 };

static char said[TEXT];

static void say(void *ctx, const char *text)
{
	(void)ctx;
	snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", text);
}

static struct conf *parse(const char *sites)
{
	char *text = mem_format("node: {name: n1}\nstate-dir: /s\nredirect: {listen: [127.0.0.1@80]}\n%s", sites);
	struct err_list errors = { 0 };
	struct conf *conf;

	if (conf_parse("node.yaml", text, strlen(text), &conf, &errors) != 0)
		fail_msg("%s: %s", text, errors.notes[0].text);
	mem_free(text);
	return conf;
}

/* "a,b -> URL /x /y" for each site. */
static void print(const struct conf *conf, char *out)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < conf->site_count; i++) {
		const struct conf_site *site = &conf->sites[i];

		for (size_t j = 0; j < site->host_count; j++)
			len += (size_t)snprintf(out + len, TEXT - len, "%s%s", j > 0 ? "," : "", site->hosts[j]);
		len += (size_t)snprintf(out + len, TEXT - len, " -> %s", site->target_count > 0 ? site->targets[0].url : "-");
		for (size_t j = 0; j < site->file_count; j++)
			len += (size_t)snprintf(out + len, TEXT - len, " %s=%s", site->files[j].path, site->files[j].file);
		len += (size_t)snprintf(out + len, TEXT - len, "\n");
	}
}

struct row {
	const char *own;		/* of the configuration */
	const char *content[2];		/* of content: sites.yaml, in order */
	const char *files[3][3];	/* of content: host, path, file */
	const char *merged, *said;
};

#define SITE(hosts, url) "- hosts: [" hosts "]\n  targets: [{url: 'https://" url "'}]\n"
#define SITE_FILE(hosts, url, path, file) SITE(hosts, url) "  files: [{path: " path ", file: " file "}]\n"

static const struct row rows[] = {
	{ "", { NULL }, { { NULL } }, "", "" },
	{ "sites:\n" SITE("a.test", "own"), { NULL }, { { NULL } }, "a.test -> https://own\n", "" },
	{ "", { "sites:\n" SITE("a.test", "one"), "sites:\n" SITE("b.test", "two") }, { { NULL } },
	  "a.test -> https://one\nb.test -> https://two\n", "" },
	/* The configuration wins, host by host and whatever the case. */
	{ "sites:\n" SITE("a.test", "own"), { "sites:\n" SITE("A.test, b.test", "one") }, { { NULL } },
	  "a.test -> https://own\nb.test -> https://one\n",
	  "site A.test: of content, but answered by a site of the configuration or before it\n" },
	{ "sites:\n" SITE("a.test", "own"), { "sites:\n" SITE("a.test", "one") }, { { NULL } }, "a.test -> https://own\n",
	  "site a.test: of content, but answered by a site of the configuration or before it\n" },
	/* Of two sites of content the first. */
	{ "", { "sites:\n" SITE("a.test", "one"), "sites:\n" SITE("a.test", "two") }, { { NULL } }, "a.test -> https://one\n",
	  "site a.test: of content, but answered by a site of the configuration or before it\n" },
	/* A pattern and a name under it are two. */
	{ "sites:\n" SITE("'*.test'", "own"), { "sites:\n" SITE("a.test", "one") }, { { NULL } },
	  "*.test -> https://own\na.test -> https://one\n", "" },
	/* Files of a host that has a site stand beside what that has. */
	{ "sites:\n" SITE_FILE("a.test", "own", "/x", "/f/x"), { NULL }, { { "a.test", "/y", "/b/y" }, { "a.test", "/x", "/b/x" } },
	  "a.test -> https://own /x=/f/x /y=/b/y\n",
	  "file a.test/x: of content, but answered by the configuration or a site\n" },
	{ "", { "sites:\n" SITE("a.test", "one") }, { { "A.TEST", "/y", "/b/y" } }, "a.test -> https://one /y=/b/y\n", "" },
	/* Of a host without one: a site of files alone. */
	{ "", { NULL }, { { "a.test", "/x", "/b/x" }, { "a.test", "/y", "/b/y" }, { "b.test", "/x", "/b/z" } },
	  "a.test -> - /x=/b/x /y=/b/y\nb.test -> - /x=/b/z\n", "" },
	/* Of a host that a pattern answers for: that goes on, the longest one. */
	{ "sites:\n" SITE("'*.test'", "own") SITE("'*.a.test'", "longer"), { NULL }, { { "x.a.test", "/x", "/b/x" } },
	  "*.test -> https://own\n*.a.test -> https://longer\nx.a.test -> https://longer /x=/b/x\n", "" },
	{ "sites:\n" SITE_FILE("'*'", "all", "/x", "/f/x"), { NULL }, { { "a.test", "/x", "/b/x" }, { "a.test", "/y", "/b/y" } },
	  "* -> https://all /x=/f/x\na.test -> https://all /x=/f/x /y=/b/y\n",
	  "file a.test/x: of content, but answered by the configuration or a site\n" },
};

static void expect(const struct row *row)
{
	struct conf *own = parse(row->own), *merged = mem_alloc(sizeof *merged);
	struct content content = { 0 };
	struct conf *sites[2];
	struct conf_static_file files[3];
	char *hosts[3], text[TEXT], before[TEXT];
	struct err_list errors = { 0 };

	for (size_t i = 0; i < 2 && row->content[i] != NULL; i++) {
		assert_int_equal(conf_parse_sites("/b/sites.yaml", row->content[i], strlen(row->content[i]), own, &sites[i],
						  &errors), 0);
		content.site_count++;
	}
	for (size_t i = 0; i < 3 && row->files[i][0] != NULL; i++) {
		hosts[i] = (char *)(uintptr_t)row->files[i][0];
		files[i] = (struct conf_static_file){
			.path = (char *)(uintptr_t)row->files[i][1], .file = (char *)(uintptr_t)row->files[i][2],
		};
		content.file_count++;
	}
	content.sites = sites;
	content.files = files;
	content.file_hosts = hosts;
	said[0] = '\0';
	print(own, before);
	content_merge(&content, own, merged, say, NULL);
	print(merged, text);
	assert_string_equal(text, row->merged);
	/* Faults of a site that came are told of its own file. */
	for (size_t i = 0; i < merged->site_count; i++) {
		if (i < own->site_count)
			assert_null(merged->sites[i].source);
		else if (content.file_count == 0)
			assert_string_equal(merged->sites[i].source, "/b/sites.yaml");
	}
	assert_string_equal(said, row->said);
	content_unmerge(merged);
	/* Nobody needs to listen, and what is merged is not changed by it. */
	content_merge(&content, own, merged, NULL, NULL);
	content_unmerge(merged);
	print(own, text);
	assert_string_equal(text, before);
	for (size_t i = 0; i < content.site_count; i++)
		conf_free(sites[i]);
	err_list_fini(&errors);
	mem_free(merged);
	conf_free(own);
}

static void test_merges(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(&rows[i]);
}

/* No content at all: the configuration as it is. */
static void test_without(void **state)
{
	struct conf *own = parse("sites:\n" SITE("a.test", "own")), *merged = mem_alloc(sizeof *merged);
	char text[TEXT];

	(void)state;
	content_merge(NULL, own, merged, say, NULL);
	print(merged, text);
	assert_string_equal(text, "a.test -> https://own\n");
	content_unmerge(merged);
	mem_free(merged);
	conf_free(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merges),
		cmocka_unit_test(test_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
