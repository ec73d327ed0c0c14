/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NOTIFY listener, on main's loop: RFC 1996, signed with TSIG (RFC 8945). It is a hint and nothing else: whoever
 * forges one makes us ask the master a little sooner. What is not signed is not answered; what is signed badly is told
 * so, with an answer no larger than the question.
 */
#include <string.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/sync_inner.h"
#include "server/worker.h"
#include "zone/notify.h"
#include "zone/tsig_message.h"

enum { SECRET_MAX = 4096, CLIENTS_MAX = 16, CLIENT_MS = 5000, BACKLOG = 16, RCODE_FORMERR = 1, RCODE_NOTIMP = 4,
       RCODE_NOTAUTH = 9, ROOM = 2 * NOTIFY_BYTES_MAX };

/* A message behind its length (RFC 1035, 4.2.2); one, and its answer. */
struct client {
	uv_tcp_t tcp;
	uv_timer_t deadline;
	uv_write_t write;
	struct sync_notify *notify;
	unsigned handles;
	size_t len;
	bool answered;
	uint8_t in[2 + ROOM], out[2 + ROOM];
};

struct sync_notify {
	struct sync *sync;
	struct tsig_key key;
	uv_udp_t *udp;
	uv_tcp_t *tcp;
	size_t udp_count, tcp_count;
	unsigned clients;
	bool closing;
	struct log_gate gate;
	uint8_t in[65536];
};

static size_t finish_good(struct sync_notify *notify, struct span message, const struct tsig_checked *checked,
			  unsigned rcode, uint8_t *out, size_t room)
{
	size_t len = notify_answer((struct span){ message.at, checked->len }, rcode, out, room);

	return len > 0 ? tsig_sign(out, len, room, &notify->key, (uint64_t)clock_wall_s(), &checked->mac, NULL) : 0;
}

static size_t take_good(struct sync_notify *notify, struct span message, const struct tsig_checked *checked, uint8_t *out,
			size_t room)
{
	struct notify asked;

	switch (notify_read(message, &asked)) {
	case NOTIFY_GOOD:
		sync_notified(notify->sync, asked.has_serial, asked.serial);
		return finish_good(notify, message, checked, 0, out, room);
	case NOTIFY_OTHER:
		return finish_good(notify, message, checked, RCODE_NOTIMP, out, room);
	case NOTIFY_BAD:
		return finish_good(notify, message, checked, RCODE_FORMERR, out, room);
	default:
		return 0;
	}
}

static void count_refused(struct sync_notify *notify, const char *why, const struct addr *peer)
{
	struct sync *sync = notify->sync;
	char text[ADDR_TEXT_MAX];

	uv_mutex_lock(&sync->lock);
	sync->status.notifies_refused++;
	uv_mutex_unlock(&sync->lock);
	log_limited(&notify->gate, clock_monotonic_ns(), LOG_LEVEL_INFO, "sync: NOTIFY from %s: %s",
		    addr_print_host(peer, text, sizeof text), why);
}

/* A message in, its answer out; 0: silence. */
static size_t answer(struct sync_notify *notify, struct span message, const struct addr *peer, uint8_t *out, size_t room)
{
	const struct prefixes *allow = &notify->sync->conf->sync.notify.allow;
	uint64_t now = (uint64_t)clock_wall_s();
	struct tsig_checked checked = { 0 };

	if (allow->count > 0 && !prefixes_have(allow, address_of(addr_bytes(peer)))) {
		count_refused(notify, "not one of sync.notify.allow", peer);
		return 0;
	}
	enum tsig_outcome outcome = tsig_check(message, &notify->key, 1, now, NULL, &checked);
	if (outcome == TSIG_GOOD)
		return take_good(notify, message, &checked, out, room);
	count_refused(notify, tsig_outcome_text(outcome), peer);
	size_t len = outcome == TSIG_NONE || outcome == TSIG_FORMERR || checked.len == 0 ? 0
		: notify_answer((struct span){ message.at, checked.len }, RCODE_NOTAUTH, out, room);
	if (len == 0)
		return 0;
	return outcome == TSIG_BADTIME
		? tsig_sign_badtime(out, len, room, &notify->key, checked.time_s, now, &checked.mac)
		: tsig_append_refusal(out, len, room, message, outcome);
}

