/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/probes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/base/mem.h"
#include "redirect/explain.h"
#include "redirect/serve.h"
#include "sync/json_view.h"
#include "zone/text.h"
#include "zone/wire.h"

enum { PROBES_MAX = 10000, ANY_RCODE = -1 };

struct probe {
	char *text;		/* of the name, for people */
	struct name name;
	uint16_t type;
	int rcode;
	int64_t min;		/* records in the answer section */
	/* For HTTP. */
	char *url;		/* NULL: it is a question of the DNS */
	char *host;		/* of it, lower case */
	char *location;		/* how it must begin, or NULL */
	int64_t status;		/* 0: any */
};

struct probes {
	struct probe *list;
	size_t count;
};

static void free_probe(struct probe *probe)
{
	mem_free(probe->text);
	mem_free(probe->url);
	mem_free(probe->host);
	mem_free(probe->location);
}

void probes_free(struct probes *probes)
{
	if (probes == NULL)
		return;
	for (size_t i = 0; i < probes->count; i++)
		free_probe(&probes->list[i]);
	mem_free(probes->list);
	mem_free(probes);
}

size_t probes_count(const struct probes *probes)
{
	return probes != NULL ? probes->count : 0;
}

static const char *const rcodes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED" };

static bool read_rcode(const char *text, int *ret)
{
	*ret = ANY_RCODE;
	if (text == NULL)
		return true;
	for (int i = 0; i < (int)(sizeof rcodes / sizeof rcodes[0]); i++) {
		if (strcasecmp(rcodes[i], text) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* The host between the scheme and the port or path. */
static bool read_url(const char *url, struct probe *probe)
{
	const char *host = strstr(url, "://");
	size_t len;

	if (host == NULL || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		return false;
	host += 3;
	len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	if (len == 0 || len > strlen(host))
		return false;
	probe->url = mem_string(url);
	probe->host = mem_format("%.*s", (int)len, host);
	for (char *at = probe->host; *at != '\0'; at++)
		*at = (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
	return true;
}

static bool read_web(struct json_view *from, const char *url, struct probe *probe)
{
	struct json_view *status = json_view_member(from, "status");

	probe->location = mem_string(json_view_text(json_view_member(from, "location")));
	return read_url(url, probe) && (status == NULL || (json_view_integer(status, &probe->status) && probe->status >= 100
							   && probe->status < 600));
}

static bool read_probe(struct json_view *from, struct probe *probe)
{
	const char *url = json_view_text(json_view_member(from, "url"));

	if (url != NULL)
		return read_web(from, url, probe);
	const char *name = json_view_text(json_view_member(from, "name"));
	const char *type = json_view_text(json_view_member(from, "type"));

	probe->text = mem_string(name);
	json_view_integer(json_view_member(from, "min"), &probe->min);
	return name != NULL && type != NULL && name_from_text(name, &probe->name) == 0
		&& zone_text_type_parse(type, &probe->type) == 0
		&& read_rcode(json_view_text(json_view_member(from, "rcode")), &probe->rcode);
}

int probes_parse(struct span json, struct probes **ret, struct err_note *note)
{
	struct json_view *document = json_view_parse(json, note), *list = json_view_member(document, "probes");
	size_t count = json_view_count(list);
	struct probes *probes;
	int64_t version = 0;
	bool good = document != NULL && json_view_integer(json_view_member(document, "v"), &version) && version == 1
		&& json_view_is_list(list) && count <= PROBES_MAX;

	if (!good) {
		json_view_free(document);
		err_note_set(note, "policy/probes.json", 0, "expected {\"v\":1,\"probes\":[...]}");
		return ERR_INVALID;
	}
	probes = mem_alloc(sizeof *probes);
	probes->list = mem_array(count, sizeof *probes->list);
	for (size_t i = 0; i < count && good; i++) {
		good = read_probe(json_view_at(list, i), &probes->list[probes->count++]);
		if (!good)
			err_note_set(note, "policy/probes.json", 0, "probes[%zu]: expected name, type, and at will rcode and "
				     "min; or url, and at will status and location", i);
	}
	json_view_free(document);
	if (!good) {
		probes_free(probes);
		return ERR_INVALID;
	}
	*ret = probes;
	return 0;
}

static size_t write_query(const struct probe *probe, uint8_t *out)
{
	static const uint8_t head[DNS_HEADER_BYTES] = { 0x70, 0x62, 0, 0, 0, 1 };
	size_t len = sizeof head;

	memcpy(out, head, sizeof head);
	memcpy(out + len, probe->name.wire, probe->name.len);
	len += probe->name.len;
	dns_put_u16(out + len, probe->type);
	dns_put_u16(out + len + 2, 1);
	return len + 4;
}

static int run(const struct probe *probe, const struct respond_env *env, uint32_t now_s, uint8_t *out,
	       struct err_note *note)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	const struct respond_from from = { .transport = RESPOND_TCP, .address = { loopback, 4 }, .now_s = now_s };
	uint8_t query[DNS_HEADER_BYTES + DNS_NAME_MAX + 4];
	struct respond_result result;
	char type[ZONE_TEXT_TYPE_MAX];
	unsigned answers = 0;

	respond(env, &from, (struct span){ query, write_query(probe, query) }, out, &result);
	if (result.len >= DNS_HEADER_BYTES)
		answers = dns_get_u16(out + 6);
	zone_text_type(probe->type, type);
	if (probe->rcode != ANY_RCODE && result.rcode != (unsigned)probe->rcode) {
		err_note_set(note, NULL, 0, "probe %s %s: answered with rcode %u, not %s", probe->text, type, result.rcode,
			     rcodes[probe->rcode]);
		return ERR_INVALID;
	}
	if (answers < probe->min) {
		err_note_set(note, NULL, 0, "probe %s %s: answered with %u records, not at least %lld", probe->text, type,
			     answers, (long long)probe->min);
		return ERR_INVALID;
	}
	return 0;
}

int probes_run(const struct probes *probes, const struct respond_env *env, uint32_t now_s, struct err_note *note)
{
	uint8_t *out = mem_alloc(DNS_MESSAGE_MAX);
	int err = 0;

	for (size_t i = 0; probes != NULL && i < probes->count && err == 0; i++) {
		if (probes->list[i].url == NULL && zone_set_find(env->zones, &probes->list[i].name, false) != NULL)
			err = run(&probes->list[i], env, now_s, out, note);
	}
	mem_free(out);
	return err;
}

/* ---- HTTP ---- */

struct seen {
	const char *wanted;
	bool found;		/* every Location begins as wanted */
	char location[200];	/* the first that does not, or the last */
};

/* What explain tells of it: "location: URL", or one each "over IPv4" and "over IPv6". */
static void see_line(void *ctx, const char *text)
{
	struct seen *seen = ctx;
	const char *url = strstr(text, ": ");

	if (strncmp(text, "location", 8) != 0 || url == NULL || (seen->location[0] != '\0' && !seen->found))
		return;
	snprintf(seen->location, sizeof seen->location, "%s", url + 2);
	seen->found = strncmp(url + 2, seen->wanted, strlen(seen->wanted)) == 0;
}

static int run_web(const struct probe *probe, const struct redirect_view *view, struct err_note *note)
{
	struct seen seen = { .wanted = probe->location != NULL ? probe->location : "" };
	int status = redirect_explain(view, NULL, probe->url, 0, see_line, &seen);

	if (probe->status != 0 && status != probe->status) {
		err_note_set(note, NULL, 0, "probe %.300s: answered with %d, not %lld", probe->url, status,
			     (long long)probe->status);
		return ERR_INVALID;
	}
	if (probe->location != NULL && !seen.found) {
		err_note_set(note, NULL, 0, "probe %.200s: sent to \"%s\", not to %.100s...", probe->url, seen.location,
			     probe->location);
		return ERR_INVALID;
	}
	return 0;
}

int probes_run_web(const struct probes *probes, const struct redirect_sites *sites, const struct redirect_health *health,
		   struct err_note *note)
{
	const struct redirect_client client = { .family = REDIRECT_ANY_FAMILY };
	const struct redirect_view view = { .sites = sites, .health = health, .client = &client };
	int err = 0;

	for (size_t i = 0; probes != NULL && sites != NULL && i < probes->count && err == 0; i++) {
		const struct probe *probe = &probes->list[i];

		if (probe->url != NULL && redirect_sites_find(sites, probe->host, strlen(probe->host), NULL) != NULL)
			err = run_web(probe, &view, note);
	}
	return err;
}
