/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program: its clocks are set and moved on by what stands in the file CLOCK_FILE, two numbers of 64 bits:
 * seconds that the wall clock is ahead of the real one, and the steady clock that goes on in sleep (CLOCK_BOOTTIME).
 * Timers run on as they are.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t ahead(int which)
{
	static const volatile int64_t *volatile words;
	const char *path = words == NULL ? getenv("CLOCK_FILE") : NULL;
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		void *at = mmap(NULL, 2 * sizeof *words, PROT_READ, MAP_SHARED, fd, 0);

		close(fd);
		if (at != MAP_FAILED)
			words = at;
	}
	return words != NULL ? words[which] : 0;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	int err = (int)syscall(SYS_clock_gettime, id, ret);

	if (err == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ret->tv_sec += ahead(0);
	else if (err == 0 && id == CLOCK_BOOTTIME)
		ret->tv_sec += ahead(1);
	return err;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret != NULL)
		*ret = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	ret->tv_sec = now.tv_sec;
	ret->tv_usec = now.tv_nsec / 1000;
	return 0;
}