/* ---- UDP ---- */

static void give_datagram(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct sync_notify *notify = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)notify->in, sizeof notify->in);
}

static void on_datagram(uv_udp_t *udp, ssize_t got, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	struct sync_notify *notify = udp->data;
	uint8_t out[ROOM];
	struct addr peer;

	if (got <= 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0 || got > NOTIFY_BYTES_MAX)
		return;
	memset(&peer, 0, sizeof peer);
	memcpy(&peer, from, from->sa_family == AF_INET6 ? sizeof peer.v6 : sizeof peer.v4);
	size_t len = answer(notify, (struct span){ (const uint8_t *)buf->base, (size_t)got }, &peer, out, sizeof out);
	if (len > 0) {
		uv_buf_t reply = uv_buf_init((char *)out, (unsigned)len);

		uv_udp_try_send(udp, &reply, 1, from);	/* who does not get it asks again (RFC 1996, 3.6) */
	}
}

/* ---- TCP ---- */

static void client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	if (--client->handles > 0)
		return;
	client->notify->clients--;
	mem_free(client);
}

static void close_client(struct client *client)
{
	if (uv_is_closing((uv_handle_t *)&client->tcp))
		return;
	uv_close((uv_handle_t *)&client->tcp, client_closed);
	uv_close((uv_handle_t *)&client->deadline, client_closed);
}

static void too_late(uv_timer_t *timer)
{
	close_client(timer->data);
}

static void written(uv_write_t *write, int status)
{
	(void)status;
	close_client(write->handle->data);
}

static void take_message(struct client *client, size_t len)
{
	struct sockaddr_storage from;
	int from_len = sizeof from;
	struct addr peer;

	memset(&peer, 0, sizeof peer);
	client->answered = true;
	if (uv_tcp_getpeername(&client->tcp, (struct sockaddr *)&from, &from_len) == 0)
		memcpy(&peer, &from, from.ss_family == AF_INET6 ? sizeof peer.v6 : sizeof peer.v4);
	len = answer(client->notify, (struct span){ client->in + 2, len }, &peer, client->out + 2, ROOM);
	client->out[0] = (uint8_t)(len >> 8);
	client->out[1] = (uint8_t)len;
	uv_buf_t buf = uv_buf_init((char *)client->out, (unsigned)len + 2);
	if (len == 0 || uv_write(&client->write, (uv_stream_t *)&client->tcp, &buf, 1, written) != 0)
		close_client(client);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *client = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)client->in + client->len, (unsigned)(sizeof client->in - client->len));
}

static void have_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct client *client = stream->data;

	(void)buf;
	if (got < 0) {
		if (!client->answered)
			close_client(client);
		else
			uv_read_stop(stream);
		return;
	}
	client->len += (size_t)got;
	size_t len = client->len >= 2 ? (size_t)client->in[0] << 8 | client->in[1] : 0;
	if (len > ROOM)
		close_client(client);
	else if (!client->answered && client->len >= 2 && client->len >= len + 2)
		take_message(client, len);
}

static void connected(uv_stream_t *listener, int status)
{
	struct sync_notify *notify = listener->data;

	if (status != 0)
		return;
	struct client *client = mem_alloc(sizeof *client);
	client->notify = notify;
	client->handles = 2;
	uv_tcp_init(listener->loop, &client->tcp);
	uv_timer_init(listener->loop, &client->deadline);
	client->tcp.data = client->deadline.data = client;
	notify->clients++;
	if (uv_accept(listener, (uv_stream_t *)&client->tcp) != 0 || notify->clients > CLIENTS_MAX || notify->closing
	    || uv_read_start((uv_stream_t *)&client->tcp, give_room, have_read) != 0)
		close_client(client);
	else
		uv_timer_start(&client->deadline, too_late, CLIENT_MS, 0);
}

