/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "server/anycast/rtnl.h"
#include "server/privileges.h"

enum { TUN_MAJOR = 10, TUN_MINOR = 200 };

static const char device_file[] = "/dev/net/tun";

static enum rtnl_kind kind_of(const char *name)
{
	enum rtnl_kind kind = RTNL_NONE;
	int fd;

	if (rtnl_open(&fd) == 0) {
		kind = rtnl_link_kind(fd, name);
		close(fd);
	}
	return kind;
}

static int open_device(const char *name, int *ret_fd, struct err_note *note)
{
	int err;

	*ret_fd = open(device_file, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (*ret_fd >= 0)
		return 0;
	err = -errno;
	err_note_set(note, NULL, 0, "anycast.carrier: %s: %s cannot be opened: %s: %s", name, device_file, err_text(err),
		     err == -ENOENT || err == -ENODEV ? "load the kernel module tun, or let the container have the device"
						      : "a carrier needs read and write access to it");
	return err;
}

static int refuse_capability(const char *name, struct err_note *note)
{
	err_note_set(note, NULL, 0,
		     "anycast.carrier: %s: making the device needs CAP_NET_ADMIN: start as root with \"user\", or give the"
		     " service AmbientCapabilities=CAP_NET_ADMIN, or choose another anycast.backend", name);
	return -EPERM;
}

static int refuse_existing(const char *name, struct err_note *note)
{
	enum rtnl_kind kind = kind_of(name);

	if (kind == RTNL_OTHER)
		err_note_set(note, NULL, 0, "anycast.carrier: %s is an interface of another kind: choose a name that no"
					    " interface has", name);
	else if (kind == RTNL_TUN_PERSISTENT)
		err_note_set(note, NULL, 0, "anycast.carrier: %s exists and stays when its process ends, so it could not"
					    " withdraw anything: remove it (ip link delete %s) or choose another name", name, name);
	else
		err_note_set(note, NULL, 0, "anycast.carrier: %s is held by another process: is another node running?", name);
	return -EBUSY;
}

/* The device file by its numbers (misc, 200): somebody else's descriptor may take the ioctl for something else. */
static bool is_device_file(int fd)
{
	struct stat is;

	return fstat(fd, &is) == 0 && S_ISCHR(is.st_mode) && is.st_rdev == makedev(TUN_MAJOR, TUN_MINOR);
}

int tun_make(int fd, const char *name, int *ret_link)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI | (short)IFF_TUN_EXCL };

	if (!is_device_file(fd))
		return -EINVAL;
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) != 0)
		return -errno;
	*ret_link = (int)if_nametoindex(name);
	return 0;
}

int tun_renew(int fd)
{
	int fresh = open(device_file, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int err = fresh < 0 || dup3(fresh, fd, O_CLOEXEC) < 0 ? -errno : 0;

	if (fresh >= 0)
		close(fresh);
	return err;
}

int tun_open(const char *name, int *ret_fd, int *ret_link, struct err_note *note)
{
	int fd, err = open_device(name, &fd, note);

	if (err != 0)
		return err;
	err = tun_make(fd, name, ret_link);
	if (err == 0) {
		*ret_fd = fd;
		return 0;
	}
	close(fd);
	if (err == -EPERM)
		return refuse_capability(name, note);
	if (err == -EBUSY)
		return refuse_existing(name, note);
	err_note_set(note, NULL, 0, "anycast.carrier: %s cannot be made: %s", name, err_text(err));
	return err;
}

int tun_check(const char *name, struct err_note *note)
{
	int fd, err = open_device(name, &fd, note);

	if (err != 0)
		return err;
	close(fd);
	if (!privileges_have_netadmin())
		return refuse_capability(name, note);
	enum rtnl_kind kind = kind_of(name);
	if (kind == RTNL_OTHER || kind == RTNL_TUN_PERSISTENT)
		return refuse_existing(name, note);
	return 0;
}
