/* SPDX-License-Identifier: Apache-2.0 */
/* TUF's workflow with the state folder: each file is safe on disk before the next is asked for, and floors follow behind
 * the files that they guard. */
#include <errno.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/follow_inner.h"
#include "sync/tuf_match.h"

/* A stored file that is only older than what is wanted now is passed over every day. One that is not whole is a disk's
 * doing, or somebody's. */
static void tell_passed_over(struct follow *follow, const char *role, struct span bytes, const struct err_note *why)
{
	struct tuf_metadata *metadata;
	struct err_note note;
	enum tuf_kind kind = TUF_TARGETS;

	for (int i = TUF_ROOT; i <= TUF_SNAPSHOT; i++) {
		if (strcmp(role, tuf_kind_name((enum tuf_kind)i)) == 0)
			kind = (enum tuf_kind)i;
	}
	if (tuf_metadata_read(kind, bytes, &metadata, &note) == 0)
		tuf_metadata_free(metadata);
	else
		follow_remark(follow, "stored metadata is damaged and fetched anew: %s", why->text);
}

/* One that is damaged or emptied is fetched anew: the floors guard against rollback meanwhile. */
static enum follow_result load(struct follow *follow, const struct tuf_step *step)
{
	uint8_t *bytes;
	size_t len;
	int err = tuf_store_load(follow->settings->state->metadata, step->role, step->max_bytes, &bytes, &len,
				 follow->note);

	if (err == ERR_LIMIT)
		follow_remark(follow, "%s: stored metadata is passed over: too large", step->role);
	if (err == -ENOENT || err == ERR_LIMIT) {
		tuf_client_absent(follow->client);
		return FOLLOW_NEW;
	}
	if (err != 0)
		return FOLLOW_DISK;
	char *role = mem_string(step->role);
	tuf_client_feed(follow->client, (struct span){ bytes, len });
	const struct err_note *passed_over = tuf_client_passed_over(follow->client);
	if (passed_over != NULL)
		tell_passed_over(follow, role, (struct span){ bytes, len }, passed_over);
	mem_free(role);
	mem_free(bytes);
	return FOLLOW_NEW;
}

static enum follow_result fetch(struct follow *follow, const struct tuf_step *step)
{
	struct transport *transport = follow->settings->transport;
	char *name = mem_format("metadata/%s", step->name);
	struct transport_buffer buffer = { 0 };
	int err = transport->get(transport, name, step->max_bytes, transport_buffer_take, &buffer, follow->note);

	mem_free(name);
	if (err == 0)
		tuf_client_feed(follow->client, (struct span){ buffer.bytes, buffer.len });
	else if (err == ERR_UNKNOWN)
		tuf_client_absent(follow->client);
	mem_free(buffer.bytes);
	return err == 0 || err == ERR_UNKNOWN ? FOLLOW_NEW : follow_result_of(err);
}

static bool is(const struct tuf_step *step, const char *role)
{
	return strcmp(step->role, role) == 0;
}

static enum follow_result save_floors(struct follow *follow)
{
	return state_save_floors(follow->settings->state, follow->note) == 0 ? FOLLOW_NEW : FOLLOW_DISK;
}

static enum follow_result persist(struct follow *follow, const struct tuf_step *step)
{
	struct state *state = follow->settings->state;
	int64_t root = tuf_client_version(follow->client, TUF_ROOT);

	if (is(step, "root") && state_keep_root(state, root, step->bytes, follow->note) != 0)
		return FOLLOW_DISK;
	if (tuf_store_save(state->metadata, step->role, step->bytes, follow->note) != 0)
		return FOLLOW_DISK;
	bool timestamp = is(step, "timestamp");
	tuf_client_stored(follow->client);
	if (!timestamp)
		return FOLLOW_NEW;
	floors_set(&state->floors, "root", root);
	floors_set(&state->floors, "timestamp", tuf_client_version(follow->client, TUF_TIMESTAMP));
	return save_floors(follow);
}

/* A root took keys away: what they signed guards nothing any more, neither on disk nor as a floor. */
static enum follow_result forget(struct follow *follow, const struct tuf_step *step)
{
	struct state *state = follow->settings->state;

	for (size_t i = 0; i < state->floors.role_count; i++)
		state->floors.roles[i].version = tuf_client_floor(follow->client, state->floors.roles[i].name);
	if (save_floors(follow) != FOLLOW_NEW)
		return FOLLOW_DISK;
	if (tuf_store_forget(state->metadata, step->role, follow->note) != 0)
		return FOLLOW_DISK;
	tuf_client_stored(follow->client);
	return FOLLOW_NEW;
}

static enum follow_result drive(struct follow *follow)
{
	for (;;) {
		enum follow_result result = FOLLOW_NEW;
		struct tuf_step step;

		switch (tuf_client_step(follow->client, &step)) {
		case TUF_STEP_LOAD:
			result = load(follow, &step);
			break;
		case TUF_STEP_FETCH:
			result = fetch(follow, &step);
			break;
		case TUF_STEP_PERSIST:
			result = persist(follow, &step);
			break;
		case TUF_STEP_FORGET:
			result = forget(follow, &step);
			break;
		case TUF_STEP_DONE:
			return FOLLOW_NEW;
		case TUF_STEP_REFUSED:
			*follow->note = *tuf_client_reason(follow->client);
			return FOLLOW_TRUST;
		}
		if (result != FOLLOW_NEW)
			return result;
	}
}

/* Versions of what is trusted now, as floors; whether that is news. */
static bool raise_floors(struct follow *follow)
{
	struct floors *floors = &follow->settings->state->floors;
	bool raised = false;

	for (int kind = TUF_ROOT; kind <= TUF_SNAPSHOT; kind++) {
		const char *role = tuf_kind_name((enum tuf_kind)kind);
		int64_t version = tuf_client_version(follow->client, (enum tuf_kind)kind);

		raised = raised || version != floors_version(floors, role);
		floors_set(floors, role, version);
	}
	int64_t version;
	const char *role;
	for (size_t i = 0; (role = tuf_client_role(follow->client, i, &version)) != NULL; i++) {
		raised = raised || version != floors_version(floors, role);
		floors_set(floors, role, version);
	}
	return raised;
}

/* A root that was trusted here is not to be held back, though root.json was lost. */
static enum follow_result check_root(struct follow *follow)
{
	int64_t floor = floors_version(&follow->settings->state->floors, "root");
	int64_t version = tuf_client_version(follow->client, TUF_ROOT);

	if (version >= floor)
		return FOLLOW_NEW;
	err_note_set(follow->note, NULL, 0, "root version %lld: rollback: version %lld was trusted here before",
		     (long long)version, (long long)floor);
	return FOLLOW_TRUST;
}

enum follow_result follow_metadata(struct follow *follow)
{
	enum follow_result result = drive(follow);

	if (result == FOLLOW_NEW)
		result = check_root(follow);
	if (result == FOLLOW_NEW && raise_floors(follow))
		result = save_floors(follow);
	return result;
}

enum follow_result follow_find(struct follow *follow, const char *path, struct tuf_file *ret_file,
			       struct json_view **ret_custom, bool *ret_found)
{
	tuf_client_find(follow->client, path);
	enum follow_result result = drive(follow);
	if (result != FOLLOW_NEW)
		return result;
	*ret_found = tuf_client_target(follow->client, ret_file, ret_custom) == 0;
	if (!*ret_found)
		*follow->note = *tuf_client_reason(follow->client);
	return FOLLOW_NEW;
}
