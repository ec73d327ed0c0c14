/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_client.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_rules.h"
#include "sync/tuf_search.h"

/* What is waited for. The stored file of a role comes before the new one: even numbers are stored ones. */
enum state {
	STORED_ROOT, NEW_ROOT,
	STORED_TIMESTAMP, NEW_TIMESTAMP,
	STORED_SNAPSHOT, NEW_SNAPSHOT,
	STORED_ROLE, NEW_ROLE,
	DONE, REFUSED,
};

struct tuf_client {
	struct tuf_trust trust;
	enum state state;
	unsigned roots;			/* new ones so far */
	struct tuf_search search;
	const struct tuf_metadata *found;	/* the role that has the target */
	char *name;			/* of the step given last */
	struct err_note reason, passed_over;
	bool has_passed_over;
	bool forget_timestamp, forget_snapshot;	/* these before anything else, then the file below, then the state */
	char *persist_role;		/* NULL: nothing */
	uint8_t *persist;
	size_t persist_len;
};

struct tuf_client *tuf_client_new(const struct tuf_settings *settings)
{
	struct tuf_client *client = mem_alloc(sizeof *client);

	client->trust.settings = *settings;
	return client;
}

void tuf_client_free(struct tuf_client *client)
{
	if (client == NULL)
		return;
	tuf_search_fini(&client->search);
	tuf_trust_fini(&client->trust);
	mem_free(client->name);
	mem_free(client->persist_role);
	mem_free(client->persist);
	mem_free(client);
}

void tuf_client_set_floor(struct tuf_client *client, const char *role, int64_t version)
{
	tuf_trust_set_floor(&client->trust, role, version);
}

static const struct tuf_visit *asked(const struct tuf_client *client)
{
	return &client->search.visited[client->search.visited_count - 1];
}

/* The file that is waited for. */
struct wish {
	const char *role;
	enum tuf_kind kind;
	struct tuf_file listed;
	int64_t version;	/* in its name; 0: none */
	bool stored;
};

static struct wish wish_of(const struct tuf_client *client)
{
	const struct tuf_trust *trust = &client->trust;
	struct wish wish = { .kind = TUF_ROOT, .listed = { .length = -1 } };

	assert(client->state < DONE);
	wish.stored = client->state % 2 == 0;
	switch (client->state) {
	case STORED_ROOT: break;
	case NEW_ROOT: wish.version = trust->root->version + 1; break;
	case STORED_TIMESTAMP:
	case NEW_TIMESTAMP: wish.kind = TUF_TIMESTAMP; break;
	case STORED_SNAPSHOT:
	case NEW_SNAPSHOT:
		wish.kind = TUF_SNAPSHOT;
		wish.listed = trust->timestamp->snapshot;
		break;
	default:
		wish.kind = TUF_TARGETS;
		tuf_snapshot_file(trust->snapshot, asked(client)->role, &wish.listed);
		break;
	}
	wish.role = wish.kind == TUF_TARGETS ? asked(client)->role : tuf_kind_name(wish.kind);
	if (wish.kind > TUF_TIMESTAMP && trust->root->consistent)
		wish.version = wish.listed.version;
	return wish;
}

/* A stored file may be of another version than the one that is listed. */
static uint64_t limit_of(const struct tuf_client *client, const struct wish *wish)
{
	const struct tuf_settings *settings = &client->trust.settings;
	int64_t limit = settings->bytes_max[wish->kind];

	if (wish->listed.length >= 0 && (!wish->stored || wish->listed.length > limit))
		limit = wish->listed.length;
	return (uint64_t)(limit < settings->bytes_most ? limit : settings->bytes_most);
}

static void persist(struct tuf_client *client, const char *role, struct span bytes)
{
	client->persist_role = mem_string(role);
	client->persist = mem_copy(bytes.at, bytes.len);
	client->persist_len = bytes.len;
}

static void refuse(struct tuf_client *client)
{
	client->state = REFUSED;
}

