/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's addresses and links, carriers and the helper, in a network namespace of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/anycast/netadmin.h"
#include "server/anycast/rtnl.h"
#include "server/anycast/tun.h"

static struct prefix prefixes[3];
static int netlink, lo;

static void need(void)
{
	static int can = -1;

	if (can < 0)
		can = unshare(CLONE_NEWNET) == 0 && rtnl_open(&netlink) == 0 && access("/dev/net/tun", R_OK | W_OK) == 0;
	if (!can)
		skip();	/* not root, or a container without the device */
	lo = (int)if_nametoindex("lo");
	assert_int_equal(prefix_parse("192.0.2.53", &prefixes[0]), 0);
	assert_int_equal(prefix_parse("2001:db8::53", &prefixes[1]), 0);
	assert_int_equal(prefix_parse("192.0.2.0/24", &prefixes[2]), 0);
}

struct seen {
	const struct prefix *prefix;
	int link;
	unsigned count, gone;
	struct rtnl_address last;
};

static void see(void *ctx, const struct rtnl_address *address, bool gone)
{
	struct seen *seen = ctx;

	if (address->link != seen->link || address->prefix.bits != seen->prefix->bits
	    || memcmp(&address->prefix.first, &seen->prefix->first, sizeof address->prefix.first) != 0)
		return;
	seen->count += !gone;
	seen->gone += gone;
	seen->last = *address;
}

static struct seen look(size_t which, int link)
{
	struct seen seen = { .prefix = &prefixes[which], .link = link };

	assert_int_equal(rtnl_address_list(netlink, see, &seen), 0);
	return seen;
}

static void test_addresses(void **state)
{
	(void)state;
	need();
	assert_int_equal(rtnl_link_raise(netlink, lo), 0);
	for (size_t i = 0; i < 2; i++) {
		struct rtnl_address address = { .prefix = prefixes[i], .link = lo, .valid_s = RTNL_FOREVER };
		struct seen seen;

		assert_int_equal(look(i, lo).count, 0);
		assert_int_equal(rtnl_address_drop(netlink, &address), -EADDRNOTAVAIL);
		assert_int_equal(rtnl_address_put(netlink, &address), 0);
		seen = look(i, lo);
		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.last.valid_s, RTNL_FOREVER);
		/* 0 on kernels before 5.18. */
		assert_true(seen.last.proto == RTNL_OURS || seen.last.proto == 0);
		address.valid_s = 100;
		assert_int_equal(rtnl_address_put(netlink, &address), 0);
		seen = look(i, lo);
		assert_int_equal(seen.count, 1);
		assert_true(seen.last.valid_s <= 100);
		assert_int_equal(rtnl_address_drop(netlink, &address), 0);
		assert_int_equal(look(i, lo).count, 0);
	}
	struct rtnl_address nowhere = { .prefix = prefixes[0], .link = 4711, .valid_s = 5 };
	assert_int_equal(rtnl_address_put(netlink, &nowhere), -ENODEV);
}

static void note_link(void *ctx, const struct rtnl_link *link, bool gone)
{
	int *gone_link = ctx;

	if (gone)
		*gone_link = link->link;
}

static void test_carrier(void **state)
{
	struct err_note note = { 0 };
	int fd, other, link, watch, gone_link = 0;

	(void)state;
	need();
	assert_int_equal(rtnl_link_kind(netlink, "any0"), RTNL_NONE);
	assert_int_equal(rtnl_link_kind(netlink, "lo"), RTNL_OTHER);
	assert_int_equal(tun_check("any0", &note), 0);
	assert_int_equal(tun_open("any0", &fd, &link, &note), 0);
	assert_int_equal(rtnl_link_kind(netlink, "any0"), RTNL_TUN);
	assert_int_equal(link, if_nametoindex("any0"));
	assert_int_equal(tun_open("any0", &other, &link, &note), -EBUSY);
	assert_non_null(strstr(note.text, "held by another process"));
	assert_int_equal(tun_open("lo", &other, &link, &note), -EBUSY);
	assert_non_null(strstr(note.text, "another kind"));
	struct rtnl_link is = { 0 };
	link = (int)if_nametoindex("any0");
	assert_int_equal(rtnl_link_look(netlink, link, &is), 0);
	assert_string_equal(is.name, "any0");
	assert_false(is.up);
	assert_int_equal(rtnl_link_raise(netlink, link), 0);
	assert_int_equal(rtnl_link_look(netlink, link, &is), 0);
	assert_true(is.up);
	assert_int_equal(rtnl_link_look(netlink, 4711, &is), -ENODEV);
	/* Its life is the descriptor's. */
	assert_int_equal(rtnl_watch_open(&watch), 0);
	close(fd);
	assert_int_equal(rtnl_link_kind(netlink, "any0"), RTNL_NONE);
	assert_int_equal(rtnl_watch_read(watch, NULL, note_link, &gone_link), 0);
	assert_int_equal(gone_link, link);
	close(watch);
}

