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

#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/anycast/rtnl.h"
#include "server/anycast/tun.h"
#include "server/privileges.h"

enum op { OP_PUT = 1, OP_RENEW, OP_DROP, OP_MAKE };

/* Both fixed in size; a datagram of another size ends the helper. */
struct request {
	uint32_t number;
	uint16_t op, device;
	uint32_t route, valid_s;
	uint64_t not_after_ns;
};

struct reply {
	uint32_t number;
	int32_t err, link;
};

enum { ANSWER_S = 1, LATE_MS = 20, END_MS = 1000, END_LOOK_MS = 5 };

/* Room for one descriptor in the control part of a message. */
union descriptor {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

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

/* A covering prefix: packets to what no service has of it come here while it is announced, and must not go back by the
 * default route to the router that sent them. The carrier swallows them, since nobody reads it. */
static bool is_covering(const struct rtnl_address *address)
{
	return address->prefix.bits < PREFIX_BITS;
}

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

		if (err == 0 && is_covering(&address))
			err = rtnl_route_put(netlink, &address);
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

	if (is_covering(&address))
		(void)rtnl_route_drop(netlink, &address);
	return err == -EADDRNOTAVAIL || err == -ENODEV ? 0 : err;
}

/* The right is asked of whoever makes the device, not of whoever opened the descriptor. */
static int make(int netlink, struct netadmin_plan *plan, const struct request *request, int tun, int *ret_link)
{
	int err = tun_make(tun, plan->names[request->device], ret_link);

	if (err != 0)
		return err;
	plan->links[request->device] = *ret_link;
	return request->device == NETADMIN_LOOPBACK ? rtnl_link_raise(netlink, *ret_link) : 0;
}

static int serve(int netlink, struct netadmin_plan *plan, const struct request *request, int tun, int *ret_link)
{
	if (request->op == OP_MAKE)
		return request->device < NETADMIN_DEVICES && plan->names[request->device] != NULL && tun >= 0
			? make(netlink, plan, request, tun, ret_link) : -EINVAL;
	if (request->route >= plan->route_count || request->device >= NETADMIN_DEVICES
	    || plan->links[request->device] == 0)
		return -EINVAL;	/* unknown; of a device that was deleted the kernel says -ENODEV */
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

/* A request, and the descriptor that came with it, or -1. */
static ssize_t take(int fd, struct request *request, int *ret_tun)
{
	union descriptor descriptor;
	struct iovec iov = { request, sizeof *request };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &descriptor, .msg_controllen = sizeof descriptor };
	ssize_t len = recvmsg(fd, &message, MSG_TRUNC | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *with = len >= 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*ret_tun = -1;
	if (with != NULL && with->cmsg_type == SCM_RIGHTS && with->cmsg_len == CMSG_LEN(sizeof *ret_tun))
		memcpy(ret_tun, CMSG_DATA(with), sizeof *ret_tun);
	return len;
}

static _Noreturn void help(int fd, int netlink, struct netadmin_plan *plan)
{
	struct request request;
	int tun;

	for (;;) {
		ssize_t len = take(fd, &request, &tun);

		if (len < 0 && errno == EINTR)
			continue;
		if (len != (ssize_t)sizeof request)
			_exit(0);
		struct reply reply = { .number = request.number };
		reply.err = serve(netlink, plan, &request, tun, &reply.link);
		if (tun >= 0)
			close(tun);
		if (send(fd, &reply, sizeof reply, MSG_NOSIGNAL) < 0)
			_exit(0);
	}
}

static _Noreturn void become_helper(int fd, int netlink, const struct netadmin_plan *plan, const struct conf *conf,
				    pid_t parent)
{
	struct netadmin_plan own = *plan;
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
	help(fd, netlink, &own);
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

/* The end of the socketpair ends it. One that does not run sees none, and must not keep the node from stopping. */
static void await_end(pid_t pid)
{
	const struct timespec look = { .tv_nsec = END_LOOK_MS * 1000000L };

	for (unsigned waited = 0; waited < END_MS; waited += END_LOOK_MS) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		nanosleep(&look, NULL);
	}
	log_warn("anycast: the helper %ld that changes addresses hangs: it is killed", (long)pid);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void netadmin_stop(struct netadmin *netadmin)
{
	if (netadmin == NULL)
		return;
	close(netadmin->fd);
	await_end(netadmin->pid);
	pthread_mutex_destroy(&netadmin->lock);
	mem_free(netadmin);
}

pid_t netadmin_pid(const struct netadmin *netadmin)
{
	return netadmin->pid;
}

/* A reply to a request that was given up before comes first and is passed over. */
static int await(struct netadmin *netadmin, uint32_t number, int *ret_link)
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
		if (len == (ssize_t)sizeof reply && reply.number == number) {
			*ret_link = reply.link;
			return reply.err;
		}
	}
}

static bool tell(int fd, struct request *request, int tun)
{
	union descriptor descriptor = { .bytes = { 0 } };
	struct iovec iov = { request, sizeof *request };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (tun >= 0) {
		message.msg_control = &descriptor;
		message.msg_controllen = sizeof descriptor;
		struct cmsghdr *with = CMSG_FIRSTHDR(&message);
		*with = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof tun) };
		memcpy(CMSG_DATA(with), &tun, sizeof tun);
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
}

static int ask_with(struct netadmin *netadmin, struct request request, int tun, int *ret_link)
{
	int err;

	pthread_mutex_lock(&netadmin->lock);
	request.number = ++netadmin->number;
	if (!tell(netadmin->fd, &request, tun))
		err = errno == EAGAIN ? -ETIMEDOUT : -EPIPE;
	else
		err = await(netadmin, request.number, ret_link);
	pthread_mutex_unlock(&netadmin->lock);
	return err;
}

static int ask(struct netadmin *netadmin, struct request request)
{
	int link;

	return ask_with(netadmin, request, -1, &link);
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

int netadmin_make(struct netadmin *netadmin, enum netadmin_device device, int tun, int *ret_link)
{
	return ask_with(netadmin, (struct request){ .op = OP_MAKE, .device = (uint16_t)device }, tun, ret_link);
}
