/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "zone/image_check.h"
#include "zone/image_inner.h"

enum { NSEC3_LABEL_BYTES = 1 + 32 };	/* 20 bytes in base32hex, and the length */

struct zone_image *zone_image_new(void *bytes, size_t size, struct zone_backing *backing)
{
	struct zone_image *image = mem_alloc(sizeof *image);

	image->holders = 1;
	image->mapped = backing != NULL;
	image->backing = backing;
	image->size = size;
	image->header = bytes;
	image->bytes = bytes;
	return image;
}

int zone_image_open(void *bytes, size_t size, bool check_digest, struct zone_image **ret_image, struct err_note *note)
{
	int err = zone_image_check(bytes, size, check_digest, note);

	if (err == 0)
		*ret_image = zone_image_new(bytes, size, NULL);
	return err;
}

int zone_image_map(const char *path, struct zone_image **ret_image, struct err_note *note)
{
	struct stat stat;
	int err = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &stat) != 0) {
		err = -errno;
		err_note_set(note, path, 0, "%s", strerror(errno));
		goto close_file;
	}
	if (!S_ISREG(stat.st_mode) || (size_t)stat.st_size < sizeof(struct zone_image_header)) {
		err = ERR_FORMAT;
		err_note_set(note, path, 0, "too short for a zone image");
		goto close_file;
	}

	/* Populated at once: a page fault costs microseconds, and the check reads every page anyway. */
	void *bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (bytes == MAP_FAILED) {
		err = -errno;
		err_note_set(note, path, 0, "mapping failed: %s", strerror(errno));
		goto close_file;
	}
	err = zone_image_check(bytes, (size_t)stat.st_size, true, note);
	if (err != 0) {
		munmap(bytes, (size_t)stat.st_size);
		memcpy(note->file, path, strnlen(path, sizeof note->file - 1) + 1);
		note->file[sizeof note->file - 1] = '\0';
		goto close_file;
	}
	*ret_image = zone_image_new(bytes, (size_t)stat.st_size, zone_backing_of_file(path, &stat));
close_file:
	if (fd >= 0)
		close(fd);
	return err;
}

struct zone_image *zone_image_retain(struct zone_image *image)
{
	atomic_fetch_add(&image->holders, 1);
	return image;
}

void zone_image_release(struct zone_image *image)
{
	if (image == NULL || atomic_fetch_sub(&image->holders, 1) != 1)
		return;
	if (image->mapped)
		munmap(image->bytes, image->size);
	else
		mem_free(image->bytes);
	zone_backing_release(image->backing);
	zone_changes_fini(&image->changes);
	mem_free(image);
}

const struct zone_image_header *zone_image_header(const struct zone_image *image)
{
	return image->header;
}

const struct zone_rrset *zone_node_moved_set(const struct zone_node *node)
{
	size_t at = zone_node_moved(node)->sets;

	return (const struct zone_rrset *)(const void *)((const uint8_t *)node + at * 4);
}

const struct zone_rrset *zone_node_find(const struct zone_node *node, uint16_t type)
{
	const struct zone_rrset *set = zone_node_first_set(node);

	for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
		if (zone_rrset_type(set) == type && (type != DNS_RRSIG || set->covers == 0))
			return set;
	}
	return NULL;
}

const struct zone_rrset *zone_node_rrsig(const struct zone_node *node, uint16_t covered)
{
	const struct zone_rrset *set = zone_node_first_set(node);

	for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
		if (set->covers == covered && zone_rrset_type(set) == DNS_RRSIG)
			return set;
	}
	return NULL;
}

static size_t round4(size_t bytes)
{
	return (bytes + 3) & ~(size_t)3;
}

static struct zone_rr rr_at(const struct zone_rrset *set, const uint8_t *at)
{
	struct zone_layout layout = zone_layout(zone_rrset_type(set));
	struct zone_rr rr = { .at = at, .names = layout.names };

	if (layout.names == 0) {
		rr.prefix = (struct span){ at + 2, dns_get_u16(at) };
		return rr;
	}
	rr.prefix = (struct span){ at, layout.prefix };
	at += round4(layout.prefix);
	memcpy(rr.name, at, layout.names * sizeof rr.name[0]);
	rr.suffix = (struct span){ at + layout.names * sizeof rr.name[0], layout.suffix };
	return rr;
}

struct zone_rr zone_rr_first(const struct zone_rrset *set)
{
	return rr_at(set, set->rrs);
}

struct zone_rr zone_rr_next(const struct zone_rrset *set, const struct zone_rr *rr)
{
	if (rr->names == 0)
		return rr_at(set, rr->prefix.at + rr->prefix.len);
	return rr_at(set, rr->suffix.at + round4(rr->suffix.len));
}

size_t zone_node_name(const struct zone_image_header *base, zref ref, uint8_t *out)
{
	size_t len = 0;

	while (ref != 0) {
		const struct zone_node *node = zone_node_at(base, ref);

		if (ref == base->apex_node) {
			memcpy(out + len, base->apex, base->apex_len);
			return len + base->apex_len;
		}
		memcpy(out + len, node->wire, node->label_bytes);
		len += node->label_bytes;
		ref = node->parent;
	}
	out[len++] = 0;
	return len;
}

