/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of the admin listener. Each has one deadline, for its request and then for its response; behind the
 * response our side ends and what still comes is discarded until the client ends its own, for closing with unread
 * input would make the kernel send a reset that can overtake the response (RFC 9112, 9.6).
 */
#include "server/admin.h"

#include <unistd.h>
#include <uv.h>

#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/admin_answer.h"
#include "server/node.h"
#include "server/pulse.h"
#include "server/worker.h"

enum {
	BACKLOG = 64,
	IN_BYTES = 4096,
	WORKERS_LOOK_MS = 20,		/* while the node stops */
	WORKERS_PATIENCE_MS = 2 * WORKER_STOP_GRACE_MS,
};

struct admin_client {
	uv_tcp_t tcp;			/* first, .data: this */
	uv_timer_t deadline;
	uv_write_t write;
	struct admin *admin;
	struct admin_client *next, **link;
	struct redirect_request_parser parser;
	struct textbuf out;
	unsigned handles;		/* tcp, deadline: open */
	bool head;			/* of /healthz */
	bool answered, asking, eof, closing;	/* asking: a pulse holds it */
};

struct admin {
	struct node *node;
	uv_tcp_t *listeners;
	size_t listener_count;
	struct admin_client *clients;
	unsigned client_count;
	uv_timer_t ending;		/* while the node stops: do the workers still run? */
	unsigned handles;		/* listeners, ending */
	uint64_t give_up_ms;
	bool closing;
	struct admin_view views[ADMIN_VIEWS];
	struct log_gate gate;
	char in[IN_BYTES];		/* of whoever reads: nothing stays in it */
};

static void free_when_closed(struct admin *admin)
{
	if (admin->handles > 0 || admin->clients != NULL)
		return;
	mem_free(admin->listeners);
	mem_free(admin);
}

static void free_client(struct admin_client *client)
{
	struct admin *admin = client->admin;

	if (client->handles > 0 || client->asking)
		return;
	*client->link = client->next;
	if (client->next != NULL)
		client->next->link = client->link;
	admin->client_count--;
	redirect_request_release(&client->parser);
	textbuf_fini(&client->out);
	mem_free(client);
	free_when_closed(admin);
}

static void client_handle_closed(uv_handle_t *handle)
{
	struct admin_client *client = handle->data;

	client->handles--;
	free_client(client);
}

static void close_client(struct admin_client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	uv_close((uv_handle_t *)&client->tcp, client_handle_closed);
	uv_close((uv_handle_t *)&client->deadline, client_handle_closed);
}

static void too_late(uv_timer_t *timer)
{
	close_client(timer->data);
}

static void written(uv_write_t *write, int status)
{
	struct admin_client *client = write->handle->data;
	uv_os_fd_t fd;

	if (client->closing)
		return;
	/* libuv's own shutdown would only be another request: nothing is queued any more. */
	if (status != 0 || client->eof || uv_fileno((uv_handle_t *)&client->tcp, &fd) != 0
	    || shutdown(fd, SHUT_WR) != 0)
		close_client(client);
}

static void send_answer(struct admin_client *client)
{
	uv_buf_t buf = uv_buf_init(client->out.at, (unsigned)client->out.len);

	client->answered = true;
	uv_timer_start(&client->deadline, too_late, ADMIN_RESPONSE_MS, 0);
	if (uv_write(&client->write, (uv_stream_t *)&client->tcp, &buf, 1, written) != 0)
		close_client(client);
}

static void workers_told(void *ctx, const bool *turned, unsigned standing)
{
	struct admin_client *client = ctx;

	(void)turned;
	client->asking = false;
	if (client->closing) {
		free_client(client);
		return;
	}
	admin_answer_health(client->admin->node, client->head, standing, &client->out);
	send_answer(client);
}

static void take(struct admin_client *client, const uint8_t *bytes, size_t len)
{
	struct admin *admin = client->admin;
	struct redirect_request request;
	size_t consumed;
	enum redirect_parsed parsed = redirect_request_next(&client->parser, bytes, len, &consumed, &request);

	if (parsed == REDIRECT_PARSED_MORE)
		return;
	if (admin_answer(admin->node, admin->views, parsed, &request, &client->out)) {
		send_answer(client);
		return;
	}
	client->head = request.method == REDIRECT_HEAD;
	client->answered = client->asking = true;
	pulse_ask(admin->node, PULSE_MS, workers_told, client);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct admin_client *client = handle->data;

	(void)suggested;
	*buf = uv_buf_init(client->admin->in, IN_BYTES);
}

