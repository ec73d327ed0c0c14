/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Framing of DNS over TCP. The first two bytes seed the cuts, the rest is what a client sends. However it is cut, the
 * answers, what was consumed and the verdict must be those of the uncut stream. A node without zones answers.
 */
#include <stdlib.h>
#include <string.h>

#include "server/stream.h"
#include "server/worker.h"

enum { ANSWERS_MAX = 1 << 20, STREAM_MAX = 64 << 10 };

struct told {
	size_t consumed, len;
	bool close;
	uint8_t *bytes;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Feeds all of it in pieces (seed 0: in one), each piece an exact copy for the address sanitizer. */
static struct told run(const struct stream_call *call, struct span in, uint32_t seed)
{
	struct told told = { .bytes = malloc(ANSWERS_MAX) };
	size_t there = seed == 0 ? in.len : 0, room = dns_tcp_protocol.out_bytes;
	uint8_t *out = malloc(room);
	struct stream_feed feed;

	do {
		if (there < in.len)
			there += 1 + next_random(&seed) % (in.len - there < 64 ? in.len - there : 64);
		do {
			struct span piece = { malloc(there - told.consumed + 1), there - told.consumed };

			memcpy((uint8_t *)(uintptr_t)piece.at, in.at + told.consumed, piece.len);
			feed = dns_tcp_protocol.feed(call, piece, there == in.len, out, room);
			free((uint8_t *)(uintptr_t)piece.at);
			require(feed.consumed <= piece.len && feed.produced <= room);
			require(!feed.again || feed.produced > 0);
			require(feed.busy == (!feed.again && !feed.close && feed.consumed < piece.len));
			require(told.len + feed.produced <= ANSWERS_MAX);
			memcpy(told.bytes + told.len, out, feed.produced);
			told.len += feed.produced;
			told.consumed += feed.consumed;
			told.close = feed.close;
		} while (feed.again);
	} while (there < in.len && !told.close);
	free(out);
	return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dataset dataset = { .zones = zone_set_new(1) };
	static struct worker worker;
	struct addr peer = { .any.sa_family = AF_INET };
	struct stream_call call = { .worker = &worker, .peer = &peer };

	dataset.identity = (struct zone_identity){
		.nsid = SPAN_TEXT("n"), .node = SPAN_TEXT("n"), .version = SPAN_TEXT("v"),
		.release = SPAN_TEXT("local"), .generation = 1,
	};
	dataset.respond = (struct respond_env){
		.zones = dataset.zones, .identity = &dataset.identity, .udp_max_payload = 1232,
	};
	worker.dataset = &dataset;
	if (size >= 2 && size <= STREAM_MAX) {
		uint32_t seed = (uint32_t)(data[0] << 8 | data[1]) + 1;
		struct span in = { data + 2, size - 2 };
		struct told whole = run(&call, in, 0), cut = run(&call, in, seed);

		require(whole.consumed == cut.consumed && whole.close == cut.close);
		require(whole.len == cut.len && memcmp(whole.bytes, cut.bytes, cut.len) == 0);
		free(whole.bytes);
		free(cut.bytes);
	}
	zone_set_free(dataset.zones);
	return 0;
}
