/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/follow_bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "sync/hash.h"
#include "sync/json_view.h"
#include "sync/node_key.h"
#include "sync/zstd.h"

enum { FILES_MAX = 64 };

const char FOLLOW_BENCH_TEXT[] =
	"example. 300 NS ns.example.\nexample. 300 SOA ns.example. h.example. 1 3600 600 86400 60\nns.example. 60 A 192.0.2.1\n"
	"www.example. 60 A 192.0.2.2\nwww.example. 60 A 192.0.2.3\n";
static const char LIST[] = "{\"v\":1,\"zones\":[\"example\"],\"sites\":[\"dl\"],\"files\":[\"h.example/x.txt\"],"
			   "\"secrets\":[\"cookies/one\"]}";
static const char SITES[] = "sites:\n- hosts: [dl.example]\n  targets: [{url: 'https://c.example'}]\n";

struct blob {
	char sha256[MANIFEST_HEX];
	uint8_t *bytes;
	size_t len;
};

struct follow_bench {
	struct transport transport;	/* first: what get() is given */
	struct tuf_repo *repo;
	struct blob blobs[FILES_MAX];
	size_t blob_count;
	char spoiled[64];
	struct span spoil;
	char folder[64];
	struct conf *conf;
	struct state *state;
	struct node_key *key;
	struct follow_settings settings;
	struct content *content;
	int64_t settled;
};

static void must(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "follow_bench: %s\n", what);
	abort();
}

static void must_follow(bool fact, const char *what, const struct err_note *note)
{
	char text[sizeof *note + 16];

	if (!fact)
		fprintf(stderr, "%s\n", err_note_print(note, text, sizeof text));
	must(fact, what);
}

/* ---- the repository ---- */

static const struct blob *blob_of(const struct follow_bench *bench, const char *name)
{
	const char *slash = strrchr(name, '/');

	for (size_t i = 0; i < bench->blob_count; i++) {
		if (strncmp(slash + 1, bench->blobs[i].sha256, MANIFEST_HEX - 1) == 0)
			return &bench->blobs[i];
	}
	return NULL;
}

static int get(struct transport *transport, const char *name, uint64_t max_bytes, transport_take *take, void *ctx,
	       struct err_note *note)
{
	struct follow_bench *bench = (struct follow_bench *)transport;
	struct span bytes = { NULL, 0 };

	err_note_set(note, NULL, 0, "%.200s: not there", name);
	if (bench->spoil.at != NULL && strcmp(name, bench->spoiled) == 0) {
		bytes = bench->spoil;
	} else if (strncmp(name, "metadata/", 9) == 0) {
		const char *text = tuf_repo_served(bench->repo, name + 9);

		if (text != NULL)
			bytes = (struct span){ (const uint8_t *)text, strlen(text) };
	} else {
		const struct blob *blob = blob_of(bench, name);

		if (blob != NULL)
			bytes = (struct span){ blob->bytes, blob->len };
	}
	if (bytes.at == NULL)
		return ERR_UNKNOWN;
	/* In two pieces, of exact size for the sanitizer. */
	for (size_t at = 0, len = bytes.len / 2; at < bytes.len; at += len, len = bytes.len - at) {
		if (at + len > max_bytes)
			return ERR_LIMIT;
		uint8_t *piece = mem_copy(bytes.at + at, len);
		int err = take(ctx, (struct span){ piece, len });
		mem_free(piece);
		if (err != 0)
			return err;
	}
	return 0;
}

void follow_bench_put_loose(struct follow_bench *bench, struct span bytes, char ret_sha256[MANIFEST_HEX])
{
	uint8_t digest[HASH_SHA256_BYTES];

	hash_sha256(bytes, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, ret_sha256);
	for (size_t i = 0; i < bench->blob_count; i++) {
		if (strcmp(bench->blobs[i].sha256, ret_sha256) == 0)
			return;
	}
	must(bench->blob_count < FILES_MAX, "too many files");
	struct blob *blob = &bench->blobs[bench->blob_count++];
	memcpy(blob->sha256, ret_sha256, MANIFEST_HEX);
	blob->bytes = mem_alloc(bytes.len + 1);
	if (bytes.len > 0)
		memcpy(blob->bytes, bytes.at, bytes.len);
	blob->len = bytes.len;
}