/* On to the next role that is not trusted yet, or to the end. */
static void search_on(struct tuf_client *client)
{
	const struct tuf_visit *visit;

	while ((visit = tuf_search_next(&client->search, client->trust.settings.roles_max)) != NULL) {
		const struct tuf_metadata *targets;
		struct tuf_file file;
		int err = tuf_trust_role_again(&client->trust, visit->role, visit->delegator, &targets,
					       &client->reason);

		if (err == ERR_UNKNOWN) {
			client->state = STORED_ROLE;
			if (tuf_trust_file_of(&client->trust, visit->role, &file, &client->reason) != 0)
				refuse(client);
			return;
		}
		if (err != 0) {
			refuse(client);
			return;
		}
		if (client->search.path != NULL && tuf_targets_file(targets, client->search.path, &file) == 0) {
			client->found = targets;
			break;
		}
		tuf_search_descend(&client->search, targets);
	}
	client->state = DONE;
	if (client->search.path != NULL && client->found == NULL)
		tuf_refuse(&client->reason, client->search.path, NULL, client->search.cut_short
			   ? "not found in the first roles that delegations lead to (TUF 5.6.7.1)"
			   : "no role that may lists this target (TUF 5.6.7)");
}

static void search(struct tuf_client *client, const char *path)
{
	tuf_search_fini(&client->search);
	client->found = NULL;
	tuf_search_init(&client->search, path, client->trust.root);
	search_on(client);
}

/* A role just trusted is asked by search_on(), as one that was trusted before. */
static void role_trusted(struct tuf_client *client)
{
	struct tuf_visit *visit = &client->search.visited[--client->search.visited_count];
	struct tuf_visit again = *visit;

	/* Back to the front of those who wait. There is room: it was there before. */
	client->search.waiting[client->search.waiting_count++] = again;
	search_on(client);
}

static void root_walk_ends(struct tuf_client *client)
{
	if (tuf_trust_final_root(&client->trust, &client->reason) != 0)
		refuse(client);
	else
		client->state = STORED_TIMESTAMP;
}

static void feed_new_root(struct tuf_client *client, struct span bytes)
{
	bool reset;

	if (tuf_trust_next_root(&client->trust, bytes, &reset, &client->reason) != 0) {
		refuse(client);
		return;
	}
	/* Before the root that says so is stored: a crash between the two must not leave files that nothing
	 * removes. */
	client->forget_timestamp = client->forget_snapshot = reset;
	persist(client, "root", bytes);
	if (++client->roots >= client->trust.settings.roots_max)
		root_walk_ends(client);
}

/* A stored file that does not hold is passed over: 0 or TUF_KEPT as given, or a note and the next state. */
static void stored(struct tuf_client *client, int err, enum state next)
{
	if (err < 0) {
		client->passed_over = client->reason;
		client->has_passed_over = true;
	}
	client->state = next;
}

static void feed_new(struct tuf_client *client, int err, const char *role, struct span bytes, enum state next)
{
	if (err < 0) {
		refuse(client);
		return;
	}
	if (err != TUF_KEPT)
		persist(client, role, bytes);
	client->state = next;
}

static void feed_role(struct tuf_client *client, struct span bytes)
{
	const struct tuf_visit *visit = asked(client);
	int err = tuf_trust_role(&client->trust, visit->role, visit->delegator, bytes, &client->reason);

	if (err != 0 && client->state == STORED_ROLE) {
		stored(client, err, NEW_ROLE);
		return;
	}
	if (err != 0) {
		refuse(client);
		return;
	}
	if (client->state == NEW_ROLE)
		persist(client, visit->role, bytes);
	role_trusted(client);
}

static void feed_too_much(struct tuf_client *client, const struct wish *wish)
{
	int err = tuf_refuse(&client->reason, wish->role, NULL,
			     "more than the %" PRIu64 " bytes that are taken of it", limit_of(client, wish));

	if (wish->stored && wish->kind != TUF_ROOT)
		stored(client, err, client->state + 1);
	else
		refuse(client);
}

