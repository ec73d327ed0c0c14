/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tls_stage.h"

#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/tls.h"
#include "sync/content.h"

static void log_notes(enum log_level level, const struct err_list *list)
{
	char text[sizeof(struct err_note) + 16];

	for (size_t i = 0; i < list->kept; i++)
		log_line(level, "%s", err_note_print(&list->notes[i], text, sizeof text));
	if (list->count > list->kept)
		log_line(level, "and %zu more", list->count - list->kept);
}

static void log_certificates(const char *key, const struct tls_certs *certs)
{
	for (size_t i = 0; i < tls_certs_count(certs); i++) {
		struct tls_certs_info info;
		char until[CLOCK_TEXT_MAX];

		tls_certs_info(certs, i, &info);
		clock_print(info.not_after, until, sizeof until);
		if (info.names == 0)
			log_info("%s: %s: for no name, until %s", key, info.file, until);
		else if (info.names == 1)
			log_info("%s: %s: for %s, until %s", key, info.file, info.name, until);
		else
			log_info("%s: %s: for %s and %zu more, until %s", key, info.file, info.name, info.names - 1,
				 until);
	}
}

/* Of the registry of RFC 7301, 6; each is in server/dns_tls.c or server/https.c. */
static const char *const dot[] = { "dot", NULL };
static const char *const http[] = { "h2", "http/1.1", "http/1.0", NULL };

static struct tls_certs_wish wish_of(const struct conf *conf, const struct content *content, int service)
{
	bool dns = service == DATASET_TLS_DNS;
	const struct conf_tls *tls = dns ? &conf->dns.tls : &conf->redirect.tls;

	return (struct tls_certs_wish){
		.key = dns ? "dns.tls" : "redirect.tls",
		.file = conf->file,
		.conf = tls,
		.alpn = dns ? dot : tls->http2 ? http : http + 1,
		.tickets = content != NULL ? content->tickets : NULL,
		.ticket_count = content != NULL ? content->ticket_count : 0,
	};
}

/* ret is untouched on a fault, and without the section. */
static int load(const struct conf *conf, const struct content *content, int service, const struct tls_certs *running, bool strict,
		struct dataset_tls *ret, struct err_list *errors)
{
	struct tls_certs_wish wish = wish_of(conf, content, service);
	struct err_list warnings = { 0 };
	struct tls_certs *certs = NULL;

	wish.running = running;
	wish.strict = strict;
	if (!wish.conf->present)
		return 0;
	int err = tls_certs_load(&wish, &certs, errors, &warnings);
	log_notes(LOG_LEVEL_WARN, &warnings);
	err_list_fini(&warnings);
	if (err != 0)
		return err;
	log_certificates(wish.key, certs);
	*ret = (struct dataset_tls){ .certs = certs, .release = tls_certs_release };
	return 0;
}

int tls_stage_load(const struct conf *conf, bool strict, struct dataset_tls ret[DATASET_TLS_SERVICES],
		   struct err_list *errors)
{
	int err = 0;

	for (int i = 0; i < DATASET_TLS_SERVICES; i++) {
		int failed = load(conf, NULL, i, NULL, strict, &ret[i], errors);

		err = err != 0 ? err : failed;
	}
	if (err != 0)
		dataset_tls_fini(ret);
	return err;
}

static struct dataset_tls keep(const struct dataset_tls *running)
{
	return (struct dataset_tls){
		.certs = running->certs != NULL ? tls_certs_retain(running->certs) : NULL,
		.release = running->release,
		.fault = mem_string(running->fault),
	};
}

void tls_stage_reload(const struct conf *conf, const struct dataset *running, struct dataset *dataset)
{
	char text[sizeof(struct err_note) + 16];

	for (int i = 0; i < DATASET_TLS_SERVICES; i++) {
		struct err_list errors = { 0 };
		struct dataset_tls *tls = &dataset->tls[i];

		if (load(conf, dataset->content, i, running->tls[i].certs, false, tls, &errors) != 0) {
			log_notes(LOG_LEVEL_ERROR, &errors);
			*tls = keep(&running->tls[i]);
			mem_free(tls->fault);
			tls->fault = mem_string(err_note_print(&errors.notes[0], text, sizeof text));
		}
		err_list_fini(&errors);
	}
}

void tls_stage_keep(const struct dataset *running, struct dataset *dataset)
{
	for (int i = 0; i < DATASET_TLS_SERVICES; i++)
		dataset->tls[i] = keep(&running->tls[i]);
}

int tls_stage_secrets(const struct conf *conf, const struct dataset *running, struct dataset *dataset,
		      struct err_list *errors)
{
	int err = 0;

	tls_stage_keep(running, dataset);
	for (int i = 0; i < DATASET_TLS_SERVICES; i++) {
		struct tls_certs_wish wish = wish_of(conf, dataset->content, i);
		struct dataset_tls *tls = &dataset->tls[i];
		struct err_list warnings = { 0 };
		struct tls_certs *certs;

		if (!wish.conf->present || tls->certs == NULL)
			continue;
		wish.running = tls->certs;
		int failed = tls_certs_renew(&wish, &certs, errors, &warnings);
		log_notes(LOG_LEVEL_WARN, &warnings);
		err_list_fini(&warnings);
		err = err != 0 ? err : failed;
		if (failed != 0)
			continue;
		tls_certs_release(tls->certs);
		tls->certs = certs;
	}
	return err;
}

void tls_stage_first(const struct conf *conf, struct dataset_tls tls[DATASET_TLS_SERVICES], struct dataset *dataset)
{
	struct dataset loaded = { 0 };
	struct err_list errors = { 0 };

	memcpy(loaded.tls, tls, sizeof loaded.tls);
	memset(tls, 0, sizeof loaded.tls);
	/* Keys of this node's own do until then; files were read as the user that started the node. */
	if (dataset->content == NULL || dataset->content->ticket_count == 0)
		tls_stage_keep(&loaded, dataset);
	else
		tls_stage_secrets(conf, &loaded, dataset, &errors);
	log_notes(LOG_LEVEL_ERROR, &errors);
	err_list_fini(&errors);
	dataset_tls_fini(loaded.tls);
}

const char *tls_stage_fault(const struct dataset *dataset)
{
	for (int i = 0; i < DATASET_TLS_SERVICES; i++) {
		if (dataset->tls[i].fault != NULL)
			return dataset->tls[i].fault;
	}
	return NULL;
}
