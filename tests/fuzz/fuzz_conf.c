/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration file: a struct conf without a fault, or at least one fault and none. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

static void ignore(void *ctx, const char *key)
{
	(void)key;
	++*(unsigned *)ctx;
}

static void look_at(const struct conf *conf)
{
	unsigned differing = 0;

	if (conf->node.name[0] == '\0' || conf->workers == 0 || conf->dns.nsid_len > CONF_NSID_MAX)
		abort();
	if (!conf->dns.present && !conf->redirect.present)
		abort();
	for (size_t i = 0; i < conf->site_count; i++) {
		if (conf->sites[i].host_count == 0 || conf->sites[i].target_count == 0)
			abort();
	}
	conf_restart_keys(conf, conf, ignore, &differing);
	if (differing != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_list errors = { 0 };
	struct conf *conf = NULL;
	int err = conf_parse("dir/fuzz.yaml", (const char *)data, size, &conf, &errors);

	if ((err == 0) != (conf != NULL) || (err == 0) != (errors.count == 0))
		abort();
	if (conf != NULL)
		look_at(conf);
	for (size_t i = 0; i < errors.kept; i++) {
		for (const char *c = errors.notes[i].text; *c != '\0'; c++) {
			if (*c == '\n' || *c == '\x1b')
				abort();
		}
		if (strstr(errors.notes[i].text, "Load: ") == errors.notes[i].text)
			abort(); /* libcyaml found what the walk before it had not */
	}
	conf_free(conf);
	err_list_fini(&errors);
	return 0;
}
