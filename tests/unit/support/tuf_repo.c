/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/tuf_repo.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_match.h"

#define EXPIRES "2030-01-01T00:00:00Z"

static void must(bool fact)
{
	if (!fact)
		abort();
}

static void key_pair(const char *name, uint8_t public_part[32], uint8_t secret[64])
{
	uint8_t seed[32];

	crypto_generichash(seed, sizeof seed, (const uint8_t *)name, strlen(name), NULL, 0);
	crypto_sign_seed_keypair(public_part, secret, seed);
}

json_t *tuf_repo_key(const char *name)
{
	uint8_t public_part[32], secret[64];
	char digits[65];

	key_pair(name, public_part, secret);
	sodium_bin2hex(digits, sizeof digits, public_part, sizeof public_part);
	return json_pack("{ssss s{ss}}", "keytype", "ed25519", "scheme", "ed25519", "keyval", "public", digits);
}

/* The canonical form of such a key has nothing to escape: jansson's sorted, compact form is the same. */
const char *tuf_repo_keyid(const char *name)
{
	static char digits[65];
	json_t *key = tuf_repo_key(name);
	char *text = json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS);
	uint8_t digest[32];

	crypto_hash_sha256(digest, (const uint8_t *)text, strlen(text));
	sodium_bin2hex(digits, sizeof digits, digest, sizeof digest);
	free(text);
	json_decref(key);
	return digits;
}

static json_t *signature_by(const char *name, const uint8_t *bytes, size_t len)
{
	uint8_t public_part[32], secret[64], signature[64];
	char digits[129];

	key_pair(name, public_part, secret);
	crypto_sign_detached(signature, NULL, bytes, len, secret);
	sodium_bin2hex(digits, sizeof digits, signature, sizeof signature);
	return json_pack("{ssss}", "keyid", tuf_repo_keyid(name), "sig", digits);
}

static void each_name(const char *names, void (*call)(void *ctx, const char *name), void *ctx)
{
	char copy[256], *rest = copy, *name;

	snprintf(copy, sizeof copy, "%s", names);
	while ((name = strsep(&rest, " ")) != NULL) {
		if (name[0] != '\0')
			call(ctx, name);
	}
}

struct signing {
	json_t *list;
	uint8_t *bytes;
	size_t len;
};

static void add_signature(void *ctx, const char *name)
{
	struct signing *signing = ctx;

	json_array_append_new(signing->list, signature_by(name, signing->bytes, signing->len));
}

char *tuf_repo_sign(json_t *body, const char *signers)
{
	struct signing signing = { .list = json_array() };
	json_t *envelope;
	char *text;

	signing.bytes = json_view_canonical((struct json_view *)body, &signing.len);
	must(signing.bytes != NULL);
	each_name(signers, add_signature, &signing);
	mem_free(signing.bytes);
	envelope = json_pack("{soso}", "signed", json_incref(body), "signatures", signing.list);
	text = json_dumps(envelope, JSON_INDENT(1));
	json_decref(envelope);
	return text;
}

static struct tuf_repo_role *role_of(struct tuf_repo *repo, const char *name)
{
	for (size_t i = 0; i < repo->role_count; i++) {
		if (strcmp(repo->roles[i].name, name) == 0)
			return &repo->roles[i];
	}
	fprintf(stderr, "no role %s\n", name);
	abort();
}

json_t *tuf_repo_body(struct tuf_repo *repo, const char *role)
{
	return role_of(repo, role)->body;
}

void tuf_repo_signers(struct tuf_repo *repo, const char *role, const char *names)
{
	snprintf(role_of(repo, role)->signers, sizeof role_of(repo, role)->signers, "%s", names);
}

void tuf_repo_set(struct tuf_repo *repo, const char *role, const char *member, const char *json)
{
	must(json_object_set_new(tuf_repo_body(repo, role), member, json_loads(json, JSON_DECODE_ANY, NULL)) == 0);
}

int64_t tuf_repo_version(struct tuf_repo *repo, const char *role)
{
	return json_integer_value(json_object_get(tuf_repo_body(repo, role), "version"));
}

