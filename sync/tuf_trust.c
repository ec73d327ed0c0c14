/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_trust.h"

#include <inttypes.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_rules.h"

void tuf_settings_init(struct tuf_settings *settings, int64_t now_s)
{
	*settings = (struct tuf_settings){
		.now_s = now_s,
		.roots_max = 1024,
		.roles_max = 32,
		.bytes_max = {
			[TUF_ROOT] = 512000, [TUF_TIMESTAMP] = 16384,
			[TUF_SNAPSHOT] = 2000000, [TUF_TARGETS] = 5000000,
		},
		.bytes_most = 64 << 20,
	};
}

void tuf_trust_fini(struct tuf_trust *trust)
{
	tuf_metadata_free(trust->root);
	tuf_metadata_free(trust->timestamp);
	tuf_metadata_free(trust->snapshot);
	for (size_t i = 0; i < trust->role_count; i++) {
		mem_free(trust->roles[i].name);
		tuf_metadata_free(trust->roles[i].metadata);
	}
	mem_free(trust->roles);
	for (size_t i = 0; i < trust->floor_count; i++)
		mem_free(trust->floors[i].role);
	mem_free(trust->floors);
}

void tuf_trust_set_floor(struct tuf_trust *trust, const char *role, int64_t version)
{
	void *floors = trust->floors;

	mem_grow(&floors, &trust->floor_room, trust->floor_count, sizeof *trust->floors);
	trust->floors = floors;
	trust->floors[trust->floor_count++] = (struct tuf_floor){ mem_string(role), version };
}

/* Which floors fall with the files: those of timestamp and snapshot, and with a key of the snapshot's those of every
 * role that it lists. */
static void reset_floors(struct tuf_trust *trust, bool all)
{
	for (size_t i = 0; i < trust->floor_count; i++) {
		const char *role = trust->floors[i].role;

		if (strcmp(role, "timestamp") == 0 || strcmp(role, "snapshot") == 0
		    || (all && strcmp(role, "root") != 0))
			trust->floors[i].version = 0;
	}
}

static int check_floor(const struct tuf_trust *trust, const char *role, const struct tuf_metadata *metadata,
		       struct err_note *note)
{
	for (size_t i = 0; i < trust->floor_count; i++) {
		if (strcmp(trust->floors[i].role, role) == 0 && metadata->version < trust->floors[i].version)
			return tuf_refuse(note, role, metadata,
					  "rollback: version %" PRId64 " was trusted here before",
					  trust->floors[i].version);
	}
	return 0;
}

static void replace(struct tuf_metadata **place, struct tuf_metadata *metadata)
{
	tuf_metadata_free(*place);
	*place = metadata;
}

int tuf_trust_first_root(struct tuf_trust *trust, struct span bytes, struct err_note *note)
{
	struct tuf_metadata *root;
	int err = tuf_read(TUF_ROOT, "root", bytes, &root, note);

	if (err != 0)
		return err;
	err = tuf_check_signed(&trust->settings, "root", root, root, "5.2", note);
	if (err == 0)
		replace(&trust->root, root);
	else
		tuf_metadata_free(root);
	return err;
}

int tuf_trust_next_root(struct tuf_trust *trust, struct span bytes, bool *ret_reset, struct err_note *note)
{
	struct tuf_metadata *root, *old = trust->root;
	int err = tuf_read(TUF_ROOT, "root", bytes, &root, note);

	if (err != 0)
		return err;
	err = tuf_check_signed(&trust->settings, "root", old, root, "5.3.4", note);
	if (err == 0)
		err = tuf_check_signed(&trust->settings, "root", root, root, "5.3.4", note);
	if (err == 0 && root->version != old->version + 1)
		err = tuf_refuse(note, "root", root, "expected version %" PRId64 " (TUF 5.3.5)", old->version + 1);
	if (err != 0) {
		tuf_metadata_free(root);
		return err;
	}
	bool lost_snapshot =
		tuf_role_lost_key(&old->roles[TUF_SNAPSHOT], old->keys, &root->roles[TUF_SNAPSHOT], root->keys);
	*ret_reset = lost_snapshot
		|| tuf_role_lost_key(&old->roles[TUF_TIMESTAMP], old->keys, &root->roles[TUF_TIMESTAMP], root->keys);
	if (*ret_reset)
		reset_floors(trust, lost_snapshot);
	replace(&trust->root, root);
	return 0;
}

