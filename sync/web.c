/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "conf/base/mem.h"
#include "sync/web_inner.h"

static void append(struct web_list *list, struct web_transfer *transfer)
{
	transfer->next = NULL;
	transfer->before = list->last;
	if (list->last != NULL)
		list->last->next = transfer;
	else
		list->first = transfer;
	list->last = transfer;
	list->count++;
}

static void take_out(struct web_list *list, struct web_transfer *transfer)
{
	if (transfer->before != NULL)
		transfer->before->next = transfer->next;
	else
		list->first = transfer->next;
	if (transfer->next != NULL)
		transfer->next->before = transfer->before;
	else
		list->last = transfer->before;
	list->count--;
}

/* The turn of those that wait. */
static void run_next(struct web *web)
{
	while (!web->closed && web->waiting.first != NULL && web->running.count < web->at_once) {
		struct web_transfer *transfer = web->waiting.first;

		take_out(&web->waiting, transfer);
		append(&web->running, transfer);
		transfer->state = WEB_RUNNING;
		curl_multi_add_handle(web->multi, transfer->easy);
	}
}

static void tell(struct web_transfer *transfer)
{
	struct web_request *request = &transfer->request;

	request->done(request->ctx, &transfer->response);
	web_transfer_free(transfer);
}

void web_reap(struct web *web)
{
	CURLMsg *message;
	int left;

	while (!web->closed && (message = curl_multi_info_read(web->multi, &left)) != NULL) {
		struct web_transfer *transfer = NULL;
		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		web_transfer_end(transfer, code);
		curl_multi_remove_handle(web->multi, transfer->easy);
		take_out(&web->running, transfer);
		tell(transfer);
	}
	run_next(web);
}

static void tell_failed(uv_timer_t *timer)
{
	struct web *web = timer->data;

	while (web->failed.first != NULL) {
		struct web_transfer *transfer = web->failed.first;

		take_out(&web->failed, transfer);
		tell(transfer);
	}
}

struct web *web_new(uv_loop_t *loop, unsigned at_once)
{
	struct web *web = mem_alloc(sizeof *web);

	assert(at_once > 0);
	web->loop = loop;
	web->at_once = at_once;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		goto free_web;
	web->multi = curl_multi_init();
	if (web->multi == NULL)
		goto end_curl;
	web_loop_start(web);
	uv_timer_init(loop, &web->soon);
	web->soon.data = web;
	return web;
end_curl:
	curl_global_cleanup();
free_web:
	mem_free(web);
	return NULL;
}

struct web_transfer *web_start(struct web *web, const struct web_request *request)
{
	struct web_transfer *transfer;

	assert(!web->closed && !web->inside && request->done != NULL);
	assert(request->address == NULL || request->follow == 0);
	transfer = web_transfer_new(request);
	transfer->web = web;
	if (transfer->response.outcome == WEB_INVALID) {
		transfer->state = WEB_FAILED;
		append(&web->failed, transfer);
		uv_timer_start(&web->soon, tell_failed, 0, 0);
		return transfer;
	}
	append(&web->waiting, transfer);
	run_next(web);
	return transfer;
}

void web_cancel(struct web *web, struct web_transfer *transfer)
{
	assert(!web->inside);
	if (transfer->state == WEB_RUNNING)
		curl_multi_remove_handle(web->multi, transfer->easy);
	take_out(transfer->state == WEB_RUNNING ? &web->running
		 : transfer->state == WEB_FAILED ? &web->failed : &web->waiting, transfer);
	web_transfer_free(transfer);
	run_next(web);
}

void web_close(struct web *web)
{
	assert(!web->inside);
	if (web->closed)
		return;
	web->closed = true;
	while (web->running.first != NULL)
		web_cancel(web, web->running.first);
	while (web->waiting.first != NULL)
		web_cancel(web, web->waiting.first);
	while (web->failed.first != NULL)
		web_cancel(web, web->failed.first);
	web_loop_close(web);
	uv_close((uv_handle_t *)&web->soon, NULL);
}

void web_free(struct web *web)
{
	if (web == NULL)
		return;
	assert(web->closed && web->polls == NULL);
	curl_multi_cleanup(web->multi);
	curl_global_cleanup();
	mem_free(web);
}

size_t web_running(const struct web *web)
{
	return web->running.count;
}

size_t web_waiting(const struct web *web)
{
	return web->waiting.count;
}