void tuf_repo_set_version(struct tuf_repo *repo, const char *role, int64_t version)
{
	json_object_set_new(tuf_repo_body(repo, role), "version", json_integer(version));
}

void tuf_repo_bump(struct tuf_repo *repo, const char *role)
{
	tuf_repo_set_version(repo, role, tuf_repo_version(repo, role) + 1);
}

static void add_role(struct tuf_repo *repo, const char *name, const char *type, const char *more)
{
	struct tuf_repo_role *role = &repo->roles[repo->role_count++];
	char *text = mem_format("{\"_type\":\"%s\",\"spec_version\":\"1.0.34\",\"version\":1,\"expires\":\"" EXPIRES
				"\"%s}",
				type, more);

	must(repo->role_count <= TUF_REPO_ROLES);
	snprintf(role->name, sizeof role->name, "%s", name);
	snprintf(role->signers, sizeof role->signers, "%s", name);
	role->body = json_loads(text, 0, NULL);
	must(role->body != NULL);
	mem_free(text);
}

struct key_adding {
	json_t *keys, *ids;
};

static void add_key(void *ctx, const char *name)
{
	struct key_adding *adding = ctx;

	json_object_set_new(adding->keys, tuf_repo_keyid(name), tuf_repo_key(name));
	json_array_append_new(adding->ids, json_string(tuf_repo_keyid(name)));
}

void tuf_repo_keys(struct tuf_repo *repo, const char *role, const char *names, int threshold)
{
	json_t *root = tuf_repo_body(repo, "root");
	struct key_adding adding = { json_object_get(root, "keys"), json_array() };

	each_name(names, add_key, &adding);
	json_object_set_new(json_object_get(root, "roles"), role,
			    json_pack("{sosi}", "keyids", adding.ids, "threshold", threshold));
	tuf_repo_signers(repo, role, names);
}

void tuf_repo_target(struct tuf_repo *repo, const char *role, const char *path, const char *content)
{
	uint8_t digest[32];
	char digits[65];

	crypto_hash_sha256(digest, (const uint8_t *)content, strlen(content));
	sodium_bin2hex(digits, sizeof digits, digest, sizeof digest);
	json_object_set_new(json_object_get(tuf_repo_body(repo, role), "targets"), path,
			    json_pack("{sis{ss}}", "length", (int)strlen(content), "hashes", "sha256", digits));
}

void tuf_repo_delegate(struct tuf_repo *repo, const char *parent, const char *role, const char *match,
		       bool terminating)
{
	json_t *body = tuf_repo_body(repo, parent), *delegations = json_object_get(body, "delegations");
	bool is_new = true;
	json_t *entry;
	char *text;

	if (delegations == NULL) {
		delegations = json_pack("{s{}s[]}", "keys", "roles");
		json_object_set_new(body, "delegations", delegations);
	}
	for (size_t i = 0; i < repo->role_count; i++)
		is_new &= strcmp(repo->roles[i].name, role) != 0;
	if (is_new)
		add_role(repo, role, "targets", ",\"targets\":{}");
	text = mem_format("{\"threshold\":1,\"terminating\":%s,%s}", terminating ? "true" : "false", match);
	entry = json_loads(text, 0, NULL);
	must(entry != NULL);
	mem_free(text);
	json_object_set_new(entry, "name", json_string(role));
	json_object_set_new(entry, "keyids", json_pack("[s]", tuf_repo_keyid(role)));
	json_object_set_new(json_object_get(delegations, "keys"), tuf_repo_keyid(role), tuf_repo_key(role));
	json_array_append_new(json_object_get(delegations, "roles"), entry);
}

struct tuf_repo *tuf_repo_new(void)
{
	struct tuf_repo *repo = mem_alloc(sizeof *repo);

	must(sodium_init() >= 0);
	tuf_settings_init(&repo->settings, TUF_REPO_NOW);
	add_role(repo, "root", "root", ",\"consistent_snapshot\":true,\"keys\":{},\"roles\":{}");
	add_role(repo, "timestamp", "timestamp", ",\"meta\":{}");
	add_role(repo, "snapshot", "snapshot", ",\"meta\":{}");
	add_role(repo, "targets", "targets", ",\"targets\":{}");
	for (size_t i = 0; i < repo->role_count; i++)
		tuf_repo_keys(repo, repo->roles[i].name, repo->roles[i].name, 1);
	tuf_repo_publish(repo);
	tuf_repo_store(repo, "root", tuf_repo_served(repo, "1.root.json"));
	return repo;
}

