/* SPDX-License-Identifier: Apache-2.0 */
/* The records of local names: addresses that are up, services that hint at them (RFC 9460), SRV (RFC 2782), variants. */
#include "zone/local_inner.h"

#include <string.h>

enum {
	SVC_PORT = 3, SVC_IPV4HINT = 4, SVC_IPV6HINT = 6,	/* RFC 9460, 14.3.2 */
	HTTPS_PORT = 443,
	SERVICE_RDATA_MAX = 3 + 6 + 4 + 4 + LOCAL_ADDRESSES_MAX * 16,
};

static bool is_up(const _Atomic uint8_t *up)
{
	return up == NULL || atomic_load_explicit(up, memory_order_relaxed) != 0;
}

static bool any_up(const struct local_group *group)
{
	for (size_t i = 0; i < group->address_count; i++) {
		if (is_up(group->addresses[i].up))
			return true;
	}
	return false;
}

static bool write_addresses(const struct local_group *group, size_t len, uint16_t type, struct writer_owner owner,
			    struct writer *writer)
{
	bool all = true;

	/* Health of this family alone counts: when all of it is down the other does not help those who ask for it. */
	for (size_t i = 0; i < group->address_count; i++)
		all &= group->addresses[i].len != len || !is_up(group->addresses[i].up);
	for (size_t i = 0; i < group->address_count; i++) {
		const struct local_address *address = &group->addresses[i];

		if (address->len != len || (!all && !is_up(address->up)))
			continue;
		if (!writer_record(writer, WRITER_ANSWER, owner, type, DNS_CLASS_IN, group->ttl,
				   (struct span){ address->bytes, address->len }, NULL))
			return false;
	}
	return true;
}

static uint8_t *put_hints(const struct local_group *group, size_t len, uint16_t key, uint8_t *at)
{
	uint8_t *value = at + 4;
	bool all = !any_up(group);

	for (size_t i = 0; i < group->address_count; i++) {
		const struct local_address *address = &group->addresses[i];

		if (address->len == len && (all || is_up(address->up))) {
			memcpy(value, address->bytes, len);
			value += len;
		}
	}
	if (value == at + 4)
		return at;
	dns_put_u16(at, key);
	dns_put_u16(at + 2, (uint16_t)(value - at - 4));
	return value;
}

/* SvcPriority 1, the owner itself as the target, parameters in the order of their keys (RFC 9460, 2.2). */
static bool write_service(const struct local_group *group, uint16_t port, uint16_t type, struct writer_owner owner,
			  struct writer *writer)
{
	uint8_t rdata[SERVICE_RDATA_MAX] = { 0, 1, 0 }, *at = rdata + 3;

	if (port != HTTPS_PORT) {
		dns_put_u16(at, SVC_PORT);
		dns_put_u16(at + 2, 2);
		dns_put_u16(at + 4, port);
		at += 6;
	}
	at = put_hints(group, 4, SVC_IPV4HINT, at);
	at = put_hints(group, 16, SVC_IPV6HINT, at);
	return writer_record(writer, WRITER_ANSWER, owner, type, DNS_CLASS_IN, group->ttl,
			     (struct span){ rdata, (size_t)(at - rdata) }, NULL);
}

/* One record for each port that content servers have. */
static bool write_services(const struct local_group *group, uint16_t type, struct writer_owner owner, struct writer *writer)
{
	for (size_t i = 0; i < group->service_count; i++) {
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= group->services[k].port == group->services[i].port;
		if (!again && !write_service(group, group->services[i].port, type, owner, writer))
			return false;
	}
	return true;
}

static bool write_srv(const struct local *local, struct writer_owner owner, struct writer *writer)
{
	const struct local_group *group = local->group;
	bool https = local->role == LOCAL_ROLE_SRV_HTTPS, all = true;
	uint8_t rdata[6 + DNS_NAME_MAX];

	for (size_t i = 0; i < group->service_count; i++)
		all &= group->services[i].https != https || !is_up(group->services[i].up);
	for (size_t i = 0; i < group->service_count; i++) {
		const struct local_service *service = &group->services[i];

		if (service->https != https || (!all && !is_up(service->up)))
			continue;
		dns_put_u16(rdata, 0);
		dns_put_u16(rdata + 2, service->weight);
		dns_put_u16(rdata + 4, service->port);
		memcpy(rdata + 6, group->hosts[i].at, group->hosts[i].len);
		if (!writer_record(writer, WRITER_ANSWER, owner, DNS_SRV, DNS_CLASS_IN, group->ttl,
				   (struct span){ rdata, 6 + group->hosts[i].len }, NULL))
			return false;
	}
	return true;
}

static bool write_variant(const struct local_variant *variant, bool dnssec, struct writer_owner owner,
			  struct writer *writer)
{
	bool fits = true;

	for (unsigned i = 0; i < variant->count && fits; i++)
		fits = writer_record(writer, WRITER_ANSWER, owner, variant->type, DNS_CLASS_IN, variant->ttl,
				     variant->rdata[i], NULL);
	for (unsigned i = 0; dnssec && i < variant->signature_count && fits; i++)
		fits = writer_record(writer, WRITER_ANSWER, owner, DNS_RRSIG, DNS_CLASS_IN, variant->ttl,
				     variant->signatures[i], NULL);
	return fits;
}

bool local_write(const struct local *local, uint16_t type, bool dnssec, struct writer_owner owner, struct writer *writer)
{
	const struct local_group *group = local->group;

	type = local_concrete_type(local, type);
	if (group->is_signed)
		return write_variant(local_variants_choose(&group->variants, type), dnssec, owner, writer);
	switch (type) {
	case DNS_A: return write_addresses(group, 4, type, owner, writer);
	case DNS_AAAA: return write_addresses(group, 16, type, owner, writer);
	case DNS_SRV: return write_srv(local, owner, writer);
	default: return write_services(group, type, owner, writer);
	}
}
