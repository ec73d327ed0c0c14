/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/metrics.h"
#include "server/node.h"

static void value(struct textbuf *out, const char *name, const char *type, const char *help, double number)
{
	textbuf_add(out, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type, name, number);
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void print_memory(struct textbuf *out)
{
	unsigned long all, resident;
	FILE *file = fopen("/proc/self/statm", "re");
	int found = file != NULL ? fscanf(file, "%lu %lu", &all, &resident) : 0;
	double page = (double)sysconf(_SC_PAGESIZE);

	if (file != NULL)
		fclose(file);
	if (found != 2)
		return;
	value(out, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", (double)all * page);
	value(out, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
	      (double)resident * page);
}

static void print_descriptors(struct textbuf *out)
{
	struct rlimit limit;
	DIR *folder = opendir("/proc/self/fd");
	unsigned open = 0;

	if (folder != NULL) {
		for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
			open += entry->d_name[0] != '.';
		closedir(folder);
		/* One of them was the folder's. */
		value(out, "process_open_fds", "gauge", "Number of open file descriptors.", (double)open - 1);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		value(out, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
		      (double)limit.rlim_cur);
}

void metrics_print_process(const struct node *node, struct textbuf *out)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		value(out, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
		      seconds(usage.ru_utime) + seconds(usage.ru_stime));
	print_memory(out);
	print_descriptors(out);
	value(out, "process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.",
	      (double)node->started_at);
}
