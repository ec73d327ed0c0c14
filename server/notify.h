/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told (Type=notify-reload); without NOTIFY_SOCKET nothing happens. The door to libsystemd. Main only. */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);

#endif
