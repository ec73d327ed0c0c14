/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as NOTIFY, as an answer to one, and as a message with TSIG: nothing is read that is not there, and
 * nothing is good that was not signed. What is answered can be read again. */
#include <stdint.h>
#include <stdlib.h>

#include "conf/base/mem.h"
#include "zone/notify.h"
#include "zone/tsig_message.h"

enum { NOW_S = 1800000000 };

/* One more bit anywhere behind the ID breaks what is good. */
static void spoil(struct span message, const struct tsig_key *key)
{
	struct tsig_checked checked;
	uint8_t *copy = mem_copy(message.at, message.len);

	copy[message.len / 2] ^= 0x80;
	if (tsig_check((struct span){ copy, message.len }, key, 1, NOW_S, NULL, &checked) == TSIG_GOOD)
		abort();
	mem_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span message = { data, size };
	uint8_t out[NOTIFY_BYTES_MAX];
	struct tsig_checked checked;
	struct notify notify = { .id = 0x1234 }, again;
	struct tsig_key key;
	unsigned rcode;

	if (tsig_key_init(&key, "node1.key", TSIG_SHA256, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=") != 0)
		abort();
	name_from_text("_sync.default", &notify.name);
	notify_is_answer(message, &notify, &rcode);
	enum tsig_outcome outcome = tsig_check(message, &key, 1, NOW_S, NULL, &checked);
	if (outcome == TSIG_GOOD)
		spoil(message, &key);
	if (notify_read(message, &notify) != NOTIFY_GOOD)
		return 0;
	size_t len = notify_answer(message, DNS_NOERROR, out, sizeof out);
	if (len == 0 || !notify_is_answer((struct span){ out, len }, &notify, &rcode) || rcode != DNS_NOERROR)
		abort();
	if (outcome == TSIG_BADSIG || outcome == TSIG_BADKEY)
		tsig_append_refusal(out, len, sizeof out, message, outcome);
	len = notify_write(&notify, out, sizeof out);
	if (notify_read((struct span){ out, len }, &again) != NOTIFY_GOOD || again.has_serial != notify.has_serial)
		abort();
	len = tsig_sign(out, len, sizeof out, &key, NOW_S, NULL, NULL);
	if (tsig_check((struct span){ out, len }, &key, 1, NOW_S, NULL, &checked) != TSIG_GOOD)
		abort();
	return 0;
}
