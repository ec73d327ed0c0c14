/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/netadmin.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "server/anycast/rtnl.h"
#include "server/privileges.h"

enum op { OP_PUT = 1, OP_RENEW, OP_DROP };

/* Both fixed in size; a datagram of another size ends the helper. */
struct request {
	uint32_t number;
	uint16_t op, device;
	uint32_t route, valid_s;
	uint64_t not_after_ns;
};

struct reply {
	uint32_t number;
	int32_t err;
};

enum { ANSWER_S = 1, LATE_MS = 20 };

struct netadmin {
	int fd;
	pid_t pid;
	uint32_t number;
	bool late;		/* it did not answer in time: until it does, nobody waits that long again */
	pthread_mutex_t lock;	/* one request at a time */
};

uint64_t netadmin_boottime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- The helper ---- */

static int put(int netlink, const struct netadmin_plan *plan, const struct request *request)
{
	struct rtnl_address address = {
		.prefix = plan->routes[request->route], .link = plan->links[request->device], .valid_s = request->valid_s,
	};

	if (request->not_after_ns != 0 && netadmin_boottime_ns() > request->not_after_ns)
		return -ETIME;
	/* A renewal finds the carrier up, and must not make the kernel tell everybody that nothing has changed. */
	if (request->device != NETADMIN_LOOPBACK && request->op == OP_PUT) {
		int err = rtnl_link_raise(netlink, address.link);

		if (err != 0)
			return err;
	}
	return rtnl_address_put(netlink, &address);
}

static int drop(int netlink, const struct netadmin_plan *plan, const struct request *request)
{
	const struct rtnl_address address = {
		.prefix = plan->routes[request->route], .link = plan->links[request->device],
	};
	int err = rtnl_address_drop(netlink, &address);

	return err == -EADDRNOTAVAIL || err == -ENODEV ? 0 : err;
}

static int serve(int netlink, const struct netadmin_plan *plan, const struct request *request)
{
	if (request->route >= plan->route_count || request->device >= NETADMIN_DEVICES
	    || plan->links[request->device] == 0)
		return -EINVAL;
	switch (request->op) {
	case OP_PUT:
	case OP_RENEW: return put(netlink, plan, request);
	case OP_DROP: return drop(netlink, plan, request);
	default: return -EINVAL;
	}
}

/* Everything but the two descriptors goes, the carriers above all: they must vanish with the service process. */
static void close_others(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 0)
		syscall(SYS_close_range, 0u, (unsigned)low - 1, 0u);
	if (high > low + 1)
		syscall(SYS_close_range, (unsigned)low + 1, (unsigned)high - 1, 0u);
	syscall(SYS_close_range, (unsigned)high + 1, ~0u, 0u);
}

/* Signals meant for the service (a terminal's Ctrl-C, systemd's SIGTERM to the group) are not for the helper: it is
 * needed until the service has withdrawn everything. */
static void ignore_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP };

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		signal(numbers[i], SIG_IGN);
}

static _Noreturn void help(int fd, int netlink, const struct netadmin_plan *plan)
{
	struct request request;

	for (;;) {
		ssize_t len = recv(fd, &request, sizeof request, MSG_TRUNC);

		if (len < 0 && errno == EINTR)
			continue;
		if (len != (ssize_t)sizeof request)
			_exit(0);
		const struct reply reply = { request.number, serve(netlink, plan, &request) };
		if (send(fd, &reply, sizeof reply, MSG_NOSIGNAL) < 0)
			_exit(0);
	}
}