/* A device that is gone comes again on the descriptor that had it, or on a fresh one; only by its own name. */
static void test_made_again(void **state)
{
	struct conf conf = { 0 };
	struct netadmin_plan plan = { .routes = prefixes, .route_count = 3, .names = { [NETADMIN_CARRIER] = "any0" } };
	struct err_note note = { 0 };
	struct netadmin *netadmin;
	int fd, link, again = 0, pair[2];

	(void)state;
	need();
	assert_int_equal(tun_open("any0", &fd, &link, &note), 0);
	plan.links[NETADMIN_CARRIER] = link;
	assert_int_equal(netadmin_start(&plan, &conf, &netadmin, &note), 0);
	assert_int_equal(netadmin_make(netadmin, NETADMIN_CARRIER, fd, &again), -EEXIST);
	assert_int_equal(system("ip link delete any0"), 0);
	assert_int_equal(netadmin_put(netadmin, NETADMIN_CARRIER, 0, 50, 0), -ENODEV);
	assert_int_equal(netadmin_make(netadmin, NETADMIN_CARRIER, fd, &again), 0);
	assert_int_equal(again, if_nametoindex("any0"));
	assert_int_not_equal(again, link);
	assert_int_equal(netadmin_put(netadmin, NETADMIN_CARRIER, 0, 50, 0), 0);
	assert_int_equal(look(0, again).count, 1);
	/* A fresh descriptor under the same number lets the device go. */
	assert_int_equal(tun_renew(fd), 0);
	assert_int_equal(if_nametoindex("any0"), 0);
	assert_int_equal(system("ip tuntap add any0 mode tun"), 0);
	assert_int_equal(netadmin_make(netadmin, NETADMIN_CARRIER, fd, &again), -EBUSY);
	assert_int_equal(system("ip link delete any0"), 0);
	assert_int_equal(netadmin_make(netadmin, NETADMIN_CARRIER, fd, &again), 0);
	/* Nothing that is not in its table, and nothing but a descriptor of that device file. */
	assert_int_equal(netadmin_make(netadmin, NETADMIN_LOW, fd, &again), -EINVAL);
	assert_int_equal(netadmin_make(netadmin, NETADMIN_DEVICES, fd, &again), -EINVAL);
	assert_int_equal(netadmin_make(netadmin, NETADMIN_CARRIER, -1, &again), -EINVAL);
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(netadmin_make(netadmin, NETADMIN_CARRIER, pair[0], &again), -EINVAL);
	close(pair[0]);
	close(pair[1]);
	/* It keeps no descriptor: ours is the last. */
	close(fd);
	assert_int_equal(if_nametoindex("any0"), 0);
	/* One that hangs is killed. */
	kill(netadmin_pid(netadmin), SIGSTOP);
	pid_t pid = netadmin_pid(netadmin);
	uint64_t began = netadmin_boottime_ns();
	netadmin_stop(netadmin);
	assert_true(netadmin_boottime_ns() - began < 10000000000u);
	assert_int_equal(kill(pid, 0), -1);
}

static void test_helper(void **state)
{
	struct conf conf = { 0 };
	struct netadmin_plan plan = { .routes = prefixes, .route_count = 3 };
	struct err_note note = { 0 };
	struct netadmin *netadmin;
	int fd, link;

	(void)state;
	need();
	assert_int_equal(tun_open("any0", &fd, &link, &note), 0);
	plan.links[NETADMIN_LOOPBACK] = lo;
	plan.links[NETADMIN_CARRIER] = link;
	assert_int_equal(netadmin_start(&plan, &conf, &netadmin, &note), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(netadmin_put(netadmin, NETADMIN_CARRIER, i, 50, 0), 0);
		assert_int_equal(look(i, link).count, 1);
	}
	/* A renewal in time, and one that comes too late. */
	assert_int_equal(netadmin_put(netadmin, NETADMIN_CARRIER, 0, 100, netadmin_boottime_ns() + 10000000000u), 0);
	assert_true(look(0, link).last.valid_s > 50);
	assert_int_equal(netadmin_put(netadmin, NETADMIN_CARRIER, 0, 100, netadmin_boottime_ns() - 1), -ETIME);
	assert_int_equal(netadmin_drop(netadmin, NETADMIN_CARRIER, 0), 0);
	assert_int_equal(netadmin_drop(netadmin, NETADMIN_CARRIER, 0), 0);
	assert_int_equal(look(0, link).count, 0);
	/* It knows its table, and nothing else. */
	assert_int_equal(netadmin_put(netadmin, NETADMIN_CARRIER, 3, 50, 0), -EINVAL);
	assert_int_equal(netadmin_put(netadmin, NETADMIN_LOW, 0, 50, 0), -EINVAL);
	assert_int_equal(netadmin_put(netadmin, NETADMIN_DEVICES, 0, 50, 0), -EINVAL);
	/* It has let the carrier go: ours is the last descriptor. */
	close(fd);
	assert_int_equal(if_nametoindex("any0"), 0);
	kill(netadmin_pid(netadmin), SIGTERM);
	assert_int_equal(netadmin_put(netadmin, NETADMIN_LOOPBACK, 0, RTNL_FOREVER, 0), 0);
	assert_int_equal(netadmin_drop(netadmin, NETADMIN_LOOPBACK, 0), 0);
	/* While it hangs, only the first has to wait; what was asked meanwhile is still done, in order. */
	kill(netadmin_pid(netadmin), SIGSTOP);
	uint64_t began = netadmin_boottime_ns();
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(netadmin_put(netadmin, NETADMIN_LOOPBACK, 0, RTNL_FOREVER, 0), -ETIMEDOUT);
	assert_true(netadmin_boottime_ns() - began < 5000000000u);
	kill(netadmin_pid(netadmin), SIGCONT);
	int err = -ETIMEDOUT;
	for (unsigned i = 0; i < 1000 && err == -ETIMEDOUT; i++)
		err = netadmin_drop(netadmin, NETADMIN_LOOPBACK, 0);
	assert_int_equal(err, 0);
	assert_int_equal(look(0, lo).count, 0);
	kill(netadmin_pid(netadmin), SIGKILL);
	for (unsigned i = 0; i < 1000 && err != -EPIPE; i++)
		err = netadmin_drop(netadmin, NETADMIN_LOOPBACK, 0);
	assert_int_equal(err, -EPIPE);
	netadmin_stop(netadmin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_carrier), cmocka_unit_test(test_helper),
		cmocka_unit_test(test_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