static void have_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct admin_client *client = stream->data;

	/* Who has asked may end his side and still wait for the answer. */
	if (got == UV_EOF && (client->asking || uv_stream_get_write_queue_size(stream) > 0)) {
		client->eof = true;
		uv_read_stop(stream);
	} else if (got < 0) {
		close_client(client);
	} else if (got > 0 && !client->answered) {
		take(client, (const uint8_t *)buf->base, (size_t)got);
	}
}

static struct admin_client *new_client(struct admin *admin)
{
	struct admin_client *client = mem_alloc(sizeof *client);

	client->admin = admin;
	client->next = admin->clients;
	client->link = &admin->clients;
	if (client->next != NULL)
		client->next->link = &client->next;
	admin->clients = client;
	admin->client_count++;
	uv_tcp_init(admin->node->loop, &client->tcp);
	uv_timer_init(admin->node->loop, &client->deadline);
	client->tcp.data = client->deadline.data = client;
	client->handles = 2;
	return client;
}

static void connected(uv_stream_t *listener, int status)
{
	struct admin *admin = listener->data;

	if (status != 0) {
		log_limited(&admin->gate, uv_hrtime(), LOG_LEVEL_WARN, "admin: cannot accept a client: %s",
			    uv_strerror(status));
		return;
	}
	bool full = admin->client_count >= ADMIN_CLIENTS_MAX;
	struct admin_client *client = new_client(admin);
	if (uv_accept(listener, (uv_stream_t *)&client->tcp) != 0 || full
	    || uv_read_start((uv_stream_t *)&client->tcp, give_room, have_read) != 0) {
		close_client(client);
		return;
	}
	uv_timer_start(&client->deadline, too_late, ADMIN_REQUEST_MS, 0);
}

static void handle_closed(uv_handle_t *handle)
{
	struct admin *admin = handle->data;

	admin->handles--;
	free_when_closed(admin);
}

static int listen_on(struct admin *admin, int fd)
{
	uv_tcp_t *listener = &admin->listeners[admin->listener_count++];

	uv_tcp_init(admin->node->loop, listener);
	listener->data = admin;
	admin->handles++;
	int err = uv_tcp_open(listener, fd);
	if (err != 0)
		close(fd);
	return err != 0 ? err : uv_listen((uv_stream_t *)listener, BACKLOG, connected);
}

static void close_listeners(struct admin *admin)
{
	for (size_t i = 0; i < admin->listener_count; i++)
		uv_close((uv_handle_t *)&admin->listeners[i], handle_closed);
	uv_close((uv_handle_t *)&admin->ending, handle_closed);
}

int admin_start(struct node *node, const int *fds, size_t count, struct admin **ret_admin)
{
	struct admin *admin = mem_alloc(sizeof *admin);
	int err = 0;

	admin->node = node;
	admin->listeners = mem_array(count, sizeof *admin->listeners);
	uv_timer_init(node->loop, &admin->ending);
	admin->ending.data = admin;
	admin->handles = 1;
	for (size_t i = 0; i < count; i++) {
		int failed = listen_on(admin, fds[i]);

		err = err != 0 ? err : failed;
	}
	if (err != 0) {
		close_listeners(admin);
		return err;
	}
	*ret_admin = admin;
	return 0;
}

static bool workers_run(const struct node *node)
{
	for (unsigned i = 0; i < node->worker_count; i++) {
		if (!atomic_load(&node->workers[i].ended))
			return true;
	}
	return false;
}

/* Who has not asked yet goes at once; the others have their deadline. */
static void look_at_workers(uv_timer_t *timer)
{
	struct admin *admin = timer->data;
	struct admin_client *next;

	if (workers_run(admin->node) && uv_now(admin->node->loop) < admin->give_up_ms)
		return;
	close_listeners(admin);
	for (struct admin_client *client = admin->clients; client != NULL; client = next) {
		next = client->next;
		if (!client->asking && uv_stream_get_write_queue_size((uv_stream_t *)&client->tcp) == 0)
			close_client(client);
		else if (!client->closing)
			uv_timer_start(&client->deadline, too_late, WORKER_STOP_GRACE_MS, 0);
	}
}

void admin_close(struct admin *admin)
{
	if (admin->closing)
		return;
	admin->closing = true;
	admin->give_up_ms = uv_now(admin->node->loop) + WORKERS_PATIENCE_MS;
	uv_timer_start(&admin->ending, look_at_workers, 0, WORKERS_LOOK_MS);
}
