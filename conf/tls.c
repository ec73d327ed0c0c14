/* SPDX-License-Identifier: Apache-2.0 */
/* The group tls of any section, for conf/build.h. The files it names are read by server/tls_certs.c. */
#include <stdio.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/build.h"
#include "conf/setting.h"

void conf_build_tls(struct conf_build *build, const char *path, const struct conf_raw_tls *raw, struct conf_tls *ret)
{
	char here[CONF_PATH_MAX];

	if (raw == NULL)
		return;
	ret->present = true;
	snprintf(here, sizeof here, "%s.listen", path);
	conf_build_addrs(build, here, raw->listen, raw->listen_count, conf_setting_find(here, NULL)->port,
			 &ret->listen);
	ret->certificates = mem_array(raw->certificates_count, sizeof *ret->certificates);
	ret->certificate_count = raw->certificates_count;
	for (size_t i = 0; i < raw->certificates_count; i++) {
		const struct conf_raw_certificate *from = &raw->certificates[i];
		struct conf_certificate *certificate = &ret->certificates[i];

		snprintf(here, sizeof here, "%s.certificates[%zu]", path, i);
		certificate->line = conf_place_line(build->places, here);
		certificate->cert = file_beside(build->file, from->cert ? from->cert : "");
		certificate->key = file_beside(build->file, from->key ? from->key : "");
		certificate->ocsp = from->ocsp ? file_beside(build->file, from->ocsp) : NULL;
	}
	ret->ticket_keys = mem_array(raw->ticket_keys_count, sizeof *ret->ticket_keys);
	ret->ticket_key_count = raw->ticket_keys_count;
	for (size_t i = 0; i < raw->ticket_keys_count; i++)
		ret->ticket_keys[i] = file_beside(build->file, raw->ticket_keys[i] ? raw->ticket_keys[i] : "");
}

void conf_tls_fini(struct conf_tls *tls)
{
	for (size_t i = 0; i < tls->certificate_count; i++) {
		mem_free(tls->certificates[i].cert);
		mem_free(tls->certificates[i].key);
		mem_free(tls->certificates[i].ocsp);
	}
	for (size_t i = 0; i < tls->ticket_key_count; i++)
		mem_free(tls->ticket_keys[i]);
	mem_free(tls->ticket_keys);
	mem_free(tls->certificates);
	mem_free(tls->listen.list);
}
