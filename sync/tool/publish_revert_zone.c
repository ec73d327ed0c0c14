/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tool/publish_revert.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "sync/rrtext.h"
#include "sync/tool/publish_signer.h"
#include "zone/load.h"
#include "zone/verify.h"
#include "zone/zonemd.h"

enum { SOA_FOUND = 1, THOROUGH_RECORDS = 100000 };	/* every signature of a larger zone would take minutes */

struct text {
	uint8_t *bytes;
	size_t len, room;
	const struct zone_image_header *base;
	uint32_t serial;		/* the new one */
};

static void put(struct text *text, const char *line, size_t len)
{
	if (text->len + len > text->room) {
		text->room = (text->len + len) * 2;
		text->bytes = mem_resize(text->bytes, text->room, 1);
	}
	memcpy(text->bytes + text->len, line, len);
	text->len += len;
}

/* Where the RDATA of a line "OWNER TTL SOA RDATA" begins; NULL: it is of another type. */
static const char *soa_of(const char *line)
{
	for (int blank = 0; blank < 2; blank++)
		line = strchr(line, ' ') + 1;
	return strncmp(line, "SOA ", 4) == 0 ? line + 4 : NULL;
}

/* MNAME RNAME SERIAL ...: the one record that is another. */
static int take_soa(void *ctx, const char *line, size_t len)
{
	const char *at = soa_of(line);
	struct text *text = ctx;
	char serial[16];

	if (at == NULL)
		return 0;
	for (int blank = 0; blank < 2; blank++)
		at = strchr(at, ' ') + 1;
	put(text, line, (size_t)(at - line));
	put(text, serial, (size_t)snprintf(serial, sizeof serial, "%u", text->serial));
	at = strchr(at, ' ');
	put(text, at, len - (size_t)(at - line));
	return SOA_FOUND;
}

static int take_other(void *ctx, const char *line, size_t len)
{
	if (soa_of(line) == NULL)
		put(ctx, line, len);
	return 0;
}

/* A master file, the SOA first as people and their tools have it. */
static void write_records(struct text *text, const struct zone_image_header *base)
{
	rrtext_write(base, take_soa, text);
	rrtext_write(base, take_other, text);
}

static const char *zone_of(const struct reverting *revert, char buf[PUBLISH_PATH_MAX])
{
	return publish_path_name(revert->path, buf);
}

static const struct zone_rrset *digests_of(const struct zone_image_header *base)
{
	return zone_node_find(zone_node_at(base, base->apex_node), DNS_ZONEMD);
}

static bool is_of_signing(uint16_t type)
{
	static const uint16_t types[] = { DNS_SOA, DNS_RRSIG, DNS_NSEC, DNS_NSEC3, DNS_NSEC3PARAM, DNS_DNSKEY, DNS_CDS,
		DNS_CDNSKEY, DNS_ZONEMD };

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (types[i] == type)
			return true;
	}
	return false;
}

/* A signer signs: what it gives back has the same records but for what signing is about. */
static int check_records(struct reverting *revert, const struct zone_image_header *old,
			 const struct zone_image_header *fresh, uint32_t serial)
{
	char owner[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX];
	struct changeset set;
	struct err_note note;
	int exit = PUBLISH_DONE;

	if ((int32_t)(fresh->serial - serial) < 0)	/* RFC 1982; it may have raised it once more */
		return publish_call_say(revert->call,
					"--signer gave back serial %u, which is below the %u that it was given",
					fresh->serial, serial);
	if ((old->flags & ZONE_IMAGE_SIGNED) && !(fresh->flags & ZONE_IMAGE_SIGNED))
		return publish_call_say(revert->call, "--signer gave back a zone that is not signed");
	if (changeset_diff(old, fresh, &set, &note) != 0)
		return publish_call_fail(revert->call, &note);
	for (size_t i = 0; exit == PUBLISH_DONE && i < set.changes.count; i++) {
		const struct zone_change *change = &set.changes.list[i];

		if (is_of_signing(change->type))
			continue;
		name_print(change->owner.at, owner);
		exit = publish_call_say(revert->call, "--signer gave back another zone: %s %s is %s", owner,
					zone_text_type(change->type, type), change->add ? "new" : "missing");
	}
	changeset_fini(&set);
	return exit;
}

static void take_fault(void *ctx, enum zone_verify_kind kind, const char *text)
{
	struct err_note *note = ctx;

	if (kind <= ZONE_VERIFY_EXPIRED && note->text[0] == '\0')
		err_note_set(note, NULL, 0, "--signer gave back a zone that does not validate: %s", text);
}

/* Of what was just signed nothing may be wrong. */
static int check_signatures(struct reverting *revert, const struct zone_image_header *fresh)
{
	size_t counts[ZONE_VERIFY_KINDS] = { 0 };
	struct err_note note = { 0 };
	const struct zone_verify how = {
		/* the signer's clock may be that of a later second */
		.now_s = clock_wall_s() + 1, .thorough = fresh->records <= THOROUGH_RECORDS, .texts = 1,
		.found = take_fault, .ctx = &note,
	};

	zone_verify(fresh, &how, counts);
	return note.text[0] == '\0' ? PUBLISH_DONE : publish_call_fail(revert->call, &note);
}

static int check_signed(struct reverting *revert, const struct zone_image_header *old, const char *file,
			uint32_t serial)
{
	const struct zone_accept accept = {
		.zonemd = digests_of(old) != NULL ? CONF_ZONEMD_REQUIRE : CONF_ZONEMD_WARN,
	};
	struct err_list warnings = { 0 };
	char name[PUBLISH_PATH_MAX];
	struct zone_loaded loaded;

	int err = zone_load_accepted(zone_of(revert, name), file, NULL, &accept, &loaded, &revert->call->errors,
				     &warnings);
	err_list_fini(&warnings);
	if (err != 0)
		return publish_call_faults(revert->call);
	int exit = check_records(revert, old, zone_image_header(loaded.image), serial);
	if (exit == PUBLISH_DONE)
		exit = check_signatures(revert, zone_image_header(loaded.image));
	zone_image_release(loaded.image);
	return exit;
}