static struct tuf_repo_file *file_of(struct tuf_repo_file *files, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	}
	return NULL;
}

static void put_file(struct tuf_repo_file *files, size_t *count, size_t room, const char *name, const void *bytes,
		     size_t len)
{
	struct tuf_repo_file *file = file_of(files, *count, name);
	void *copy = bytes != NULL ? mem_copy(bytes, len) : NULL;

	if (file == NULL) {
		must(*count < room);
		file = &files[(*count)++];
		snprintf(file->name, sizeof file->name, "%s", name);
	}
	mem_free(file->bytes);
	file->bytes = copy;
	file->len = len;
}

void tuf_repo_free(struct tuf_repo *repo)
{
	for (size_t i = 0; i < repo->role_count; i++)
		json_decref(repo->roles[i].body);
	for (size_t i = 0; i < repo->served_count; i++)
		mem_free(repo->served[i].bytes);
	for (size_t i = 0; i < repo->stored_count; i++)
		mem_free(repo->stored[i].bytes);
	mem_free(repo);
}

void tuf_repo_serve(struct tuf_repo *repo, const char *name, const char *text)
{
	put_file(repo->served, &repo->served_count, TUF_REPO_FILES, name, text, text != NULL ? strlen(text) + 1 : 0);
}

const char *tuf_repo_served(struct tuf_repo *repo, const char *name)
{
	struct tuf_repo_file *file = file_of(repo->served, repo->served_count, name);

	return file != NULL ? file->bytes : NULL;
}

void tuf_repo_store(struct tuf_repo *repo, const char *role, const char *text)
{
	put_file(repo->stored, &repo->stored_count, TUF_REPO_ROLES, role, text, text != NULL ? strlen(text) + 1 : 0);
}

const char *tuf_repo_stored(struct tuf_repo *repo, const char *role)
{
	struct tuf_repo_file *file = file_of(repo->stored, repo->stored_count, role);

	return file != NULL ? file->bytes : NULL;
}

void tuf_repo_publish_role(struct tuf_repo *repo, const char *name)
{
	struct tuf_repo_role *role = role_of(repo, name);
	char *text = tuf_repo_sign(role->body, role->signers), *quoted = tuf_name_quote(name), file[256];

	snprintf(file, sizeof file, "%" PRId64 ".%s.json", tuf_repo_version(repo, name), quoted);
	tuf_repo_serve(repo, file, text);
	snprintf(file, sizeof file, "%s.json", quoted);
	tuf_repo_serve(repo, file, text);
	mem_free(quoted);
	free(text);
}

static void list_file(struct tuf_repo *repo, const char *lister, const char *name)
{
	json_t *entry = json_pack("{sI}", "version", tuf_repo_version(repo, name));
	char *quoted = tuf_name_quote(name), file[256], digits[65];
	uint8_t digest[32];

	snprintf(file, sizeof file, "%s.json", quoted);
	mem_free(quoted);
	if (repo->with_hashes) {
		const char *text = tuf_repo_served(repo, file);

		crypto_hash_sha256(digest, (const uint8_t *)text, strlen(text));
		sodium_bin2hex(digits, sizeof digits, digest, sizeof digest);
		json_object_set_new(entry, "length", json_integer((json_int_t)strlen(text)));
		json_object_set_new(entry, "hashes", json_pack("{ss}", "sha256", digits));
	}
	snprintf(file, sizeof file, "%s.json", name);
	json_object_set_new(json_object_get(tuf_repo_body(repo, lister), "meta"), file, entry);
}

void tuf_repo_publish(struct tuf_repo *repo)
{
	tuf_repo_publish_role(repo, "root");
	for (size_t i = 3; i < repo->role_count; i++) {
		tuf_repo_publish_role(repo, repo->roles[i].name);
		list_file(repo, "snapshot", repo->roles[i].name);
	}
	tuf_repo_publish_role(repo, "snapshot");
	list_file(repo, "timestamp", "snapshot");
	tuf_repo_publish_role(repo, "timestamp");
}

