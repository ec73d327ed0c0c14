/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that claim to be a zone image: refused, or safe to look up in and to dump. The digest is not checked, so that
 * mutations get past it; the size in the header is made right for the same reason. */
#include <string.h>

#include "conf/base/mem.h"
#include "zone/dump.h"
#include "zone/edns.h"
#include "zone/image.h"
#include "zone/respond.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int drop_line(void *ctx, const char *line, size_t len)
{
	*(size_t *)ctx += strnlen(line, len);
	return 0;
}

/* A question with DO over TCP: every part of the image that an answer may come from. */
static void ask(const struct respond_env *env, const struct name *name, uint16_t type)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	static const struct respond_from from = { .transport = RESPOND_TCP };
	const struct edns_reply opt = { .udp_size = 1232, .dnssec_ok = true };
	uint8_t query[DNS_HEADER_BYTES + DNS_NAME_MAX + 4 + EDNS_OPT_BYTES] = { [5] = 1, [11] = 1 };
	size_t len = DNS_HEADER_BYTES;
	struct respond_result result;

	memcpy(query + len, name->wire, name->len);
	len += name->len;
	dns_put_u16(query + len, type);
	dns_put_u16(query + len + 2, DNS_CLASS_IN);
	len += 4;
	len += edns_write(&opt, query + len, len, DNS_UDP_BYTES);
	respond(env, &from, (struct span){ query, len }, out, &result);
}

/* A name that exists, and one that does not, below it. */
static void look_up(const struct respond_env *env, const struct zone_image_header *base, zref ref)
{
	static const uint16_t types[] = { DNS_A, DNS_NS, DNS_DS, DNS_HTTPS, DNS_ANY };
	uint8_t wire[DNS_NAME_MAX + 2] = { 1, 'x' };
	size_t len = zone_node_name(base, ref, wire + 2);
	struct name name;

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (name_from_wire(wire + 2, len, &name) == 0)
			ask(env, &name, types[i]);
		if (len + 2 <= DNS_NAME_MAX && name_from_wire(wire, len + 2, &name) == 0)
			ask(env, &name, types[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone_image *image;
	struct err_note note;
	size_t dumped = 0;
	void *bytes = mem_copy(data, size);

	if (size >= sizeof(struct zone_image_header))
		((struct zone_image_header *)bytes)->size = size;
	if (zone_image_open(bytes, size, false, &image, &note) != 0) {
		mem_free(bytes);
		return 0;
	}

	const struct zone_image_header *base = zone_image_header(image);
	static const struct zone_identity identity = { .generation = 1 };
	struct zone_set *zones = zone_set_new(1);
	const struct respond_env env = { .zones = zones, .identity = &identity, .udp_max_payload = 1232 };
	struct name apex;

	name_from_wire(base->apex, base->apex_len, &apex);
	zone_set_add(zones, &apex, image);
	for (zref ref = base->apex_node; ref < base->nodes_end;) {
		const struct zone_node *node = zone_node_at(base, ref);

		look_up(&env, base, ref);
		ref = zone_ref_of(base, zone_node_next(node));
	}
	zone_dump(base, drop_line, &dumped);
	zone_set_free(zones);
	zone_image_release(image);
	return 0;
}
