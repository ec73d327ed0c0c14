/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/zone_findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "zone/verify.h"

static char said[ZONE_FINDINGS_MAX];

static void say(void *ctx, enum zone_verify_kind kind, const char *text)
{
	size_t *len = ctx;

	*len += (size_t)snprintf(said + *len, sizeof said - *len, "%c %s\n", "BEWN"[kind], text);
	if (*len >= sizeof said)
		abort();
}

const char *zone_findings(const struct zone_image *image, int64_t now_s, bool thorough)
{
	size_t counts[ZONE_VERIFY_KINDS], len = 0;
	struct zone_verify how = { .now_s = now_s, .thorough = thorough, .texts = 100, .found = say, .ctx = &len };

	said[0] = '\0';
	zone_verify(zone_image_header(image), &how, counts);
	return said;
}

const char *zone_findings_of(const char *origin, const char *text, int64_t now_s, bool thorough)
{
	static char notes[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build(origin, text, notes);

	if (image == NULL) {
		fprintf(stderr, "%s%s", text, notes);
		abort();
	}
	zone_findings(image, now_s, thorough);
	zone_image_release(image);
	return said;
}

char *zone_edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (at == NULL) {
		fprintf(stderr, "\"%s\" is not in\n%s", from, text);
		abort();
	}
	return mem_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

bool zone_has_tool(const char *tool)
{
	char *command = mem_format("command -v %s >/dev/null 2>&1", tool);
	bool found = system(command) == 0;

	mem_free(command);
	return found;
}

char *zone_sign(const char *origin, const char *text, const char *algorithms, const char *options)
{
	char folder[] = "/tmp/catchment-sign-XXXXXX";
	uint8_t *bytes;
	size_t len;

	if (mkdtemp(folder) == NULL)
		abort();
	char *zone = mem_format("%s/zone", folder), *signed_zone = mem_format("%s/signed", folder);
	if (file_replace(zone, text, strlen(text), 0600) != 0)
		abort();
	char *command =
		mem_format("cd %s && keys= && for a in %s; do keys=\"$keys $(ldns-keygen -a $a -b 2048 -k %s) "
			   "$(ldns-keygen -a $a -b 2048 %s)\" || exit 1; done; "
			   "ldns-signzone -i 20260801000000 -e 20260901000000 -o %s %s -f signed zone $keys 2>&1",
			   folder, algorithms, origin, origin, origin, options);
	if (system(command) != 0 || file_read(signed_zone, 1 << 26, &bytes, &len) != 0)
		abort();
	mem_free(command);
	command = mem_format("rm -r %s", folder);
	if (system(command) != 0)
		abort();
	mem_free(command);
	mem_free(zone);
	mem_free(signed_zone);
	return (char *)bytes;
}
