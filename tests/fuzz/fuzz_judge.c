/* SPDX-License-Identifier: Apache-2.0 */
/* What a check takes for an answer: bytes of whoever sits on the port. The first byte chooses how they are read. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/anycast/judge.h"
#include "zone/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct judge_dns dns = { .type = DNS_SOA, .class = DNS_CLASS_IN, .id = 0x1234, .nsid = SPAN_TEXT("fra1") };
	struct judge_http http = { "dl.example.org", "/", NULL };
	char words[PROBE_WORDS_MAX] = "";

	if (size == 0 || name_from_text("example.org", &dns.name) != 0)
		return 0;
	/* A copy of its own size: a read behind its end is seen. */
	uint8_t *copy = malloc(size);
	memcpy(copy, data, size);
	struct span reply = { copy + 1, size - 1 };
	dns.stream = data[0] & 1;
	dns.ours = data[0] & 2;
	http.node = data[0] & 2 ? "fra1" : NULL;
	enum probe_verdict verdict = data[0] & 4 ? judge_http_answer(&http, reply, words) : judge_dns_answer(&dns, reply, words);
	if (memchr(words, '\0', sizeof words) == NULL || (verdict == PROBE_BAD && words[0] == '\0'))
		abort();
	free(copy);
	return 0;
}