static void answer(struct tuf_repo *repo, struct tuf_client *client, const struct tuf_step *step, bool is_stored)
{
	struct tuf_repo_file *file = is_stored ? file_of(repo->stored, repo->stored_count, step->role)
		: file_of(repo->served, repo->served_count, step->name);
	size_t used = strlen(repo->asked);

	if (!is_stored && used < sizeof repo->asked - 200)
		snprintf(repo->asked + used, sizeof repo->asked - used, "%s%s", used > 0 ? " " : "", step->name);
	if (file == NULL || file->bytes == NULL) {
		tuf_client_absent(client);
		return;
	}
	/* As a transport does: never more than one byte beyond the limit. A copy of exact size, for the sanitizer. */
	size_t len = file->len - 1 > step->max_bytes ? step->max_bytes + 1 : file->len - 1;
	uint8_t *bytes = mem_copy(file->bytes, len);
	tuf_client_feed(client, (struct span){ bytes, len });
	mem_free(bytes);
}

/* False: the process has died. */
static bool run(struct tuf_repo *repo, struct tuf_client *client)
{
	for (;;) {
		struct tuf_step step;
		char *text;

		switch (tuf_client_step(client, &step)) {
		case TUF_STEP_LOAD: answer(repo, client, &step, true); break;
		case TUF_STEP_FETCH: answer(repo, client, &step, false); break;
		case TUF_STEP_PERSIST:
			if (repo->die_at_root && strcmp(step.role, "root") == 0)
				return false;
			text = mem_format("%.*s", (int)step.bytes.len, step.bytes.at);
			tuf_repo_store(repo, step.role, text);
			mem_free(text);
			tuf_client_stored(client);
			break;
		case TUF_STEP_FORGET:
			tuf_repo_store(repo, step.role, NULL);
			tuf_client_stored(client);
			break;
		case TUF_STEP_DONE:
			snprintf(repo->said, sizeof repo->said, "done");
			return true;
		case TUF_STEP_REFUSED:
			snprintf(repo->said, sizeof repo->said, "%s", tuf_client_reason(client)->text);
			return true;
		}
	}
}

const char *tuf_repo_find(struct tuf_repo *repo, const char *path)
{
	struct tuf_client *client = tuf_client_new(&repo->settings);
	struct tuf_file file;

	repo->asked[0] = '\0';
	if (repo->floor_role != NULL)
		tuf_client_set_floor(client, repo->floor_role, repo->floor_version);
	if (!run(repo, client))
		snprintf(repo->said, sizeof repo->said, "died");
	if (path != NULL && strcmp(repo->said, "done") == 0) {
		tuf_client_find(client, path);
		run(repo, client);
		if (strcmp(repo->said, "done") == 0 && tuf_client_target(client, &file, NULL) == 0) {
			char *name = tuf_client_target_name(client, path, &file);

			snprintf(repo->said, sizeof repo->said, "%s", name);
			mem_free(name);
		} else {
			snprintf(repo->said, sizeof repo->said, "%s", tuf_client_reason(client)->text);
		}
	}
	tuf_client_free(client);
	return repo->said;
}

const char *tuf_repo_refresh(struct tuf_repo *repo)
{
	return tuf_repo_find(repo, NULL);
}

const char *tuf_repo_has(struct tuf_repo *repo)
{
	static char text[TUF_REPO_TEXT];

	text[0] = '\0';
	for (size_t i = 0; i < repo->stored_count; i++) {
		struct tuf_repo_file *file = &repo->stored[i];
		size_t used = strlen(text);

		if (file->bytes == NULL)
			continue;
		json_t *document = json_loads(file->bytes, 0, NULL);
		json_t *version = json_object_get(json_object_get(document, "signed"), "version");
		snprintf(text + used, sizeof text - used, "%s%s %" JSON_INTEGER_FORMAT, used > 0 ? ", " : "",
			 file->name, json_integer_value(version));
		json_decref(document);
	}
	return text;
}
