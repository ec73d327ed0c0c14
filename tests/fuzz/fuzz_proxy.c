/* SPDX-License-Identifier: Apache-2.0 */
/* PROXY headers: what is whole is not so any byte earlier, what is wrong stays wrong, and all that is bounded is. */
#include <stdlib.h>
#include <string.h>

#include "server/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* An exact copy for the address sanitizer. */
static enum proxy_read read_copy(const uint8_t *data, size_t len, struct proxy_header *ret)
{
	uint8_t *copy = malloc(len + 1);

	memcpy(copy, data, len);
	enum proxy_read read = proxy_read((struct span){ copy, len }, ret);
	free(copy);
	return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header whole = { 0 }, part = { 0 };
	enum proxy_read read = read_copy(data, size, &whole), before = PROXY_PART;

	require(read != PROXY_PART || size < PROXY_HEADER_MAX);
	if (read == PROXY_WHOLE)
		require(whole.len <= size && whole.len <= PROXY_HEADER_MAX);
	require(!whole.has_source || whole.source.any.sa_family == AF_INET || whole.source.any.sa_family == AF_INET6);
	/* Short ones are read at every length: the first verdict is the last. */
	for (size_t len = 0; size <= 256 && len <= size; len++) {
		enum proxy_read now = read_copy(data, len, &part);

		require(before == PROXY_PART || now == before);
		require(now != PROXY_WHOLE || part.len <= len);
		before = now;
	}
	require(size > 256 || before == read);
	return 0;
}