void follow_bench_put(struct follow_bench *bench, const char *path, struct span bytes, const char *custom)
{
	char sha256[MANIFEST_HEX];

	follow_bench_put_loose(bench, bytes, sha256);
	json_t *target = json_pack("{sis{ss}}", "length", (int)bytes.len, "hashes", "sha256", sha256);
	if (custom != NULL) {
		json_t *value = json_loads(custom, JSON_DECODE_ANY, NULL);

		must(value != NULL, custom);
		json_object_set_new(target, "custom", value);
	}
	json_object_set_new(json_object_get(tuf_repo_body(bench->repo, "targets"), "targets"), path, target);
}

void follow_bench_put_text(struct follow_bench *bench, const char *path, const char *text)
{
	follow_bench_put(bench, path, (struct span){ (const uint8_t *)text, strlen(text) }, "{\"v\":1}");
}

void follow_bench_put_zone(struct follow_bench *bench, struct span text, uint32_t serial, const char *more)
{
	uint8_t digest[HASH_SHA256_BYTES], *packed;
	char sha256[MANIFEST_HEX], *custom;
	size_t len;

	hash_sha256(text, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, sha256);
	must(zstd_pack(text, 1, &packed, &len) == 0, "zstd");
	custom = mem_format("{\"v\":1,\"kind\":\"zone\",\"codec\":\"zstd\",\"fmt\":\"rr-text/1\",\"raw\":{\"length\":%zu,\"sha256\":\"%s\"},"
			    "\"serial\":%u%s%s}", text.len, sha256, serial, strstr(more, "\"head\"") != NULL ? "" : ",\"head\":1", more);
	follow_bench_put(bench, FOLLOW_BENCH_ZONE, (struct span){ packed, len }, custom);
	mem_free(packed);
	mem_free(custom);
}

void follow_bench_put_step(struct follow_bench *bench, struct span packed, size_t raw, uint32_t from, uint32_t to)
{
	char sha256[MANIFEST_HEX], *more;

	follow_bench_put_loose(bench, packed, sha256);
	more = mem_format(",\"head\":%u,\"cs\":[{\"from\":%u,\"to\":%u,\"length\":%zu,\"sha256\":\"%s\",\"raw\":%zu}]", to, from, to,
			  packed.len, sha256, raw);
	follow_bench_put_zone(bench, (struct span){ (const uint8_t *)FOLLOW_BENCH_TEXT, strlen(FOLLOW_BENCH_TEXT) }, 1, more);
	mem_free(more);
}

void follow_bench_spoil(struct follow_bench *bench, const char *name, struct span bytes)
{
	snprintf(bench->spoiled, sizeof bench->spoiled, "metadata/%s", name != NULL ? name : "");
	bench->spoil = bytes;
}

struct tuf_repo *follow_bench_repo(struct follow_bench *bench)
{
	return bench->repo;
}

/* ---- the node ---- */

static void drop_content(struct follow_bench *bench)
{
	content_release(bench->content);
	bench->content = NULL;
}

/* What was committed is what the next start loads. */
static void check_offline(struct follow_bench *bench)
{
	struct follow_settings offline = bench->settings;
	struct err_list warnings = { 0 };

	offline.transport = NULL;
	struct content *content = follow_offline(&offline, NULL, 0, &warnings);
	must_follow(content != NULL && warnings.count == 0, "what was committed loads without a network",
		    warnings.kept > 0 ? &warnings.notes[0] : &(struct err_note){ .text = "nothing is there" });
	must(manifest_same(content->manifest, bench->content->manifest), "and is what was committed");
	must(content->zone_count == bench->content->zone_count && content->site_count == bench->content->site_count
	     && content->file_count == bench->content->file_count, "as much of it");
	content_release(content);
	err_list_fini(&warnings);
}

enum follow_result follow_bench_look(struct follow_bench *bench, struct err_note *note)
{
	struct follow_outcome outcome;

	follow_refresh(&bench->settings, bench->content, TUF_REPO_NOW, &bench->settled, &outcome);
	*note = outcome.note;
	must((outcome.result == FOLLOW_NEW) == (outcome.content != NULL), "content comes with news, and with nothing else");
	must(outcome.result <= FOLLOW_SAME || outcome.note.text[0] != '\0', "a refusal has a reason");
	if (outcome.result != FOLLOW_NEW)
		return outcome.result;
	must_follow(follow_commit(&bench->settings, outcome.content, &outcome, TUF_REPO_NOW, note) == 0, "it can be committed", note);
	drop_content(bench);
	bench->content = outcome.content;
	state_collect(bench->state);
	check_offline(bench);
	return FOLLOW_NEW;
}