int tuf_trust_final_root(const struct tuf_trust *trust, struct err_note *note)
{
	int err = tuf_check_fresh(&trust->settings, "root", trust->root, "5.3.10", note);

	return err != 0 ? err : check_floor(trust, "root", trust->root, note);
}

/* Signed, and not below the floor. The caller's; an error leaves nothing. */
static int read_timestamp(struct tuf_trust *trust, struct span bytes, struct tuf_metadata **ret, struct err_note *note)
{
	int err = tuf_read(TUF_TIMESTAMP, "timestamp", bytes, ret, note);

	if (err != 0)
		return err;
	err = tuf_check_signed(&trust->settings, "timestamp", trust->root, *ret, "5.4.2", note);
	if (err == 0)
		err = check_floor(trust, "timestamp", *ret, note);
	if (err != 0)
		tuf_metadata_free(*ret);
	return err;
}

int tuf_trust_stored_timestamp(struct tuf_trust *trust, struct span bytes, struct err_note *note)
{
	struct tuf_metadata *timestamp;
	int err = read_timestamp(trust, bytes, &timestamp, note);

	if (err == 0)
		replace(&trust->timestamp, timestamp);
	return err;
}

/* 5.4.3: against what is trusted, when anything is. */
static int check_timestamp_rollback(const struct tuf_metadata *old, const struct tuf_metadata *new,
				    struct err_note *note)
{
	if (old == NULL)
		return 0;
	if (new->version < old->version)
		return tuf_refuse(note, "timestamp", new, "rollback: version %" PRId64 " is trusted (TUF 5.4.3.1)",
				  old->version);
	/* Taken literally, "abort the update cycle" would leave a client alone that has this timestamp and failed to
	 * get its snapshot: it keeps the trusted one and goes on to what that one lists. */
	if (new->version == old->version)
		return TUF_KEPT;
	if (new->snapshot.version < old->snapshot.version)
		return tuf_refuse(note, "timestamp", new,
				  "rollback: it lists snapshot version %" PRId64 ", the trusted one %" PRId64
				  " (TUF 5.4.3.2)",
				  new->snapshot.version, old->snapshot.version);
	return 0;
}

int tuf_trust_new_timestamp(struct tuf_trust *trust, struct span bytes, struct err_note *note)
{
	struct tuf_metadata *timestamp;
	int err = read_timestamp(trust, bytes, &timestamp, note);

	if (err != 0)
		return err;
	err = check_timestamp_rollback(trust->timestamp, timestamp, note);
	if (err >= 0) {
		const struct tuf_metadata *chosen = err == TUF_KEPT ? trust->timestamp : timestamp;
		int expired = tuf_check_fresh(&trust->settings, "timestamp", chosen, "5.4.4", note);

		err = expired != 0 ? expired : err;
	}
	if (err == 0)
		replace(&trust->timestamp, timestamp);
	else
		tuf_metadata_free(timestamp);
	return err;
}

int tuf_trust_stored_snapshot(struct tuf_trust *trust, struct span bytes, struct err_note *note)
{
	const struct tuf_file *listed = &trust->timestamp->snapshot;
	struct tuf_metadata *snapshot;
	int err = tuf_read(TUF_SNAPSHOT, "snapshot", bytes, &snapshot, note);

	if (err != 0)
		return err;
	err = tuf_check_signed(&trust->settings, "snapshot", trust->root, snapshot, "5.5.3", note);
	if (err == 0)
		err = check_floor(trust, "snapshot", snapshot, note);
	if (err != 0) {
		tuf_metadata_free(snapshot);
		return err;
	}
	replace(&trust->snapshot, snapshot);
	if (snapshot->version != listed->version || tuf_check_file("snapshot", bytes, listed, "5.5.2", note) != 0
	    || tuf_check_fresh(&trust->settings, "snapshot", snapshot, "5.5.6", note) != 0)
		return TUF_KEPT;
	return 0;
}

/* 5.5.5: whatever the trusted snapshot lists is still listed, and nothing is older. */
static int check_snapshot_rollback(const struct tuf_metadata *old, const struct tuf_metadata *new,
				   struct err_note *note)
{
	struct json_view *listed = json_view_member(new->body, "meta");
	struct json_member member = { 0 };

