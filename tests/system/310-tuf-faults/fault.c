/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program: the FAULT_AT-th call that changes a file or waits for the disk goes wrong as FAULT_KIND
 * says. eio: the call fails; enospc: a write puts half, then fails; kill: the process dies before it, half a write
 * done; killafter: right behind it. Without FAULT_AT the calls are counted into the file FAULT_LOG.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long calls;

static const char *kind(void)
{
	const char *at = getenv("FAULT_AT");

	return ++calls == (at != NULL ? atol(at) : 0) ? getenv("FAULT_KIND") : NULL;
}

static int is(const char *given, const char *name)
{
	return given != NULL && strcmp(given, name) == 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRAP(name, type, call, counts)				\
	const char *fault = (counts) ? kind() : NULL;		\
	if (is(fault, "kill"))					\
		raise(SIGKILL);					\
	if (is(fault, "eio") || is(fault, "enospc")) {		\
		errno = is(fault, "eio") ? EIO : ENOSPC;	\
		return -1;					\
	}							\
	type result = REAL(name) call;				\
	if (is(fault, "killafter"))				\
		raise(SIGKILL);					\
	return result

static int is_file(int fd)
{
	struct stat stat;
	int before = errno;
	int result = fstat(fd, &stat) == 0 && (S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode)) && fd > 2;

	errno = before;
	return result;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	const char *fault = is_file(fd) ? kind() : NULL;

	if (is(fault, "eio")) {
		errno = EIO;
		return -1;
	}
	if (is(fault, "enospc") || is(fault, "kill")) {
		ssize_t put = REAL(write)(fd, bytes, len / 2);

		if (is(fault, "kill"))
			raise(SIGKILL);
		if (put > 0)	/* the disk is full from here on */
			setenv("FAULT_AT", "0", 1);
		errno = ENOSPC;
		return -1;
	}
	ssize_t put = REAL(write)(fd, bytes, len);
	if (is(fault, "killafter"))
		raise(SIGKILL);
	return put;
}

int fsync(int fd) { WRAP(fsync, int, (fd), is_file(fd)); }
int fchmod(int fd, mode_t mode) { WRAP(fchmod, int, (fd, mode), is_file(fd)); }
int rename(const char *from, const char *to) { WRAP(rename, int, (from, to), 1); }
int unlink(const char *path) { WRAP(unlink, int, (path), 1); }
int mkostemp(char *path, int flags) { WRAP(mkostemp, int, (path, flags), 1); }

__attribute__((destructor)) static void tell(void)
{
	const char *log = getenv("FAULT_LOG");
	FILE *file = log != NULL ? fopen(log, "w") : NULL;

	if (file != NULL) {
		fprintf(file, "%ld\n", calls);
		fclose(file);
	}
}
