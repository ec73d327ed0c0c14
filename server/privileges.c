/* SPDX-License-Identifier: Apache-2.0 */
#include "server/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/log.h"
#include "server/control.h"

void privileges_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn("node: the limit of open files stays as it is: %s", strerror(errno));
}

/* The user to become, or NULL: none configured, or nothing to drop. */
static const struct passwd *target_user(const struct conf *conf)
{
	return conf->user != NULL && geteuid() == 0 ? getpwnam(conf->user) : NULL;
}

int privileges_make_state_dir(const struct conf *conf, struct err_note *note)
{
	const struct passwd *user = target_user(conf);
	int err = file_make_folders(conf->state_dir, 0755);

	if (err == 0 && user != NULL && chown(conf->state_dir, user->pw_uid, user->pw_gid) != 0)
		err = -errno;
	if (err == 0 && user == NULL && access(conf->state_dir, W_OK | X_OK) != 0)
		err = -errno;
	if (err != 0)
		err_note_set(note, conf->file, 0, "state-dir: %s: %s: it must be a folder that %s may write", conf->state_dir,
			     err_text(err), user ? conf->user : "this process");
	return err;
}

/* Capabilities that a service manager gave to bind sockets and to start the helper are of no more use. */
static void drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0 || capng_apply(CAPNG_SELECT_AMBIENT) != 0)
		log_warn("node: its capabilities could not be dropped");
}

/* A root that stays root: what the helper has is enough. A hook may need it, so the back-end exec keeps it. */
static void leave_to_helper(const struct conf_anycast *anycast)
{
	if (!anycast->present || anycast->backend == CONF_BACKEND_EXEC)
		return;
	capng_get_caps_process();
	capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE | CAPNG_BOUNDING_SET, CAP_NET_ADMIN);
	if (capng_apply(CAPNG_SELECT_BOTH) != 0)
		log_warn("node: CAP_NET_ADMIN could not be dropped");
}

/* What was dropped does not come back by a program that is set-user-ID or has capabilities of its own. */
static void stay_dropped(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		log_warn("node: new privileges could not be forbidden: %s", strerror(errno));
}

static void clear_bounding_set(void)
{
	capng_get_caps_process();
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
		log_warn("node: the bounding set of capabilities stays as it is");
}

int privileges_drop(const struct conf *conf, struct err_note *note)
{
	if (geteuid() != 0) {
		drop_capabilities();
		stay_dropped();
		if (conf->user != NULL)
			log_info("node: not started as root: user %s is not switched to", conf->user);
		return 0;
	}
	if (conf->user == NULL) {
		leave_to_helper(&conf->anycast);
		return 0;
	}

	const struct passwd *user = getpwnam(conf->user);
	if (user == NULL) {
		err_note_set(note, conf->file, 0, "user: no user \"%s\" on this machine", conf->user);
		return -ENOENT;
	}
	clear_bounding_set();
	if (control_chown(conf->control_socket, user->pw_uid, user->pw_gid) != 0
	    || initgroups(user->pw_name, user->pw_gid) != 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0
	    || setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0) {
		int err = -errno;

		err_note_set(note, conf->file, 0, "user: becoming \"%s\" failed: %s", conf->user, err_text(err));
		return err;
	}
	/* A process that can still come back has dropped nothing. */
	if (user->pw_uid != 0 && setuid(0) == 0) {
		err_note_set(note, conf->file, 0, "user: root could be regained after becoming \"%s\"", conf->user);
		return -EPERM;
	}
	drop_capabilities();
	stay_dropped();
	return 0;
}

bool privileges_have_netadmin(void)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);
}

int privileges_keep_netadmin(const struct conf *conf)
{
	const struct passwd *user = target_user(conf);

	capng_clear(CAPNG_SELECT_BOTH);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	if (user != NULL)
		return capng_change_id((int)user->pw_uid, (int)user->pw_gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) == 0
			? 0 : -EPERM;
	/* The bounding set is only root's to shrink. */
	return capng_apply(geteuid() == 0 ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
}

bool privileges_can_realtime(const struct conf *conf)
{
	const struct sched_param realtime = { .sched_priority = PRIVILEGES_RT_PRIORITY }, normal = { 0 };
	struct rlimit limit = { PRIVILEGES_RT_PRIORITY, PRIVILEGES_RT_PRIORITY };

	/* Refused without CAP_SYS_RESOURCE, where the service manager sets it, or nobody. */
	(void)setrlimit(RLIMIT_RTPRIO, &limit);
	if (getrlimit(RLIMIT_RTPRIO, &limit) != 0 || (limit.rlim_cur < PRIVILEGES_RT_PRIORITY && target_user(conf) != NULL))
		return false;
	/* A control group without a real-time budget refuses even root, so it is tried. */
	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &realtime) != 0)
		return false;
	(void)pthread_setschedparam(pthread_self(), SCHED_OTHER, &normal);
	return true;
}
