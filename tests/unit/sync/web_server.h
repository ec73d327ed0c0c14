/* SPDX-License-Identifier: Apache-2.0 */
/* A server for tests: a thread for each connection, each request answered with what the test writes, byte by byte. */
#ifndef TESTS_UNIT_SYNC_WEB_SERVER_H
#define TESTS_UNIT_SYNC_WEB_SERVER_H

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/base/cmocka.h"

struct web_server;

struct web_peer {
	struct web_server *server;
	int fd;
	SSL *tls;
	char head[8192];
};

/* False: the connection ends. */
typedef bool web_answer_fn(struct web_peer *peer);

struct web_server {
	int fd;
	uint16_t port;
	SSL_CTX *tls;
	web_answer_fn *answer;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint connections, open, most_open, requests;
	pthread_mutex_t lock;
	char last[8192];	/* head of the last request */
};

static inline void web_say(struct web_peer *peer, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t sent = peer->tls != NULL ? SSL_write(peer->tls, at, (int)len)
						 : send(peer->fd, at, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		at += sent;
		len -= (size_t)sent;
	}
}

static inline void web_say_text(struct web_peer *peer, const char *text)
{
	web_say(peer, text, strlen(text));
}

static inline void web_sleep_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}

/* Until the server stops: longer than any time limit of a test. */
static inline void web_hang(struct web_peer *peer)
{
	while (!atomic_load(&peer->server->stop))
		web_sleep_ms(5);
}

static inline bool web_read_head(struct web_peer *peer)
{
	size_t len = 0;

	while (len < sizeof peer->head - 1) {
		struct pollfd ready = { .fd = peer->fd, .events = POLLIN };

		if (peer->tls == NULL || SSL_pending(peer->tls) == 0) {
			while (poll(&ready, 1, 20) == 0) {
				if (atomic_load(&peer->server->stop))
					return false;
			}
		}
		ssize_t got = peer->tls != NULL ? SSL_read(peer->tls, peer->head + len, 1)
						: recv(peer->fd, peer->head + len, 1, 0);
		if (got <= 0)
			return false;
		len += (size_t)got;
		peer->head[len] = '\0';
		if (len >= 4 && strcmp(peer->head + len - 4, "\r\n\r\n") == 0)
			return true;
	}
	return false;
}

static inline void *web_serve_peer(void *arg)
{
	struct web_peer *peer = arg;
	struct web_server *server = peer->server;

	if (peer->tls == NULL || SSL_accept(peer->tls) == 1) {
		while (web_read_head(peer)) {
			pthread_mutex_lock(&server->lock);
			memcpy(server->last, peer->head, sizeof server->last);
			pthread_mutex_unlock(&server->lock);
			atomic_fetch_add(&server->requests, 1);
			if (!server->answer(peer))
				break;
		}
	}
	if (peer->tls != NULL) {
		SSL_shutdown(peer->tls);
		SSL_free(peer->tls);
	}
	close(peer->fd);
	free(peer);
	OPENSSL_thread_stop();
	atomic_fetch_sub(&server->open, 1);
	return NULL;
}

static inline void *web_serve(void *arg)
{
	struct web_server *server = arg;

	while (!atomic_load(&server->stop)) {
		struct pollfd ready = { .fd = server->fd, .events = POLLIN };
		pthread_t thread;

		if (poll(&ready, 1, 20) <= 0)
			continue;
		struct web_peer *peer = calloc(1, sizeof *peer);
		peer->server = server;
		peer->fd = accept(server->fd, NULL, NULL);
		if (server->tls != NULL) {
			peer->tls = SSL_new(server->tls);
			SSL_set_fd(peer->tls, peer->fd);
		}
		atomic_fetch_add(&server->connections, 1);
		unsigned open = atomic_fetch_add(&server->open, 1) + 1;
		if (open > atomic_load(&server->most_open))
			atomic_store(&server->most_open, open);
		pthread_create(&thread, NULL, web_serve_peer, peer);
		pthread_detach(thread);
	}
	return NULL;
}

/* tls: taken over; NULL: plain. family AF_INET or AF_INET6, on loopback. */
static inline void web_server_start(struct web_server *server, int family, SSL_CTX *tls, web_answer_fn *answer)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage bound;
	socklen_t len = sizeof bound;

	memset(server, 0, sizeof *server);
	server->tls = tls;
	server->answer = answer;
	pthread_mutex_init(&server->lock, NULL);
	server->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(family == AF_INET ? bind(server->fd, (struct sockaddr *)&v4, sizeof v4)
					   : bind(server->fd, (struct sockaddr *)&v6, sizeof v6), 0);
	assert_int_equal(listen(server->fd, 64), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&bound, &len), 0);
	server->port = ntohs(family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
					       : ((struct sockaddr_in6 *)&bound)->sin6_port);
	assert_int_equal(pthread_create(&server->thread, NULL, web_serve, server), 0);
}

/* The head of the last request. */
static inline const char *web_last(struct web_server *server)
{
	static char copy[sizeof server->last];

	pthread_mutex_lock(&server->lock);
	memcpy(copy, server->last, sizeof copy);
	pthread_mutex_unlock(&server->lock);
	return copy;
}

static inline void web_server_stop(struct web_server *server)
{
	atomic_store(&server->stop, true);
	pthread_join(server->thread, NULL);
	while (atomic_load(&server->open) > 0)
		web_sleep_ms(2);
	close(server->fd);
	SSL_CTX_free(server->tls);
	pthread_mutex_destroy(&server->lock);
}

#endif
