/* SPDX-License-Identifier: Apache-2.0 */
/* The signed report, sent to sync.report-url after each activation: on main's loop, tried again while nobody takes it. */
#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/events.h"
#include "server/sync_inner.h"
#include "server/textbuf.h"
#include "sync/web.h"

enum { CONNECT_MS = 5000, TOTAL_MS = 20000, AGAIN_S = 5, AGAIN_MOST_S = 900 };

struct sync_post {
	struct sync *sync;
	struct web *web;
	struct web_transfer *transfer;	/* NULL: none under way */
	bool wanted;			/* what is served has changed since the last one began */
	bool failing;			/* and it was told */
	int64_t due_s, wait_s;		/* steady clock */
};

static void done(void *ctx, const struct web_response *response)
{
	struct sync_post *post = ctx;
	struct events *events = post->sync->node->events;
	bool taken = response->outcome == WEB_DONE && response->status >= 200 && response->status < 300;

	post->transfer = NULL;
	if (taken && post->failing)
		events_add(events, LOG_LEVEL_INFO, "sync", "sync: the report is taken again by %s", post->sync->conf->sync.report_url);
	else if (!taken && !post->failing)
		events_add(events, LOG_LEVEL_WARN, "sync", "sync: the report was not taken by %s: %s; it is sent again",
			   post->sync->conf->sync.report_url, response->text);
	post->failing = !taken;
	if (taken) {
		post->wait_s = AGAIN_S;
		return;
	}
	post->wanted = true;
	post->due_s = clock_boot_s() + post->wait_s;
	post->wait_s = 2 * post->wait_s < AGAIN_MOST_S ? 2 * post->wait_s : AGAIN_MOST_S;
}

static void begin(struct sync_post *post)
{
	const struct conf_sync *conf = &post->sync->conf->sync;
	struct textbuf report = { 0 };

	sync_report(post->sync, &report);
	post->wanted = false;
	post->transfer = web_start(post->web, &(struct web_request){
		.method = WEB_POST, .url = conf->report_url, .ca = conf->ca, .cert = conf->client_cert, .key = conf->client_key,
		.proxy = conf->proxy, .connect_ms = CONNECT_MS, .total_ms = TOTAL_MS,
		.post = { (const uint8_t *)report.at, report.len }, .post_type = "application/json", .done = done, .ctx = post,
	});
	textbuf_fini(&report);
}

int sync_post_start(struct sync *sync)
{
	if (sync->conf->sync.report_url == NULL)
		return 0;
	struct sync_post *post = sync->post = mem_alloc(sizeof *post);
	post->sync = sync;
	post->wait_s = AGAIN_S;
	/* What it serves from its start on is news to who collects. */
	post->wanted = sync->status.release[0] != '\0';
	post->web = web_new(sync->node->loop, 1);
	return post->web != NULL ? 0 : ERR_UNAVAILABLE;
}

void sync_post_want(struct sync *sync)
{
	if (sync->post == NULL)
		return;
	sync->post->wanted = true;
	sync->post->due_s = 0;
	sync_post_look(sync);
}

void sync_post_look(struct sync *sync)
{
	struct sync_post *post = sync->post;

	if (post != NULL && post->wanted && post->transfer == NULL && post->web != NULL && clock_boot_s() >= post->due_s)
		begin(post);
}

void sync_post_close(struct sync *sync)
{
	if (sync->post != NULL && sync->post->web != NULL)
		web_close(sync->post->web);
}

void sync_post_free(struct sync *sync)
{
	if (sync->post == NULL)
		return;
	web_free(sync->post->web);
	mem_free(sync->post);
}
