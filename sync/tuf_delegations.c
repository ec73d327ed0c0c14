/* SPDX-License-Identifier: Apache-2.0 */
/* "delegations" of a targets file: its form (TUF 1.0.34, 4.5). sync/tuf_match.c asks it. */
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_body.h"

static bool is_top_level(const char *name)
{
	for (enum tuf_kind kind = 0; kind < TUF_KINDS; kind++) {
		if (strcmp(name, tuf_kind_name(kind)) == 0)
			return true;
	}
	return false;
}

static int read_role(struct json_view *view, struct tuf_role *ret_role, struct err_note *note)
{
	const char *name = json_view_text(json_view_member(view, "name"));
	int err;

	if (name == NULL || name[0] == '\0' || is_top_level(name))
		return tuf_body_refuse(note, "a delegated role without a name of its own");
	err = tuf_body_role(name, view, ret_role, note);
	if (err != 0)
		return err;
	ret_role->paths = json_view_member(view, "paths");
	ret_role->prefixes = json_view_member(view, "path_hash_prefixes");
	if ((ret_role->paths == NULL) == (ret_role->prefixes == NULL))
		return tuf_body_refuse(note, "role %s: expected either \"paths\" or \"path_hash_prefixes\"",
				       tuf_body_show(name));
	if (!tuf_body_is_texts(ret_role->paths != NULL ? ret_role->paths : ret_role->prefixes))
		return tuf_body_refuse(note, "role %s: its paths are not a list of text", tuf_body_show(name));
	if (!json_view_flag(json_view_member(view, "terminating"), &ret_role->terminating))
		return tuf_body_refuse(note, "role %s: \"terminating\" is neither true nor false",
				       tuf_body_show(name));
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int refuse_twins(const struct tuf_metadata *metadata, struct err_note *note)
{
	size_t count = metadata->role_count;
	const char **names = mem_array(count, sizeof *names);
	int err = 0;

	for (size_t i = 0; i < count; i++)
		names[i] = metadata->roles[i].name;
	qsort(names, count, sizeof *names, compare_names);
	for (size_t i = 1; err == 0 && i < count; i++) {
		if (strcmp(names[i - 1], names[i]) == 0)
			err = tuf_body_refuse(note, "role %s is delegated to twice", tuf_body_show(names[i]));
	}
	mem_free(names);
	return err;
}

static int read_roles(struct tuf_metadata *metadata, struct json_view *list, struct err_note *note)
{
	int err = 0;

	if (!json_view_is_list(list))
		return tuf_body_refuse(note, "\"roles\" of \"delegations\" is not a list");
	metadata->role_count = json_view_count(list);
	metadata->roles = mem_array(metadata->role_count, sizeof *metadata->roles);
	for (size_t i = 0; err == 0 && i < metadata->role_count; i++)
		err = read_role(json_view_at(list, i), &metadata->roles[i], note);
	return err != 0 ? err : refuse_twins(metadata, note);
}

static int read_bins(struct tuf_bins *bins, struct json_view *view, struct err_note *note)
{
	int64_t bits;
	int err = tuf_body_role("of succinct_roles", view, &bins->role, note);

	if (err != 0)
		return err;
	if (!json_view_integer(json_view_member(view, "bit_length"), &bits) || bits < 1 || bits > TUF_BIN_BITS_MAX)
		return tuf_body_refuse(note, "\"bit_length\" is not a number from 1 to %d", TUF_BIN_BITS_MAX);
	bins->bits = (unsigned)bits;
	bins->prefix = json_view_text(json_view_member(view, "name_prefix"));
	if (bins->prefix == NULL)
		return tuf_body_refuse(note, "\"name_prefix\" is not text");
	return 0;
}

int tuf_body_delegations(struct tuf_metadata *metadata, struct json_view *delegations, struct err_note *note)
{
	struct json_view *roles = json_view_member(delegations, "roles");
	struct json_view *bins = json_view_member(delegations, "succinct_roles");
	int err;

	metadata->keys = json_view_member(delegations, "keys");
	err = tuf_body_keys(metadata->keys, note);
	if (err != 0)
		return err;
	if ((roles == NULL) == (bins == NULL))
		return tuf_body_refuse(note, "\"delegations\": expected either \"roles\" or \"succinct_roles\"");
	return roles != NULL ? read_roles(metadata, roles, note) : read_bins(&metadata->bins, bins, note);
}
