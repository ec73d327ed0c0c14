/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/local_inner.h"

#include <string.h>

#include "conf/base/mem.h"

struct local_set {
	const struct zone_image_header *base;
	struct arena arena;
	struct local *slots;		/* wire NULL: empty */
	size_t slot_count, used, names;	/* slot_count: a power of two */
};

/* ---- look-ups ---- */

static struct local *slot_of(const struct local_set *set, uint32_t hash, const uint8_t *wire, size_t len)
{
	for (size_t at = hash & (set->slot_count - 1);; at = (at + 1) & (set->slot_count - 1)) {
		struct local *slot = &set->slots[at];

		if (slot->wire == NULL || (slot->hash == hash && slot->len == len && memcmp(slot->wire, wire, len) == 0))
			return slot;
	}
}

static const struct local *get(const struct local_set *set, const struct name *name, unsigned index)
{
	const struct local *slot = slot_of(set, name->hash[index], name->wire + name->start[index],
					   (size_t)name->len - name->start[index]);

	return slot->wire != NULL ? slot : NULL;
}

static bool has_family(const struct local_group *group, size_t len)
{
	for (size_t i = 0; i < group->address_count; i++) {
		if (group->addresses[i].len == len)
			return true;
	}
	return false;
}

static bool all_https(const struct local_group *group)
{
	for (size_t i = 0; i < group->service_count; i++) {
		if (!group->services[i].https)
			return false;
	}
	return group->service_count != 0;
}

uint16_t local_concrete_type(const struct local *local, uint16_t type)
{
	if (type != DNS_ANY || local->role == LOCAL_ROLE_ABOVE)
		return type;
	if (local->role != LOCAL_ROLE_NAME)
		return DNS_SRV;
	if (local->group->is_signed)
		return local_variants_choose(&local->group->variants, DNS_A) != NULL ? DNS_A : DNS_AAAA;
	return has_family(local->group, 4) ? DNS_A : DNS_AAAA;
}

static bool has_type(const struct local *local, uint16_t type)
{
	const struct local_group *group = local->group;

	type = local_concrete_type(local, type);
	if (local->role == LOCAL_ROLE_ABOVE)
		return false;
	if (local->role != LOCAL_ROLE_NAME)
		return type == DNS_SRV;
	if (group->is_signed)
		return local_variants_choose(&group->variants, type) != NULL;
	switch (type) {
	case DNS_A: return has_family(group, 4);
	case DNS_AAAA: return has_family(group, 16);
	case DNS_HTTPS:
	case DNS_SVCB: return all_https(group);
	default: return false;
	}
}

/* A client that gets the addresses of one family from us must not get those of the other from the zone: they are of
 * another place. */
static bool is_hidden(const struct local *local, uint16_t type)
{
	return local->role == LOCAL_ROLE_NAME && !local->group->is_signed && (type == DNS_A || type == DNS_AAAA);
}

enum local_kind local_find(const struct local_set *set, const struct name *name, const struct zone_hit *hit, uint16_t type,
			   const struct local **ret_local)
{
	const struct local *self = get(set, name, 0);

	*ret_local = self;
	if (self != NULL && has_type(self, type))
		return LOCAL_HERE;
	if (self != NULL)
		return hit->match == ZONE_EXACT && !is_hidden(self, type) ? LOCAL_NONE : LOCAL_NODATA;
	if (hit->match == ZONE_EXACT)
		return LOCAL_NONE;
	for (unsigned index = 1; index < hit->skipped; index++) {
		if (get(set, name, index) != NULL)
			return LOCAL_NO_NAME;
	}
	return LOCAL_NONE;
}

/* ---- building ---- */

#define refuse(note, ...) (err_note_set(note, NULL, 0, __VA_ARGS__), ERR_INVALID)

struct local_set *local_set_new(const struct zone_image_header *base)
{
	struct local_set *set = mem_alloc(sizeof *set);

	set->base = base;
	set->slot_count = 16;
	set->slots = mem_array(set->slot_count, sizeof *set->slots);
	return set;
}

void local_set_free(struct local_set *set)
{
	if (set == NULL)
		return;
	arena_fini(&set->arena);
	mem_free(set->slots);
	mem_free(set);
}

size_t local_set_count(const struct local_set *set)
{
	return set->names;
}

static void grow(struct local_set *set)
{
	struct local *before = set->slots;
	size_t count = set->slot_count;

	set->slot_count *= 2;
	set->slots = mem_array(set->slot_count, sizeof *set->slots);
	for (size_t i = 0; i < count; i++) {
		if (before[i].wire != NULL)
			*slot_of(set, before[i].hash, before[i].wire, before[i].len) = before[i];
	}
	mem_free(before);
}

/* The suffix of name from label index on. A local name may be added where something local was only known to be below. */
static void put(struct local_set *set, const struct name *name, unsigned index, enum local_role role, const struct local_group *group)
{
	const uint8_t *wire = name->wire + name->start[index];
	size_t len = (size_t)name->len - name->start[index];

	if (set->used * 2 >= set->slot_count)
		grow(set);
	struct local *slot = slot_of(set, name->hash[index], wire, len);
	if (slot->wire == NULL) {
		set->used++;
		*slot = (struct local){
			.role = LOCAL_ROLE_ABOVE, .hash = name->hash[index], .len = (uint8_t)len,
			.wire = arena_copy(&set->arena, wire, len),
		};
	}
	if (role != LOCAL_ROLE_ABOVE) {
		slot->role = role;
		slot->group = group;
	}
}