static _Noreturn void become_helper(int fd, int netlink, const struct netadmin_plan *plan, const struct conf *conf,
				    pid_t parent)
{
	const struct sched_param rt = { .sched_priority = PRIVILEGES_RT_PRIORITY };

	prctl(PR_SET_NAME, "catchment-route");
	ignore_signals();
	close_others(fd, netlink);
	(void)sched_setscheduler(0, SCHED_FIFO, &rt);
	if (privileges_keep_netadmin(conf) != 0)
		_exit(1);
	/* Behind the change of user, which forgets it; then a look whether the parent has died meanwhile. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	help(fd, netlink, plan);
}

/* ---- The service process ---- */

int netadmin_start(const struct netadmin_plan *plan, const struct conf *conf, struct netadmin **ret, struct err_note *note)
{
	struct timeval wait = { .tv_sec = ANSWER_S };
	pid_t parent = getpid();
	int pair[2], netlink, err;

	err = rtnl_open(&netlink);
	if (err != 0) {
		err_note_set(note, NULL, 0, "anycast: no netlink socket: %s", err_text(err));
		return err;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		err = -errno;
		goto close_netlink;
	}
	/* Both carriers and the helper may be told more, while one hangs, than a second. */
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	pid_t pid = fork();
	if (pid == 0)
		become_helper(pair[1], netlink, plan, conf, parent);
	err = pid < 0 ? -errno : 0;
	close(pair[1]);
	close(netlink);
	if (err != 0) {
		close(pair[0]);
		err_note_set(note, NULL, 0, "anycast: no helper process: %s", err_text(err));
		return err;
	}
	*ret = mem_alloc(sizeof **ret);
	(*ret)->fd = pair[0];
	(*ret)->pid = pid;
	pthread_mutex_init(&(*ret)->lock, NULL);
	return 0;
close_netlink:
	close(netlink);
	err_note_set(note, NULL, 0, "anycast: no socket pair: %s", err_text(err));
	return err;
}

void netadmin_stop(struct netadmin *netadmin)
{
	if (netadmin == NULL)
		return;
	close(netadmin->fd);
	while (waitpid(netadmin->pid, NULL, 0) < 0 && errno == EINTR)
		;
	pthread_mutex_destroy(&netadmin->lock);
	mem_free(netadmin);
}

pid_t netadmin_pid(const struct netadmin *netadmin)
{
	return netadmin->pid;
}

/* A reply to a request that was given up before comes first and is passed over. */
static int await(struct netadmin *netadmin, uint32_t number)
{
	struct pollfd poller = { .fd = netadmin->fd, .events = POLLIN };
	struct reply reply;

	for (;;) {
		if (netadmin->late && poll(&poller, 1, LATE_MS) == 0)
			return -ETIMEDOUT;
		ssize_t len = recv(netadmin->fd, &reply, sizeof reply, 0);

		if (len == 0)
			return -EPIPE;
		if (len < 0 && errno == EINTR)
			continue;
		netadmin->late = len < 0 && errno == EAGAIN;
		if (len < 0)
			return netadmin->late ? -ETIMEDOUT : -EPIPE;
		if (len == (ssize_t)sizeof reply && reply.number == number)
			return reply.err;
	}
}

static int ask(struct netadmin *netadmin, struct request request)
{
	int err;

	pthread_mutex_lock(&netadmin->lock);
	request.number = ++netadmin->number;
	if (send(netadmin->fd, &request, sizeof request, MSG_NOSIGNAL) < 0)
		err = errno == EAGAIN ? -ETIMEDOUT : -EPIPE;
	else
		err = await(netadmin, request.number);
	pthread_mutex_unlock(&netadmin->lock);
	return err;
}

int netadmin_put(struct netadmin *netadmin, enum netadmin_device device, size_t route, uint32_t valid_s,
		 uint64_t not_after_ns)
{
	return ask(netadmin, (struct request){ .op = OP_PUT, .device = (uint16_t)device, .route = (uint32_t)route,
					       .valid_s = valid_s, .not_after_ns = not_after_ns });
}

int netadmin_renew(struct netadmin *netadmin, enum netadmin_device device, size_t route, uint32_t valid_s,
		   uint64_t not_after_ns)
{
	return ask(netadmin, (struct request){ .op = OP_RENEW, .device = (uint16_t)device, .route = (uint32_t)route,
					       .valid_s = valid_s, .not_after_ns = not_after_ns });
}

int netadmin_drop(struct netadmin *netadmin, enum netadmin_device device, size_t route)
{
	return ask(netadmin, (struct request){ .op = OP_DROP, .device = (uint16_t)device, .route = (uint32_t)route });
}