/* ---- life ---- */

static int read_key(const struct conf *conf, struct tsig_key *ret_key, struct err_note *note)
{
	const struct conf_tsig_key *key = &conf->tsig_keys[conf->sync.notify.tsig_key];
	uint8_t *bytes;
	size_t len;
	int err = file_read(key->secret_file, SECRET_MAX, &bytes, &len);

	if (err == 0) {
		err = tsig_key_init(ret_key, key->name, (enum tsig_algorithm)key->algorithm, (const char *)bytes);
		explicit_bzero(bytes, len);
		mem_free(bytes);
	}
	if (err == ERR_SYNTAX || err == ERR_LIMIT)
		err_note_set(note, key->secret_file, 0, "expected the secret of TSIG key %s in base64", key->name);
	else if (err != 0)
		err_note_set(note, key->secret_file, 0, "the secret of TSIG key %s cannot be read: %s", key->name, err_text(err));
	return err;
}

int sync_notify_check(const struct conf *conf, struct err_note *note)
{
	struct tsig_key key = { 0 };
	int err = read_key(conf, &key, note);

	tsig_key_fini(&key);
	return err;
}

static int start_udp(struct sync_notify *notify, int fd)
{
	uv_udp_t *udp = &notify->udp[notify->udp_count++];

	uv_udp_init(notify->sync->node->loop, udp);
	udp->data = notify;
	int err = uv_udp_open(udp, fd);
	if (err != 0)
		close(fd);
	return err != 0 ? err : uv_udp_recv_start(udp, give_datagram, on_datagram);
}

static int start_tcp(struct sync_notify *notify, int fd)
{
	uv_tcp_t *tcp = &notify->tcp[notify->tcp_count++];

	uv_tcp_init(notify->sync->node->loop, tcp);
	tcp->data = notify;
	int err = uv_tcp_open(tcp, fd);
	if (err != 0)
		close(fd);
	return err != 0 ? err : uv_listen((uv_stream_t *)tcp, BACKLOG, connected);
}

int sync_notify_start(struct sync *sync, const struct worker_sockets *sockets)
{
	const struct conf_notify *conf = &sync->conf->sync.notify;
	struct err_note note = { 0 };
	char text[sizeof note + 16];

	if (!conf->present)
		return 0;
	struct sync_notify *notify = sync->notify = mem_alloc(sizeof *notify);
	notify->sync = sync;
	notify->udp = mem_array(conf->listen.count, sizeof *notify->udp);
	notify->tcp = mem_array(conf->listen.count, sizeof *notify->tcp);
	int err = read_key(sync->conf, &notify->key, &note);
	if (err != 0)
		log_error("sync: %s", err_note_print(&note, text, sizeof text));
	for (size_t i = 0; i < conf->listen.count; i++) {
		int udp_err = start_udp(notify, sockets->notify_udp[i]), tcp_err = start_tcp(notify, sockets->notify_tcp[i]);

		err = err != 0 ? err : udp_err != 0 ? udp_err : tcp_err;
	}
	return err;
}

void sync_notify_close(struct sync *sync)
{
	struct sync_notify *notify = sync->notify;

	if (notify == NULL)
		return;
	notify->closing = true;
	for (size_t i = 0; i < notify->udp_count; i++)
		uv_close((uv_handle_t *)&notify->udp[i], NULL);
	for (size_t i = 0; i < notify->tcp_count; i++)
		uv_close((uv_handle_t *)&notify->tcp[i], NULL);
	/* Clients have a deadline that is shorter than any stop. */
}

void sync_notify_free(struct sync *sync)
{
	if (sync->notify == NULL)
		return;
	tsig_key_fini(&sync->notify->key);
	mem_free(sync->notify->udp);
	mem_free(sync->notify->tcp);
	mem_free(sync->notify);
}
