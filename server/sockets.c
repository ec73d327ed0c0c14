/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "server/listen.h"

typedef int listen_fn(const char *key, const struct addr *addr, int *ret_fd, struct err_note *note);

/* One kind of socket: which addresses, how bound, where the descriptors go. */
struct kind {
	const char *key;
	const struct conf_addrs *addrs;
	int socktype;
	listen_fn *listen;
	int *(*place)(struct worker_sockets *sockets);	/* NULL for a worker: it gets none */
};

static int *udp_place(struct worker_sockets *sockets)
{
	return sockets->dns_udp;
}

static int *tcp_place(struct worker_sockets *sockets)
{
	return sockets->dns_tcp;
}

static int *tls_place(struct worker_sockets *sockets)
{
	return sockets->dns_tls;
}

static int *https_place(struct worker_sockets *sockets)
{
	return sockets->https;
}

static int *http_place(struct worker_sockets *sockets)
{
	return sockets->http;
}

static int *admin_place(struct worker_sockets *sockets)
{
	return sockets->admin;
}

static int *notify_udp_place(struct worker_sockets *sockets)
{
	return sockets->notify_udp;
}

static int *notify_tcp_place(struct worker_sockets *sockets)
{
	return sockets->notify_tcp;
}

static int *no_sockets(size_t count)
{
	int *fds = mem_array(count, sizeof *fds);

	for (size_t i = 0; i < count; i++)
		fds[i] = -1;
	return fds;
}

static void fault(const struct conf *conf, const struct err_note *note, struct err_list *errors)
{
	err_list_add(errors, conf->file, note->line, "%s", note->text);
}

int sockets_bind(const struct conf *conf, struct worker_sockets **ret_sockets, struct err_list *errors)
{
	const struct kind kinds[] = {
		{ "dns.listen", &conf->dns.listen, SOCK_DGRAM, listen_udp, udp_place },
		{ "dns.listen", &conf->dns.listen, SOCK_STREAM, listen_tcp_asked, tcp_place },
		{ "dns.tls.listen", &conf->dns.tls.listen, SOCK_STREAM, listen_tcp_asked, tls_place },
		{ "redirect.listen", &conf->redirect.listen, SOCK_STREAM, listen_tcp_asked, http_place },
		{ "redirect.tls.listen", &conf->redirect.tls.listen, SOCK_STREAM, listen_tcp_asked, https_place },
		{ "admin.listen", &conf->admin.listen, SOCK_STREAM, listen_tcp, admin_place },
		{ "sync.notify.listen", &conf->sync.notify.listen, SOCK_DGRAM, listen_udp, notify_udp_place },
		{ "sync.notify.listen", &conf->sync.notify.listen, SOCK_STREAM, listen_tcp, notify_tcp_place },
	};
	enum { KINDS = sizeof kinds / sizeof kinds[0] };
	struct worker_sockets *sockets = mem_array(conf->workers, sizeof *sockets);
	struct err_note note = { 0 };
	int err = 0;

	for (unsigned w = 0; w < conf->workers; w++) {
		sockets[w].dns_udp = no_sockets(conf->dns.listen.count);
		sockets[w].dns_tcp = no_sockets(conf->dns.listen.count);
		sockets[w].dns_tls = no_sockets(conf->dns.tls.listen.count);
		sockets[w].http = no_sockets(conf->redirect.listen.count);
		sockets[w].https = no_sockets(conf->redirect.tls.listen.count);
		sockets[w].notify_udp = w == 0 ? no_sockets(conf->sync.notify.listen.count) : NULL;
		sockets[w].notify_tcp = w == 0 ? no_sockets(conf->sync.notify.listen.count) : NULL;
		sockets[w].admin = w == 0 ? no_sockets(conf->admin.listen.count) : NULL;
	}
	/* All are probed before any is bound: afterwards our own would be found. */
	for (size_t k = 0; k < KINDS; k++) {
		for (size_t i = 0; i < kinds[k].addrs->count; i++) {
			int taken = listen_taken(kinds[k].key, &kinds[k].addrs->list[i], kinds[k].socktype, &note);

			if (taken != 0) {
				fault(conf, &note, errors);
				err = taken;
			}
		}
	}
	for (size_t k = 0; k < KINDS && err == 0; k++) {
		for (size_t i = 0; i < kinds[k].addrs->count && err == 0; i++) {
			for (unsigned w = 0; w < conf->workers && err == 0 && kinds[k].place(&sockets[w]) != NULL; w++)
				err = kinds[k].listen(kinds[k].key, &kinds[k].addrs->list[i], &kinds[k].place(&sockets[w])[i],
						      &note);
			if (err != 0)
				fault(conf, &note, errors);
		}
	}
	if (err != 0) {
		sockets_free(sockets, conf->workers);
		return err;
	}
	*ret_sockets = sockets;
	return 0;
}

void sockets_free(struct worker_sockets *sockets, unsigned workers)
{
	for (unsigned w = 0; w < workers; w++) {
		mem_free(sockets[w].dns_udp);
		mem_free(sockets[w].dns_tcp);
		mem_free(sockets[w].dns_tls);
		mem_free(sockets[w].http);
		mem_free(sockets[w].https);
		mem_free(sockets[w].admin);
		mem_free(sockets[w].notify_udp);
		mem_free(sockets[w].notify_tcp);
	}
	mem_free(sockets);
}
