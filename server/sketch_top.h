/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys come most often, in constant memory: Space-Saving (Metwally, Agrawal and El Abbadi, 2005). A key that has a
 * place is counted there; a new one takes the place of the rarest and inherits its count, noted as its possible error. So a
 * count is never too small, and too large by at most its error.
 *
 * Places are in sets of eight, found by the key's hash, so that counting costs no list and no heap, but a look at two cache
 * lines; that makes the rarest the rarest of a set, and the error what 1/8 of a set's share of all keys comes to. One
 * writer; any thread may read meanwhile, and may see a key with the count of the one whose place it took.
 */
#ifndef SERVER_SKETCH_TOP_H
#define SERVER_SKETCH_TOP_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { SKETCH_TOP_WAYS = 8 };

struct sketch_top_place {
	_Atomic uint64_t key;
	_Atomic uint32_t count, error;	/* count 0: free */
};

struct sketch_top {
	struct sketch_top_place *places;
	uint64_t mask;			/* of sets */
};

/* At least so many places: rounded up to a power of two, 8 or more. */
void sketch_top_init(struct sketch_top *top, size_t places);
void sketch_top_fini(struct sketch_top *top);
void sketch_top_clear(struct sketch_top *top);	/* the writer */
/* Counts key so many times. hash: of the key, every bit as good as the others; the lowest choose the set. */
void sketch_top_add(struct sketch_top *top, uint64_t key, uint64_t hash, unsigned times);

/* ---- Reading, and reading several together ---- */

struct sketch_top_row {
	uint64_t key, count, error;	/* count - error ≤ how often it came ≤ count */
};

struct sketch_top_rows {
	struct sketch_top_row *list;
	size_t count, room;
};

void sketch_top_read(const struct sketch_top *top, struct sketch_top_rows *add_to);
/* Makes one row of those with the same key, the greatest count first, and keeps at most so many. */
void sketch_top_rank(struct sketch_top_rows *rows, size_t most);
void sketch_top_rows_fini(struct sketch_top_rows *rows);

#endif