void tuf_client_feed(struct tuf_client *client, struct span bytes)
{
	struct tuf_trust *trust = &client->trust;
	struct err_note *reason = &client->reason;
	struct wish wish = wish_of(client);
	int err;

	client->has_passed_over = false;
	if (bytes.len > limit_of(client, &wish)) {
		feed_too_much(client, &wish);
		return;
	}
	switch (client->state) {
	case STORED_ROOT:
		client->state = tuf_trust_first_root(trust, bytes, reason) == 0 ? NEW_ROOT : REFUSED;
		return;
	case NEW_ROOT:
		feed_new_root(client, bytes);
		return;
	case STORED_TIMESTAMP:
		stored(client, tuf_trust_stored_timestamp(trust, bytes, reason), NEW_TIMESTAMP);
		return;
	case NEW_TIMESTAMP:
		feed_new(client, tuf_trust_new_timestamp(trust, bytes, reason), "timestamp", bytes, STORED_SNAPSHOT);
		return;
	case STORED_SNAPSHOT:
		err = tuf_trust_stored_snapshot(trust, bytes, reason);
		stored(client, err, NEW_SNAPSHOT);
		if (err == 0)
			search(client, NULL);
		return;
	case NEW_SNAPSHOT:
		feed_new(client, tuf_trust_new_snapshot(trust, bytes, reason), "snapshot", bytes, NEW_SNAPSHOT);
		if (client->state != REFUSED)
			search(client, NULL);
		return;
	case STORED_ROLE:
	case NEW_ROLE:
		feed_role(client, bytes);
		return;
	default:
		assert(!"nothing is waited for");
	}
}

void tuf_client_absent(struct tuf_client *client)
{
	client->has_passed_over = false;
	switch (client->state) {
	case STORED_ROOT:
		tuf_refuse(&client->reason, "root", NULL, "there is no trusted one (TUF 5.2)");
		refuse(client);
		return;
	case NEW_ROOT:
		root_walk_ends(client);
		return;
	case STORED_TIMESTAMP:
	case STORED_SNAPSHOT:
	case STORED_ROLE:
		client->state++;
		return;
	case NEW_TIMESTAMP:
	case NEW_SNAPSHOT:
	case NEW_ROLE:
		tuf_refuse(&client->reason, client->name, NULL, "the repository does not have it (TUF %s)",
			   client->state == NEW_TIMESTAMP ? "5.4.1"
			   : client->state == NEW_SNAPSHOT ? "5.5.1" : "5.6.1");
		refuse(client);
		return;
	default:
		assert(!"nothing is waited for");
	}
}

void tuf_client_stored(struct tuf_client *client)
{
	if (client->forget_timestamp) {
		client->forget_timestamp = false;
	} else if (client->forget_snapshot) {
		client->forget_snapshot = false;
	} else {
		assert(client->persist_role != NULL);
		mem_free(client->persist_role);
		mem_free(client->persist);
		client->persist_role = NULL;
		client->persist = NULL;
	}
}

/* What must be on disk, or off it, before anything else is done. */
static bool has_chore(const struct tuf_client *client, enum tuf_step_kind *ret_kind, struct tuf_step *step)
{
	if (client->forget_timestamp || client->forget_snapshot) {
		*step = (struct tuf_step){ .role = client->forget_timestamp ? "timestamp" : "snapshot" };
		*ret_kind = TUF_STEP_FORGET;
		return true;
	}
	if (client->persist_role == NULL)
		return false;
	*step = (struct tuf_step){
		.role = client->persist_role, .bytes = { client->persist, client->persist_len },
	};
	*ret_kind = TUF_STEP_PERSIST;
	return true;
}

enum tuf_step_kind tuf_client_step(struct tuf_client *client, struct tuf_step *step)
{
	enum tuf_step_kind kind;
	struct wish wish;

