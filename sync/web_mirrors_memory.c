/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A poll without news need not move the timestamp: it is asked for with its ETag (RFC 9110, 13.1.2), and 304 stands for
 * the bytes that came before. Servers make an ETag of the time in seconds and the length, which two releases within one
 * second share; so one is only used when the file was two seconds old by the server's own clock, and every now and then
 * all is asked for anew, for copies that keep the times of their originals.
 */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/web_mirrors_inner.h"

static const uint64_t KEPT_NS = UINT64_C(600) * 1000000000;

bool web_memory_is_for(const char *name)
{
	return strcmp(name, "metadata/timestamp.json") == 0;
}

bool web_memory_is_good(const struct web_memory *memory, uint64_t max_bytes, uint64_t now_ns)
{
	return memory->etag[0] != '\0' && memory->len <= max_bytes && now_ns - memory->at_ns < KEPT_NS;
}

void web_memory_keep(struct web_memory *memory, const struct web_response *response, struct transport_buffer *copy,
		     uint64_t now_ns)
{
	mem_free(memory->bytes);
	*memory = (struct web_memory){ 0 };
	if (!response->settled || response->etag[0] == '\0' || copy->len == 0 || copy->len != response->received)
		return;
	memcpy(memory->etag, response->etag, sizeof memory->etag);
	memory->bytes = copy->bytes;
	memory->len = copy->len;
	memory->at_ns = now_ns;
	*copy = (struct transport_buffer){ 0 };
}