	while (old != NULL && json_view_next(json_view_member(old->body, "meta"), &member)) {
		const char *name = tuf_show(member.name);
		int64_t was = 0, is = 0;

		json_view_integer(json_view_member(member.value, "version"), &was);
		if (!json_view_integer(json_view_member(json_view_member(listed, member.name), "version"), &is))
			return tuf_refuse(note, "snapshot", new, "%s is no longer listed (TUF 5.5.5)", name);
		if (is < was)
			return tuf_refuse(note, "snapshot", new, "rollback: it lists %s version %" PRId64
					  ", the trusted one %" PRId64 " (TUF 5.5.5)", name, is, was);
	}
	return 0;
}

int tuf_trust_new_snapshot(struct tuf_trust *trust, struct span bytes, struct err_note *note)
{
	const struct tuf_file *listed = &trust->timestamp->snapshot;
	struct tuf_metadata *snapshot;
	int err = tuf_check_file("snapshot", bytes, listed, "5.5.2", note);

	if (err == 0)
		err = tuf_read(TUF_SNAPSHOT, "snapshot", bytes, &snapshot, note);
	if (err != 0)
		return err;
	err = tuf_check_signed(&trust->settings, "snapshot", trust->root, snapshot, "5.5.3", note);
	if (err == 0)
		err = tuf_check_version("snapshot", snapshot, listed, "timestamp", "5.5.4", note);
	if (err == 0)
		err = check_floor(trust, "snapshot", snapshot, note);
	if (err == 0)
		err = check_snapshot_rollback(trust->snapshot, snapshot, note);
	if (err == 0)
		err = tuf_check_fresh(&trust->settings, "snapshot", snapshot, "5.5.6", note);
	if (err == 0)
		replace(&trust->snapshot, snapshot);
	else
		tuf_metadata_free(snapshot);
	return err;
}

int tuf_trust_file_of(const struct tuf_trust *trust, const char *name, struct tuf_file *ret_file,
		      struct err_note *note)
{
	if (tuf_snapshot_file(trust->snapshot, name, ret_file) == 0)
		return 0;
	return tuf_refuse(note, "snapshot", trust->snapshot, "it does not list %s.json (TUF 5.6.2)", tuf_show(name));
}

int tuf_trust_role(struct tuf_trust *trust, const char *name, const struct tuf_metadata *delegator, struct span bytes,
		   struct err_note *note)
{
	struct tuf_metadata *targets;
	struct tuf_file listed;
	int err = tuf_trust_file_of(trust, name, &listed, note);

	if (err == 0)
		err = tuf_check_file(name, bytes, &listed, "5.6.2", note);
	if (err == 0)
		err = tuf_read(TUF_TARGETS, name, bytes, &targets, note);
	if (err != 0)
		return err;
	err = tuf_check_signed(&trust->settings, name, delegator, targets, "5.6.3", note);
	if (err == 0)
		err = tuf_check_version(name, targets, &listed, "snapshot", "5.6.4", note);
	if (err == 0)
		err = check_floor(trust, name, targets, note);
	if (err == 0)
		err = tuf_check_fresh(&trust->settings, name, targets, "5.6.5", note);
	if (err != 0) {
		tuf_metadata_free(targets);
		return err;
	}
	void *roles = trust->roles;
	mem_grow(&roles, &trust->role_room, trust->role_count, sizeof *trust->roles);
	trust->roles = roles;
	trust->roles[trust->role_count++] = (struct tuf_trusted_role){ mem_string(name), targets, delegator };
	return 0;
}

int tuf_trust_role_again(struct tuf_trust *trust, const char *name, const struct tuf_metadata *delegator,
			 const struct tuf_metadata **ret_metadata, struct err_note *note)
{
	for (size_t i = 0; i < trust->role_count; i++) {
		struct tuf_trusted_role *role = &trust->roles[i];
		int err = 0;

		if (strcmp(role->name, name) != 0)
			continue;
		if (role->delegator != delegator)
			err = tuf_check_signed(&trust->settings, name, delegator, role->metadata, "5.6.3", note);
		if (err != 0)
			return err;
		*ret_metadata = role->metadata;
		return 0;
	}
	return ERR_UNKNOWN;
}