size_t zone_rr_rdata(const struct zone_image_header *base, const struct zone_rr *rr, uint8_t *out)
{
	size_t len = rr->prefix.len;

	memcpy(out, rr->prefix.at, len);
	for (unsigned i = 0; i < rr->names; i++)
		len += zone_node_name(base, rr->name[i], out + len);
	if (rr->suffix.len != 0)
		memcpy(out + len, rr->suffix.at, rr->suffix.len);
	return len + rr->suffix.len;
}

/* Whether the node's name is the suffix of name from label index on: own label against label, up to the apex, which
 * all names asked for here are below. */
static bool node_is(const struct zone_image_header *base, const struct zone_node *node, const struct name *name,
		    unsigned index)
{
	if (node->labels != name->labels - index)
		return false;
	for (; node->parent != 0; node = zone_node_at(base, node->parent), index++) {
		const uint8_t *label = name->wire + name->start[index];

		if (node->label_bytes != label[0] + 1 || memcmp(node->wire, label, node->label_bytes) != 0)
			return false;
	}
	return true;
}

/* The slot of the suffix of name from label index on; that of an empty one when there is no such node. */
static uint32_t find_slot(const struct zone_image_header *base, const struct name *name, unsigned index)
{
	const struct zone_slot *slots = zone_at(base, base->hash);
	uint32_t hash = name->hash[index], i = hash & (base->slots - 1);

	while (slots[i].node != 0
	       && (slots[i].hash != hash || !node_is(base, zone_node_at(base, slots[i].node), name, index)))
		i = (i + 1) & (base->slots - 1);
	return i;
}

const struct zone_node *zone_image_lookup(const struct zone_image_header *base, const struct name *name, unsigned index)
{
	const struct zone_slot *slots = zone_at(base, base->hash);
	zref node = slots[find_slot(base, name, index)].node;

	return node != 0 ? zone_node_at(base, node) : NULL;
}

const struct zone_nsec3_link *zone_image_nsec3_link(const struct zone_image_header *base, const struct name *name,
						    unsigned index)
{
	const struct zone_slot *slots = zone_at(base, base->hash);
	const struct zone_nsec3_link *links = zone_at(base, base->nsec3_links);

	if (base->nsec3_links == 0)
		return NULL;
	uint32_t slot = find_slot(base, name, index);
	return slots[slot].node != 0 ? &links[slot] : NULL;
}

/* The nearest node at or above that has the flag. */
static const struct zone_node *ancestor_with(const struct zone_image_header *base, const struct zone_node *node,
					     unsigned flag)
{
	while ((node->flags & flag) == 0 && node->parent != 0)
		node = zone_node_at(base, node->parent);
	return node->flags & flag ? node : NULL;
}

/* The owner of an NSEC3 and nothing else is no name (RFC 5155, 7.2.8). Its label is a hash, which most labels are seen
 * not to be without a look at RRsets. */
static bool owns_only_nsec3(const struct zone_node *node)
{
	if (node->label_bytes != NSEC3_LABEL_BYTES || node->sets == 0)
		return false;

	const struct zone_rrset *set = zone_node_first_set(node);

	return zone_rrset_type(set) == DNS_NSEC3
		&& (node->sets == 1 || (node->sets == 2 && zone_rrset_next(set)->covers == DNS_NSEC3));
}

void zone_image_find(const struct zone_image_header *base, const struct name *name, struct zone_hit *ret_hit)
{
	/* No owner has more labels than max_labels: a name of a hundred labels costs no hundred look-ups. */
	unsigned index = name->labels > base->max_labels ? name->labels - base->max_labels : 0;
	unsigned apex = (unsigned)(name->labels - base->apex_labels);
	const struct zone_node *node = NULL;

	for (; index < apex && node == NULL; index++) {
		node = zone_image_lookup(base, name, index);
		if (node != NULL && owns_only_nsec3(node))
			node = NULL;
	}
	if (node == NULL)
		node = zone_node_at(base, base->apex_node);
	else
		index--;

	ret_hit->node = node;
	ret_hit->skipped = index;
	ret_hit->match = index == 0 ? ZONE_EXACT : ZONE_ENCLOSER;
	ret_hit->cut = NULL;
	ret_hit->dname = NULL;
	if (node->flags & (ZONE_NODE_CUT | ZONE_NODE_BELOW_CUT))
		ret_hit->cut = ancestor_with(base, node, ZONE_NODE_CUT);
	if (node->flags & ZONE_NODE_BELOW_DNAME || (node->flags & ZONE_NODE_DNAME && index != 0))
		ret_hit->dname = ancestor_with(base, node, ZONE_NODE_DNAME);
}

const struct zone_node *zone_image_wildcard(const struct zone_image_header *base, const struct zone_node *node,
					    uint32_t node_hash)
{
	static const uint8_t star[] = { 1, '*' };
	const struct zone_slot *slots = zone_at(base, base->hash);
	zref parent = zone_ref_of(base, node);

	if ((node->flags & ZONE_NODE_WILDCARD_CHILD) == 0)
		return NULL;

	uint32_t hash = name_hash_label(node_hash, star + 1, 1);
	for (uint32_t i = hash & (base->slots - 1); slots[i].node != 0; i = (i + 1) & (base->slots - 1)) {
		const struct zone_node *child = zone_node_at(base, slots[i].node);

		if (slots[i].hash == hash && child->parent == parent && child->label_bytes == sizeof star
		    && memcmp(child->wire, star, sizeof star) == 0)
			return child;
	}
	return NULL;
}
