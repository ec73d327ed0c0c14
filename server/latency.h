/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long answering takes: a histogram in powers of two, one writer, read by anybody.
 *
 * What is measured: from the moment a batch of datagrams was read from the socket to the moment its last response was
 * handed to the kernel, counted for each datagram of the batch. So it is an upper bound of what this process adds to
 * each answer; what a query waited in the socket's buffer before is not in it. Two readings of the clock a batch,
 * none a query.
 */
#ifndef SERVER_LATENCY_H
#define SERVER_LATENCY_H

#include <stdatomic.h>
#include <stdint.h>

enum {
	LATENCY_BOUNDS = 21,	/* 1 us, 2 us, 4 us, ... 1.05 s */
	LATENCY_BUCKETS,	/* and longer */
};

struct latency {
	_Atomic uint64_t buckets[LATENCY_BUCKETS];	/* not cumulative */
	_Atomic uint64_t sum_ns;
};

static inline uint64_t latency_bound_ns(unsigned bucket)
{
	return UINT64_C(1000) << bucket;
}

void latency_add(struct latency *latency, uint64_t ns, unsigned count);

/* A reading, or several together. */
struct latency_sum {
	uint64_t buckets[LATENCY_BUCKETS];
	uint64_t count, sum_ns;
};
void latency_read(const struct latency *latency, struct latency_sum *add_to);
/* The bound of the bucket in which the given share (0.5: the median) lies; 0 when nothing was counted, UINT64_MAX
 * when it took longer than the last bound. */
uint64_t latency_quantile_ns(const struct latency_sum *sum, double share);

#endif