static int write_text(struct reverting *revert, const char *file, const uint8_t *bytes, size_t len)
{
	int err = file_replace(file, bytes, len, 0644);

	return err == 0 ? PUBLISH_DONE
		: publish_call_say(revert->call, "%s: cannot be written: %s", file, err_text(err));
}

static int write_signed(struct reverting *revert, const struct zone_image_header *old, const struct text *text,
			const char *file)
{
	char name[PUBLISH_PATH_MAX];
	struct err_note note;
	uint8_t *bytes;
	size_t len;

	if (publish_signer_run(revert->call->signer, zone_of(revert, name), text->serial,
			       (struct span){ text->bytes, text->len }, &bytes, &len, &note) != 0)
		return publish_call_fail(revert->call, &note);
	int exit = write_text(revert, file, bytes, len);
	mem_free(bytes);
	return exit == PUBLISH_DONE ? check_signed(revert, old, file, text->serial) : exit;
}

/* ---- the digest of a zone without signatures (RFC 8976): that can be made anew here ---- */

/* Leaves the digests out: they are no part of what is counted. */
static int take_counted(void *ctx, const char *line, size_t len)
{
	const struct text *text = ctx;
	const char *type = strchr(strchr(line, ' ') + 1, ' ') + 1;
	bool at_apex = text->bytes != NULL && strncmp(line, (char *)text->bytes, (size_t)(strchr(line, ' ') - line + 1)) == 0;

	return at_apex && strncmp(type, "ZONEMD ", 7) == 0 ? 0 : take_other(ctx, line, len);
}

static void add_digests(struct text *text, const struct zone_rrset *set, const struct zone_image_header *fresh)
{
	uint8_t rdata[ZONEMD_HEAD_BYTES + ZONEMD_DIGEST_MAX];
	struct zone_rr rr = zone_rr_first(set);

	for (unsigned i = 0; i < set->count; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr) {
		uint8_t algorithm = rr.prefix.len > 5 ? rr.prefix.at[5] : 0;

		if (rr.prefix.len < ZONEMD_HEAD_BYTES || rr.prefix.at[4] != ZONEMD_SIMPLE
		    || (algorithm != ZONEMD_SHA384 && algorithm != ZONEMD_SHA512))
			continue;	/* of a kind that is not known here: nobody could check an old one either */
		dns_put_u32(rdata, fresh->serial);
		rdata[4] = ZONEMD_SIMPLE;
		rdata[5] = algorithm;
		size_t len = ZONEMD_HEAD_BYTES + zonemd_digest(fresh, algorithm, rdata + ZONEMD_HEAD_BYTES);
		char *line = rrtext_line((struct span){ fresh->apex, fresh->apex_len }, DNS_ZONEMD, zone_rrset_ttl(set),
					 (struct span){ rdata, len });
		put(text, line, strlen(line));
		put(text, "\n", 1);
		mem_free(line);
	}
}

static int write_digested(struct reverting *revert, struct text *text, const char *file)
{
	struct err_list warnings = { 0 };
	char name[PUBLISH_PATH_MAX];
	struct zone_loaded loaded;

	text->len = 0;
	rrtext_write(text->base, take_soa, text);
	rrtext_write(text->base, take_counted, text);
	int exit = write_text(revert, file, text->bytes, text->len);
	if (exit != PUBLISH_DONE)
		return exit;
	int err = zone_load(zone_of(revert, name), file, NULL, &loaded, &revert->call->errors, &warnings);
	err_list_fini(&warnings);
	if (err != 0)
		return publish_call_faults(revert->call);
	add_digests(text, digests_of(text->base), zone_image_header(loaded.image));
	zone_image_release(loaded.image);
	return write_text(revert, file, text->bytes, text->len);
}

int publish_revert_zone(struct reverting *revert, struct json_view *old, const char *file)
{
	struct publish_call *call = revert->call;
	struct publish_zone zone;
	struct err_note note;
	struct text text = { .bytes = NULL };
	int exit;

	if (!publish_zone_serial(json_view_member(revert->now, "custom"), "head", &text.serial))
		return publish_call_say(call, "%s is not a released zone", revert->path);
	if (publish_zone_rebuild(call->served, revert->path, old, NULL, &zone, &note) != 0)
		return publish_call_fail(call, &note);
	text.serial++;		/* RFC 1982: one more is newer, also behind 2^32 - 1 */
	text.base = zone_image_header(zone.image);
	write_records(&text, text.base);
	bool is_signed = text.base->flags & ZONE_IMAGE_SIGNED;
	if (is_signed && call->signer == NULL && call->out == NULL)
		exit = publish_call_say(call,
					"%s is signed with DNSSEC: a new serial takes a new RRSIG of its SOA. Three "
					"ways: --signer COMMAND, which is given the old zone with the new serial and "
					"writes it signed; --out FILE, sign that where the keys are, and add it as the "
					"zone; or put the source right, and release", revert->path);
	else if (call->signer != NULL)
		exit = write_signed(revert, text.base, &text, file);
	else if (!is_signed && digests_of(text.base) != NULL)
		exit = write_digested(revert, &text, file);
	else
		exit = write_text(revert, file, text.bytes, text.len);
	mem_free(text.bytes);
	publish_zone_fini(&zone);
	return exit;
}
