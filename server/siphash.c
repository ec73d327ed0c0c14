/* SPDX-License-Identifier: Apache-2.0 */
#include "server/siphash.h"

#include <sys/random.h>

#include "conf/base/clock.h"

struct siphash_key siphash_key_new(void)
{
	struct siphash_key key;

	if (getrandom(&key, sizeof key, GRND_NONBLOCK) != (ssize_t)sizeof key)
		key = (struct siphash_key){ clock_monotonic_ns(), (uint64_t)(uintptr_t)&key };
	return key;
}
