/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include <stdint.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/build.h"
#include "conf/check.h"
#include "conf/document.h"
#include "conf/schema.h"

/* What {node} and {region} stand for is this node's, wherever the sites came from. */
static void build_sites(struct conf_build *build, const struct conf *base)
{
	build->conf->node.name = mem_string(base->node.name);
	build->conf->node.region = mem_string(base->node.region);
	conf_build_sites(build);
}

/* The two passes; what they find is in errors. *ret_conf is NULL when there was no shape to build from. */
static int check_and_build(const char *path, const char *text, size_t len, const struct conf *base, bool look_up,
			   struct conf **ret_conf, struct err_list *errors)
{
	const cyaml_schema_value_t *schema = base != NULL ? &conf_schema_sites : &conf_schema;
	static const struct conf_raw nothing;
	char said[CONF_SCHEMA_FAULT_MAX];
	struct conf_places places = { 0 };
	struct conf_raw *raw = NULL;
	yaml_document_t document;
	int err = conf_document_load(path, text, len, &document, errors);

	if (err != 0)
		return err;
	bool shaped = conf_check_document(path, &document, schema, &places, errors);
	yaml_document_delete(&document);
	if (!shaped) {
		err = ERR_INVALID;
	} else if ((err = conf_schema_load(text, len, &raw, said)) != 0) {
		err_list_add(errors, path, 0, "%s", said);
	} else {
		*ret_conf = mem_alloc(sizeof **ret_conf);
		(*ret_conf)->file = mem_string(path);
		struct conf_build build = { path, raw ? raw : &nothing, &places, errors, *ret_conf, look_up };
		if (base != NULL)
			build_sites(&build, base);
		else
			conf_build_all(&build);
		conf_schema_free(raw);
	}
	conf_place_fini(&places);
	return err;
}

/* Both passes go down the file: their faults are told in its order, those of no line last. Stable. */
static void order_by_line(struct err_note *notes, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct err_note note = notes[i];
		size_t at = i;

		for (; at > 0 && notes[at - 1].line - 1 > note.line - 1; at--)
			notes[at] = notes[at - 1];
		notes[at] = note;
	}
}

/* Keeps conf only when nothing was found; what errors held before is not looked at. */
static int settle(int err, struct conf *conf, const struct err_list *before, const struct err_list *errors,
		  struct conf **ret_conf)
{
	if (err == 0 && errors->count == before->count) {
		*ret_conf = conf;
		return 0;
	}
	if (errors->kept > before->kept)
		order_by_line(errors->notes + before->kept, errors->kept - before->kept);
	conf_free(conf);
	return err != 0 ? err : ERR_INVALID;
}

int conf_parse(const char *path, const char *text, size_t len, struct conf **ret_conf, struct err_list *errors)
{
	struct err_list before = *errors;
	struct conf *conf = NULL;
	int err = check_and_build(path, text, len, NULL, false, &conf, errors);

	return settle(err, conf, &before, errors, ret_conf);
}

int conf_parse_sites(const char *path, const char *text, size_t len, const struct conf *base, struct conf **ret_sites,
		     struct err_list *errors)
{
	struct err_list before = *errors;
	struct conf *conf = NULL;
	int err = check_and_build(path, text, len, base, false, &conf, errors);

	return settle(err, conf, &before, errors, ret_sites);
}

int conf_load(const char *path, struct conf **ret_conf, struct err_list *errors)
{
	struct err_list before = *errors;
	size_t len;
	struct conf *conf = NULL;
	uint8_t *text;
	int err = file_read(path, CONF_FILE_MAX, &text, &len);

	if (err != 0) {
		if (err == ERR_LIMIT)
			err_list_add(errors, path, 0, "larger than %d bytes", CONF_FILE_MAX);
		else
			err_list_add(errors, path, 0, "cannot be read: %s", err_text(err));
		return err;
	}
	err = check_and_build(path, (const char *)text, len, NULL, true, &conf, errors);
	mem_free(text);
	return settle(err, conf, &before, errors, ret_conf);
}

void conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf->zone_count; i++) {
		mem_free(conf->zones[i].name);
		mem_free(conf->zones[i].file);
	}
	conf_sites_fini(conf);
	for (size_t i = 0; i < conf->dns.cookie_secret_count; i++)
		mem_free(conf->dns.cookie_secrets[i]);
	mem_free(conf->dns.cookie_secrets);
	mem_free(conf->zones);
	mem_free(conf->dns.listen.list);
	prefixes_fini(&conf->dns.rate_limit.whitelist);
	mem_free(conf->catchment.as_table);
	mem_free(conf->admin.listen.list);
	conf_anycast_fini(&conf->anycast);
	conf_sync_fini(conf);
	conf_tls_fini(&conf->dns.tls);
	conf_redirect_fini(&conf->redirect);
	mem_free(conf->node.name);
	mem_free(conf->node.region);
	mem_free(conf->node.version);
	mem_free(conf->state_dir);
	mem_free(conf->control_socket);
	mem_free(conf->user);
	mem_free(conf->file);
	mem_free(conf);
}
