/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl on libuv: it names the sockets to watch and one time to wake at, and is told what happened. */
#include "conf/base/mem.h"
#include "sync/web_inner.h"

struct web_poll {
	struct web_poll *next, *before;
	struct web *web;
	curl_socket_t socket;
	uv_poll_t handle;
};

static void act(struct web *web, curl_socket_t socket, int events)
{
	int running;

	web->inside = true;
	curl_multi_socket_action(web->multi, socket, events, &running);
	web->inside = false;
	web_reap(web);
}

static void on_event(uv_poll_t *handle, int status, int events)
{
	struct web_poll *poll = handle->data;

	act(poll->web, poll->socket,
	    status < 0 ? CURL_CSELECT_ERR
		       : (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static void on_time(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_poll_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void close_poll(struct web_poll *poll)
{
	if (poll->before != NULL)
		poll->before->next = poll->next;
	else
		poll->web->polls = poll->next;
	if (poll->next != NULL)
		poll->next->before = poll->before;
	uv_close((uv_handle_t *)&poll->handle, on_poll_closed);
}

static struct web_poll *open_poll(struct web *web, curl_socket_t socket)
{
	struct web_poll *poll = mem_alloc(sizeof *poll);

	poll->web = web;
	poll->socket = socket;
	if (uv_poll_init_socket(web->loop, &poll->handle, socket) != 0) {
		mem_free(poll);
		return NULL;
	}
	poll->handle.data = poll;
	poll->next = web->polls;
	if (poll->next != NULL)
		poll->next->before = poll;
	web->polls = poll;
	curl_multi_assign(web->multi, socket, poll);
	return poll;
}

/* libcurl's wish for one of its sockets. */
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *ctx, void *known)
{
	struct web *web = ctx;
	struct web_poll *poll = known;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (poll != NULL)
			close_poll(poll);
		curl_multi_assign(web->multi, socket, NULL);
		return 0;
	}
	if (poll == NULL)
		poll = open_poll(web, socket);
	if (poll == NULL)
		return -1;
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);

	return uv_poll_start(&poll->handle, events, on_event) == 0 ? 0 : -1;
}

static int on_timeout_wish(CURLM *multi, long timeout_ms, void *ctx)
{
	struct web *web = ctx;

	(void)multi;
	if (web->closed || timeout_ms < 0)
		uv_timer_stop(&web->timer);
	else
		uv_timer_start(&web->timer, on_time, (uint64_t)timeout_ms, 0);
	return 0;
}

void web_loop_start(struct web *web)
{
	uv_timer_init(web->loop, &web->timer);
	web->timer.data = web;
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETDATA, web);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wish);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERDATA, web);
	curl_multi_setopt(web->multi, CURLMOPT_MAXCONNECTS, (long)web->at_once);
}

void web_loop_close(struct web *web)
{
	while (web->polls != NULL)
		close_poll(web->polls);
	uv_close((uv_handle_t *)&web->timer, NULL);
}