static int add_services(struct local_set *set, const struct local_wish *wish, struct local_group *group, struct err_note *note)
{
	struct arena *arena = &set->arena;

	if (wish->service_count > LOCAL_SERVICES_MAX)
		return refuse(note, "%zu content servers; at most %d are taken", wish->service_count, LOCAL_SERVICES_MAX);
	group->services = arena_alloc(arena, wish->service_count * sizeof *group->services, _Alignof(struct local_service));
	group->hosts = arena_alloc(arena, wish->service_count * sizeof *group->hosts, _Alignof(struct span));
	group->service_count = wish->service_count;
	for (size_t i = 0; i < wish->service_count; i++) {
		struct name host;

		if (name_from_text(wish->services[i].host, &host) != 0)
			return refuse(note, "the content server \"%s\" is no domain name", wish->services[i].host);
		group->services[i] = wish->services[i];
		group->services[i].host = NULL;
		group->hosts[i] = (struct span){ arena_copy(arena, host.wire, host.len), host.len };
	}
	return 0;
}

/* "_https._tcp." in front of name; false when that is too long a name. */
static bool service_name(const struct name *name, bool https, struct name *ret)
{
	static const uint8_t http_tcp[] = "\5_http\4_tcp", https_tcp[] = "\6_https\4_tcp";
	const uint8_t *prefix = https ? https_tcp : http_tcp;
	size_t len = (https ? sizeof https_tcp : sizeof http_tcp) - 1;
	uint8_t wire[DNS_NAME_MAX + sizeof https_tcp];

	memcpy(wire, prefix, len);
	memcpy(wire + len, name->wire, name->len);
	return len + name->len <= DNS_NAME_MAX && name_from_wire(wire, len + name->len, ret) == 0;
}

/* SRV below the name, unless the zone has such a name itself. */
static void put_srv(struct local_set *set, const struct name *name, const struct local_group *group, bool https)
{
	struct name srv;
	struct zone_hit hit;
	bool any = false;

	for (size_t i = 0; i < group->service_count; i++)
		any |= group->services[i].https == https;
	if (!any || !service_name(name, https, &srv))
		return;
	zone_image_find(set->base, &srv, &hit);
	if (hit.match == ZONE_EXACT)
		return;
	put(set, &srv, 0, https ? LOCAL_ROLE_SRV_HTTPS : LOCAL_ROLE_SRV_HTTP, group);
	for (unsigned index = 1; index < hit.skipped; index++)
		put(set, &srv, index, LOCAL_ROLE_ABOVE, NULL);
}

/* Whether the zone leaves the name to us. */
static int check_place(const struct local_set *set, const struct name *name, const struct zone_hit *hit,
		       struct err_note *note)
{
	const struct local *there = get(set, name, 0);
	char apex[DNS_NAME_TEXT_MAX];

	name_print(set->base->apex, apex);
	if (!name_is_below(name, set->base->apex, set->base->apex_len))
		return refuse(note, "it is not in the zone %s", apex);
	if (hit->cut != NULL)
		return refuse(note, "the zone %s delegates it, or what is above it, to other servers", apex);
	if (hit->dname != NULL)
		return refuse(note, "a DNAME in the zone %s stands above it", apex);
	if (hit->match == ZONE_EXACT && (hit->node->flags & ZONE_NODE_CNAME))
		return refuse(note, "it is an alias (CNAME) in the zone %s", apex);
	if (there != NULL && there->role == LOCAL_ROLE_NAME)
		return refuse(note, "it is a local name already");
	return 0;
}

static int take_addresses(struct local_set *set, const struct local_wish *wish, struct local_group *group, struct err_note *note)
{
	if (wish->address_count == 0)
		return refuse(note, "no target of the site has addresses (sites[].targets[].addresses)");
	if (wish->address_count > LOCAL_ADDRESSES_MAX)
		return refuse(note, "%zu addresses; at most %d are taken", wish->address_count, LOCAL_ADDRESSES_MAX);
	group->addresses = arena_alloc(&set->arena, wish->address_count * sizeof *group->addresses,
				       _Alignof(struct local_address));
	memcpy(group->addresses, wish->addresses, wish->address_count * sizeof *group->addresses);
	group->address_count = wish->address_count;
	return 0;
}

int local_set_add(struct local_set *set, const struct local_wish *wish, struct err_note *note)
{
	struct local_group *group = arena_alloc(&set->arena, sizeof *group, _Alignof(struct local_group));
	struct name name;
	struct zone_hit hit;

	if (name_from_text(wish->name, &name) != 0)
		return refuse(note, "it is no domain name");
	if (name_is_below(&name, set->base->apex, set->base->apex_len))
		zone_image_find(set->base, &name, &hit);
	int err = check_place(set, &name, &hit, note);
	*group = (struct local_group){ .ttl = wish->ttl_s, .is_signed = set->base->flags & ZONE_IMAGE_SIGNED };
	if (err == 0)
		err = take_addresses(set, wish, group, note);
	if (err == 0)
		err = add_services(set, wish, group, note);
	if (err == 0 && group->is_signed)
		err = local_variants_find(set->base, &name, wish, &set->arena, &group->variants, note);
	if (err != 0)
		return err;

	put(set, &name, 0, LOCAL_ROLE_NAME, group);
	set->names++;
	/* A signed zone proves what is not there: only names that it has can be local. */
	if (group->is_signed)
		return 0;
	for (unsigned index = 1; hit.match != ZONE_EXACT && index < hit.skipped; index++)
		put(set, &name, index, LOCAL_ROLE_ABOVE, NULL);
	put_srv(set, &name, group, false);
	put_srv(set, &name, group, true);
	return 0;
}