enum follow_result follow_bench_release(struct follow_bench *bench, struct err_note *note)
{
	static const char *const roles[] = { "targets", "snapshot", "timestamp" };

	for (size_t i = 0; i < 3; i++)
		tuf_repo_bump(bench->repo, roles[i]);
	tuf_repo_publish(bench->repo);
	return follow_bench_look(bench, note);
}

void follow_bench_put_good(struct follow_bench *bench)
{
	follow_bench_spoil(bench, NULL, (struct span){ NULL, 0 });
	json_object_clear(json_object_get(tuf_repo_body(bench->repo, "targets"), "targets"));
	for (size_t i = 0; i < bench->blob_count; i++)
		mem_free(bench->blobs[i].bytes);
	bench->blob_count = 0;
	follow_bench_put_text(bench, FOLLOW_BENCH_LIST, LIST);
	follow_bench_put_zone(bench, (struct span){ (const uint8_t *)FOLLOW_BENCH_TEXT, strlen(FOLLOW_BENCH_TEXT) }, 1, "");
	follow_bench_put_text(bench, "sites/dl/sites.yaml", SITES);
	follow_bench_put_text(bench, "files/h.example/x.txt", "hello\n");
	follow_bench_put_text(bench, "secrets/cookies/one", "{\"v\":1,\"sealed\":{}}");
}

void follow_bench_heal(struct follow_bench *bench)
{
	struct err_note note;

	follow_bench_put_good(bench);
	enum follow_result result = follow_bench_release(bench, &note);
	must_follow(result == FOLLOW_NEW || result == FOLLOW_SAME, "what is good again is followed", &note);
	must(bench->content->zone_count == 1 && bench->content->site_count == 1 && bench->content->file_count == 1,
	     "it is the good one");
}

const struct content *follow_bench_content(const struct follow_bench *bench)
{
	return bench->content;
}

struct follow_bench *follow_bench_new(void)
{
	static const char yaml[] = "node: {name: n1}\nzones: [{name: own.test, file: own.zone}]\ndns: {listen: [127.0.0.1@53]}\n"
				   "redirect: {listen: [127.0.0.1@80]}\nsync: {url: 'https://m.example', root: root.json}\n";
	struct follow_bench *bench = mem_alloc(sizeof *bench);
	struct err_list errors = { 0 };
	struct err_note note;

	/* In memory where that is: every file is synced. */
	snprintf(bench->folder, sizeof bench->folder, "%s/follow-bench.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(bench->folder) != NULL, "a folder");
	bench->transport.get = get;
	bench->repo = tuf_repo_new();
	must(conf_parse("bench.yaml", yaml, strlen(yaml), &bench->conf, &errors) == 0, "the configuration");
	must(state_open(bench->folder, &bench->state, &note, &errors) == 0, "the state folder");
	char *path = mem_format("%s/root.json", bench->folder), *key = mem_format("%s/node.key", bench->folder);
	FILE *file = fopen(path, "w");
	must(file != NULL && fputs(tuf_repo_served(bench->repo, "1.root.json"), file) >= 0 && fclose(file) == 0, "the root");
	must(state_anchor(bench->state, path, &note, &errors) == 0, "the anchor");
	must(node_key_open(key, true, &bench->key, &note) == 0, "the key");
	mem_free(path);
	mem_free(key);
	bench->settings = (struct follow_settings){
		.conf = bench->conf, .key = bench->key, .state = bench->state, .transport = &bench->transport,
	};
	err_list_fini(&errors);
	follow_bench_heal(bench);
	return bench;
}

void follow_bench_free(struct follow_bench *bench)
{
	char *command = mem_format("rm -rf '%s'", bench->folder);

	drop_content(bench);
	state_close(bench->state);
	node_key_free(bench->key);
	conf_free(bench->conf);
	tuf_repo_free(bench->repo);
	for (size_t i = 0; i < bench->blob_count; i++)
		mem_free(bench->blobs[i].bytes);
	must(system(command) == 0, command);
	mem_free(command);
	mem_free(bench);
}
