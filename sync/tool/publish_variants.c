/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variants: what nodes answer for local names in a signed zone, signed beforehand (zone/local_variant.h). From a
 * list of nodes and their addresses it makes every set of addresses that may be up, has each signed by --signer,
 * and writes them as records that the zone takes in with $INCLUDE before it is signed itself.
 */
#include "sync/tool/publish_variants.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/tool/publish_signer.h"
#include "zone/text.h"

enum { DEFAULT_TTL_S = 20, RECORD_TTL_S = 300 };

/* ---- signing ---- */

static unsigned bit_of(uint16_t type)
{
	return type == DNS_A ? 1 : type == DNS_AAAA ? 2 : type == DNS_HTTPS ? 4 : 0;
}

static void write_record(struct variants *variants, const struct variants_job *job, const struct record *record)
{
	size_t len = 7 + record->rdata.len;
	uint8_t *wire = mem_alloc(len);
	char *digits = mem_alloc(2 * len + 1);

	wire[0] = job->number;
	dns_put_u16(wire + 1, record->type);
	dns_put_u32(wire + 3, record->ttl);
	memcpy(wire + 7, record->rdata.at, record->rdata.len);
	hash_put_hex((struct span){ wire, len }, digits);
	char *line = mem_format("%s._local.%s %d IN TYPE%d \\# %zu %s\n", job->place->node, job->place->name,
				RECORD_TTL_S, LOCAL_VARIANT_TYPE, len, digits);
	size_t more = strlen(line);
	if (variants->len + more > variants->room) {
		variants->room = (variants->len + more) * 2;
		variants->out = mem_resize(variants->out, variants->room, 1);
	}
	memcpy(variants->out + variants->len, line, more);
	variants->len += more;
	variants->records++;
	mem_free(line);
	mem_free(digits);
	mem_free(wire);
}

static int take_record(void *ctx, const struct record *record)
{
	struct variants *variants = ctx;
	uint16_t type = record->type;
	struct name owner;

	if (type == DNS_RRSIG && record->rdata.len >= 2)
		type = dns_get_u16(record->rdata.at);
	if (bit_of(type) == 0 || name_from_wire(record->owner.at, record->owner.len, &owner) != 0)
		return 0;
	for (size_t i = 0; i < variants->job_count; i++) {
		struct variants_job *job = &variants->jobs[i];

		if (!job->in_round || name_compare(job->place->wire.wire, owner.wire) != 0)
			continue;
		write_record(variants, job, record);
		if (record->type == DNS_RRSIG)
			job->signed_types |= bit_of(type);
	}
	return 0;
}

static int check_round(struct variants *variants)
{
	for (size_t i = 0; i < variants->job_count; i++) {
		struct variants_job *job = &variants->jobs[i];

		if (!job->in_round)
			continue;
		if (job->signed_types != job->types)
			return publish_call_say(variants->call,
						"--signer gave back %s without its signatures: nothing was written",
						job->place->name);
		job->in_round = false;
		job->done = true;
	}
	return PUBLISH_DONE;
}

/* A zone for the signer: what every zone has, and of each name one set that is not signed yet. NULL: all are. */
static char *next_round(struct variants *variants)
{
	char *text = NULL;

	for (size_t i = 0; i < variants->job_count; i++) {
		struct variants_job *job = &variants->jobs[i];
		bool taken = job->done;

		for (size_t j = 0; !taken && j < i; j++)
			taken = variants->jobs[j].in_round
				&& name_compare(variants->jobs[j].place->wire.wire, job->place->wire.wire) == 0;
		if (taken)
			continue;
		if (text == NULL)
			publish_variants_text(&text, "%s 300 IN SOA ns.%s hostmaster.%s %u 7200 900 1209600 300\n"
				 "%s 300 IN NS ns.%s\n"
				 "ns.%s 300 IN A 192.0.2.1\n", variants->zone, variants->zone, variants->zone,
				 (uint32_t)variants->call->now_s, variants->zone, variants->zone, variants->zone);
		char *both = mem_format("%s%s", text, job->records);
		mem_free(text);
		text = both;
		job->in_round = true;
	}
	return text;
}

static int sign_round(struct variants *variants, const char *text)
{
	struct err_list *errors = &variants->call->errors;
	struct err_note note;
	uint8_t *bytes;
	size_t len;
	char *name = mem_format("%.*s", (int)strlen(variants->zone) - 1, variants->zone);
	int err = publish_signer_run(variants->call->signer, name, (uint32_t)variants->call->now_s,
				     span_string(text), &bytes, &len, &note);

	mem_free(name);
	if (err != 0)
		return publish_call_fail(variants->call, &note);
	err = zone_text_parse("--signer", (char *)bytes, len, &variants->apex, take_record, variants, errors);
	mem_free(bytes);
	return err == 0 ? check_round(variants) : publish_call_faults(variants->call);
}

static int sign_all(struct variants *variants)
{
	char *text;
	int exit = PUBLISH_DONE;

	while (exit == PUBLISH_DONE && (text = next_round(variants)) != NULL) {
		exit = sign_round(variants, text);
		mem_free(text);
	}
	return exit;
}

/* ---- the file ---- */

static int write_out(struct variants *variants)
{
	char *text = mem_format("; Variants of local names of %s: $INCLUDE them before the zone is signed.\n%.*s",
				variants->zone, (int)variants->len, variants->out);
	int err = file_replace(variants->call->out, text, strlen(text), 0644);

	mem_free(text);
	if (err != 0)
		return publish_call_say(variants->call, "%s: cannot be written: %s", variants->call->out, err_text(err));
	printf("%s: %zu variants in %zu records, for $INCLUDE in the zone before it is signed\n", variants->call->out,
	       variants->job_count, variants->records);
	return PUBLISH_DONE;
}

int publish_variants_command(struct publish_call *call)
{
	struct variants variants = { .call = call, .ttl = DEFAULT_TTL_S };
	uint64_t ttl_ms = 0;

	if (call->word_count != 2 || call->signer == NULL || call->out == NULL)
		return publish_call_wrong(call,
					  "variants takes a zone, a list of nodes and addresses, --signer COMMAND and "
					  "--out FILE");
	if (call->ttl != NULL && (units_duration(call->ttl, &ttl_ms) != 0 || ttl_ms / 1000 > INT32_MAX))
		return publish_call_wrong(call, "--ttl %s: expected a time, as in 20s", call->ttl);
	if (call->ttl != NULL)
		variants.ttl = (uint32_t)(ttl_ms / 1000);
	size_t len = strlen(call->words[0]);
	variants.zone = mem_format("%s%s", call->words[0], len > 0 && call->words[0][len - 1] == '.' ? "" : ".");
	int exit = PUBLISH_DONE;
	if (name_from_text(variants.zone, &variants.apex) != 0 || variants.apex.labels == 0)
		exit = publish_call_wrong(call, "%s is not the name of a zone", call->words[0]);
	if (exit == PUBLISH_DONE)
		exit = publish_variants_read(&variants);
	if (exit == PUBLISH_DONE)
		exit = sign_all(&variants);
	if (exit == PUBLISH_DONE)
		exit = write_out(&variants);
	publish_variants_fini(&variants);
	return exit;
}
