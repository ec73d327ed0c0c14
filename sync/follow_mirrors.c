/* SPDX-License-Identifier: Apache-2.0 */
/* A mirror that stands still gives what is signed and good, and hides what came since (TUF 1.5.2: indefinite freeze,
 * until it expires). What another one says is only a reason to follow that one: it is believed when it verifies. */
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/follow_inner.h"
#include "sync/web_mirrors.h"

enum { TIMESTAMP_MAX = 16384 };	/* as sync/tuf_trust has it */

static int64_t version_of(struct span bytes)
{
	struct tuf_metadata *metadata;
	struct err_note note;
	int64_t version = 0;

	if (tuf_metadata_read(TUF_TIMESTAMP, bytes, &metadata, &note) == 0) {
		version = metadata->version;
		tuf_metadata_free(metadata);
	}
	return version;
}

/* 0: it has none, or could not be asked. */
static int64_t ask(struct web_mirrors *mirrors, size_t index)
{
	struct transport_buffer buffer = { 0 };
	struct web_mirrors_file file = {
		.name = "metadata/timestamp.json", .max_bytes = TIMESTAMP_MAX, .avoid = ~(UINT32_C(1) << index),
		.aside = true, .take = transport_buffer_take, .ctx = &buffer,
	}, *files[] = { &file };

	web_mirrors_get_all(mirrors, files, 1);
	int64_t version = file.err == 0 ? version_of((struct span){ buffer.bytes, buffer.len }) : 0;
	mem_free(buffer.bytes);
	return version;
}

/* Asks the others; the index of one that has more than this version, or count. */
static size_t find_newer(struct follow *follow, int64_t version, unsigned most, int64_t *ret_version)
{
	struct web_mirrors *mirrors = follow->settings->mirrors;
	size_t count = web_mirrors_count(mirrors);
	uint32_t asked = UINT32_C(1) << web_mirrors_current(mirrors);

	for (unsigned i = 0; i < most; i++) {
		size_t index = web_mirrors_turn(mirrors, asked);

		if (index == count)
			break;
		asked |= UINT32_C(1) << index;
		*ret_version = ask(mirrors, index);
		if (*ret_version > version)
			return index;
	}
	return count;
}

bool follow_look_elsewhere(struct follow *follow)
{
	const struct follow_settings *settings = follow->settings;
	struct web_mirrors *mirrors = settings->mirrors;
	int64_t version = tuf_client_version(follow->client, TUF_TIMESTAMP), other = 0;
	size_t count = web_mirrors_count(mirrors), current = web_mirrors_current(mirrors);
	bool hidden = settings->has_hint && (int32_t)(settings->hint - (uint32_t)version) > 0;
	bool news = version != follow->timestamp_before;

	if (current == count || count == 1)
		return false;
	if (news && !hidden)
		return false;
	size_t index = find_newer(follow, version, settings->by_hand || hidden ? (unsigned)count : 1, &other);
	if (index == count)
		return false;
	/* Who says so may lie: then it is the liar that is blamed, when it is followed. */
	follow->suspect = UINT32_C(1) << current;
	follow->suspect_version = version;
	web_mirrors_prefer(mirrors, index);
	return true;
}

void follow_judge_mirrors(struct follow *follow)
{
	struct web_mirrors *mirrors = follow->settings->mirrors;
	int64_t version = tuf_client_version(follow->client, TUF_TIMESTAMP);
	char text[MIRROR_TEXT_MAX];

	if (mirrors == NULL)
		return;
	web_mirrors_praise(mirrors);
	if (follow->suspect == 0 || version <= follow->suspect_version)
		return;
	snprintf(text, sizeof text, "stands still at timestamp version %lld: another mirror has version %lld",
		 (long long)follow->suspect_version, (long long)version);
	web_mirrors_blame(mirrors, follow->suspect, text);
}
