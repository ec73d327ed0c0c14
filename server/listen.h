/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets: one per worker and address, in one SO_REUSEPORT group, so that the kernel spreads the clients.
 * Made by main before privileges are dropped and before any thread starts; the worker takes the descriptors over.
 *
 * Order at the start: listen_taken() for every address first, while none of ours is bound; then listen_udp() and
 * listen_tcp(). A REUSEPORT group is open to every process of the same user, so that without the probe a second
 * daemon would silently get half of the clients instead of a fault.
 *
 * key names the setting in the note: "dns.listen". Each gives 0 or -errno with a sentence that says what to do:
 * "dns.listen 127.0.0.1@53/udp: address in use by another process". Sockets are nonblocking and close-on-exec.
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "conf/base/addr.h"
#include "conf/base/err.h"

/* Notices a foreign holder: -EADDRINUSE. socktype is SOCK_DGRAM or SOCK_STREAM. Nothing stays bound. */
int listen_taken(const char *key, const struct addr *addr, int socktype, struct err_note *note);
/* Bound also when no interface has the address yet. Sockets on a wildcard address deliver IP_PKTINFO or IPV6_PKTINFO
 * with each datagram: replies must leave from the address that was asked; on others the kernel sees to it. */
int listen_udp(const char *key, const struct addr *addr, int *ret_fd, struct err_note *note);
/* Listening already; accepted sockets inherit its options (TCP_NODELAY, buffer sizes). */
int listen_tcp(const char *key, const struct addr *addr, int *ret_fd, struct err_note *note);
/* The same for protocols in which the client speaks first: the kernel hands a connection over together with its first
 * bytes, which saves a wake-up each. One that says nothing is handed over a second later, to be counted and timed out;
 * until then it costs the kernel a few hundred bytes and us nothing. */
int listen_tcp_asked(const char *key, const struct addr *addr, int *ret_fd, struct err_note *note);

#endif
