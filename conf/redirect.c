/* SPDX-License-Identifier: Apache-2.0 */
/* The section redirect of conf/build.h. */
#include "conf/build.h"

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/setting.h"
#include "conf/value.h"

enum { CLIENT_SHARE = 4 };	/* of the connections one client may have, without a word in the file */

void conf_build_prefixes(char **texts, size_t count, struct prefixes *ret)
{
	struct prefix *list = mem_array(count, sizeof *list);
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		used += texts[i] != NULL && prefix_parse(texts[i], &list[used]) == 0;
	prefixes_init(ret, list, used);
	mem_free(list);
}

static void build_limits(const struct conf_raw_redirect *raw, struct conf_redirect *redirect)
{
	redirect->max_clients = (unsigned)conf_value_number("redirect.max-clients", raw->max_clients);
	redirect->max_per_client =
		(unsigned)conf_value_number("redirect.max-clients-per-client", raw->max_clients_per_client);
	if (redirect->max_per_client == 0)
		redirect->max_per_client = (redirect->max_clients + CLIENT_SHARE - 1) / CLIENT_SHARE;
	redirect->ipv4_prefix_length =
		(uint8_t)conf_value_number("redirect.ipv4-prefix-length", raw->ipv4_prefix_length);
	redirect->ipv6_prefix_length =
		(uint8_t)conf_value_number("redirect.ipv6-prefix-length", raw->ipv6_prefix_length);
	redirect->idle_ms = conf_value_duration("redirect.idle-timeout", raw->idle_timeout);
	redirect->request_ms = conf_value_duration("redirect.request-timeout", raw->request_timeout);
}

static void build_access_log(struct conf_build *build, const struct conf_raw_access_log *raw)
{
	struct conf_access_log *log = &build->conf->redirect.access_log;

	if (raw == NULL)
		return;
	log->file = file_beside(build->file, raw->file ? raw->file : "");
	log->format = (enum conf_log_format)conf_value_choice("redirect.access-log.format", raw->format);
	log->sample = (unsigned)conf_value_number("redirect.access-log.sample", raw->sample);
}

void conf_build_redirect(struct conf_build *build)
{
	const struct conf_raw_redirect *raw = build->raw->redirect;
	struct conf_redirect *redirect = &build->conf->redirect;

	if (raw == NULL)
		return;
	redirect->present = true;
	conf_build_addrs(build, "redirect.listen", raw->listen, raw->listen_count,
			 conf_setting_find("redirect.listen", NULL)->port, &redirect->listen);
	build_limits(raw, redirect);
	conf_build_prefixes(raw->proxy_protocol_from, raw->proxy_protocol_from_count, &redirect->proxies);
	build_access_log(build, raw->access_log);
	conf_build_tls(build, "redirect.tls", raw->tls, &redirect->tls);
	if (raw->tls != NULL)
		redirect->tls.http2 = conf_value_bool("redirect.tls.http2", raw->tls->http2);
}

void conf_redirect_fini(struct conf_redirect *redirect)
{
	mem_free(redirect->listen.list);
	prefixes_fini(&redirect->proxies);
	mem_free(redirect->access_log.file);
	conf_tls_fini(&redirect->tls);
}
