/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of sync/follow: a signed repository in memory and a node's state folder that follows it through the real
 * code, without a network. What is put is signed and listed rightly, whatever it says: that is what a master can send
 * whose keys are good and whose mind is not. A broken promise of the bench ends the program.
 */
#ifndef TESTS_UNIT_SUPPORT_FOLLOW_BENCH_H
#define TESTS_UNIT_SUPPORT_FOLLOW_BENCH_H

#include "sync/follow.h"
#include "tests/unit/support/tuf_repo.h"

struct follow_bench;

#define FOLLOW_BENCH_LIST "fleet/default/subscribe.json"
#define FOLLOW_BENCH_ZONE "zones/example/zone"
/* "example", serial 1; a step to serial 2 begins with "changeset/1 example. 1 2". */
extern const char FOLLOW_BENCH_TEXT[];

/* Follows the first good release already. */
struct follow_bench *follow_bench_new(void);
void follow_bench_free(struct follow_bench *bench);

/* A target that the role targets signs. custom: JSON, or NULL. */
void follow_bench_put(struct follow_bench *bench, const char *path, struct span bytes, const char *custom);
void follow_bench_put_text(struct follow_bench *bench, const char *path, const char *text);
/* The zone: its checkpoint as text, packed and described; more: further members of custom, each with a comma in front,
 * or "". */
void follow_bench_put_zone(struct follow_bench *bench, struct span text, uint32_t serial, const char *more);
/* A changeset to the zone as it was put last; packed already or not. */
void follow_bench_put_step(struct follow_bench *bench, struct span packed, size_t raw, uint32_t from, uint32_t to);
/* A file that no target is: it is there, below targets/, and that is all. */
void follow_bench_put_loose(struct follow_bench *bench, struct span bytes, char ret_sha256[MANIFEST_HEX]);
/* Instead of a file of metadata/, as it is. at NULL: as it was. */
void follow_bench_spoil(struct follow_bench *bench, const char *name, struct span bytes);
struct tuf_repo *follow_bench_repo(struct follow_bench *bench);	/* its bodies may be changed before a release */

/* Signs all with the next versions, and lets the node look. What is new is committed, and must then load without a
 * network. *note: why not. */
enum follow_result follow_bench_release(struct follow_bench *bench, struct err_note *note);
enum follow_result follow_bench_look(struct follow_bench *bench, struct err_note *note);	/* without a release */
/* The good content alone, not yet released. */
void follow_bench_put_good(struct follow_bench *bench);
/* The same in a release of its own, which must be followed. */
void follow_bench_heal(struct follow_bench *bench);
const struct content *follow_bench_content(const struct follow_bench *bench);	/* that runs */

#endif
