/* SPDX-License-Identifier: Apache-2.0 */
#include "server/notify.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

#include "conf/base/clock.h"

void notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic_ns() / 1000);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}