	if (has_chore(client, &kind, step))
		return kind;
	*step = (struct tuf_step){ 0 };
	if (client->state == DONE)
		return TUF_STEP_DONE;
	if (client->state == REFUSED)
		return TUF_STEP_REFUSED;
	wish = wish_of(client);
	*step = (struct tuf_step){ .role = wish.role, .max_bytes = limit_of(client, &wish), .listed = wish.listed };
	if (wish.stored)
		return TUF_STEP_LOAD;
	char *quoted = tuf_name_quote(wish.role);
	mem_free(client->name);
	client->name = wish.version > 0 ? mem_format("%" PRId64 ".%s.json", wish.version, quoted)
		: mem_format("%s.json", quoted);
	mem_free(quoted);
	step->name = client->name;
	return TUF_STEP_FETCH;
}

void tuf_client_find(struct tuf_client *client, const char *path)
{
	assert(client->state == DONE && client->persist_role == NULL);
	search(client, path);
}

int tuf_client_target(const struct tuf_client *client, struct tuf_file *ret_file, struct json_view **ret_custom)
{
	if (client->found == NULL)
		return ERR_UNKNOWN;
	if (ret_custom != NULL)
		*ret_custom = tuf_targets_custom(client->found, client->search.path);
	return tuf_targets_file(client->found, client->search.path, ret_file);
}

char *tuf_client_target_name(const struct tuf_client *client, const char *path, const struct tuf_file *file)
{
	const char *slash = strrchr(path, '/');
	int folder = slash != NULL ? (int)(slash - path) + 1 : 0;
	char digits[HASH_TEXT_MAX];
	char *plain, *quoted;

	if (!client->trust.root->consistent)
		return tuf_path_quote(path);
	plain = mem_format("%.*s%s.%s", folder, path, hash_text(&file->hashes.list[0], digits), path + folder);
	quoted = tuf_path_quote(plain);
	mem_free(plain);
	return quoted;
}

const struct err_note *tuf_client_reason(const struct tuf_client *client)
{
	return &client->reason;
}

const struct err_note *tuf_client_passed_over(const struct tuf_client *client)
{
	return client->has_passed_over ? &client->passed_over : NULL;
}

int64_t tuf_client_version(const struct tuf_client *client, enum tuf_kind kind)
{
	const struct tuf_trust *trust = &client->trust;
	const struct tuf_metadata *of_kind[TUF_KINDS] = {
		[TUF_ROOT] = trust->root, [TUF_TIMESTAMP] = trust->timestamp, [TUF_SNAPSHOT] = trust->snapshot,
		[TUF_TARGETS] = trust->role_count > 0 ? trust->roles[0].metadata : NULL,
	};

	return of_kind[kind] != NULL ? of_kind[kind]->version : 0;
}

int64_t tuf_client_expires(const struct tuf_client *client)
{
	return client->trust.timestamp != NULL ? client->trust.timestamp->expires_s : 0;
}

int64_t tuf_client_floor(const struct tuf_client *client, const char *role)
{
	for (size_t i = 0; i < client->trust.floor_count; i++) {
		if (strcmp(client->trust.floors[i].role, role) == 0)
			return client->trust.floors[i].version;
	}
	return 0;
}

const char *tuf_client_role(const struct tuf_client *client, size_t index, int64_t *ret_version)
{
	if (index >= client->trust.role_count)
		return NULL;
	*ret_version = client->trust.roles[index].metadata->version;
	return client->trust.roles[index].name;
}

const char *tuf_client_asked(const struct tuf_client *client, size_t index, int64_t *ret_version, int64_t *ret_expires_s)
{
	if (index >= client->search.visited_count)
		return NULL;
	const char *role = client->search.visited[index].role;
	for (size_t i = 0; i < client->trust.role_count; i++) {
		const struct tuf_metadata *metadata = client->trust.roles[i].metadata;

		if (strcmp(client->trust.roles[i].name, role) != 0)
			continue;
		*ret_version = metadata->version;
		*ret_expires_s = metadata->expires_s;
		return role;
	}
	return NULL;
}

int64_t tuf_client_listed(const struct tuf_client *client, const char *role)
{
	struct tuf_file file;

	return client->trust.snapshot != NULL && tuf_snapshot_file(client->trust.snapshot, role, &file) == 0 ? file.version : 0;
}
