/* SPDX-License-Identifier: Apache-2.0 */
#include "server/presence.h"

#include <assert.h>
#include <string.h>
#include <uv.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/node.h"
#include "server/presence_table.h"
#include "sync/dataset.h"
#include "sync/web.h"

enum {
	AT_ONCE = 64,			/* HEAD requests under way */
	WAITING_MAX = 1024,		/* for their turn */
	MAILBOX_BYTES = 256 << 10,
	POSTED = 1024,			/* hashes remembered, so that many who ask the same leave one question */
	UNSURE_MS = PRESENCE_UNSURE_MS,
};

/* One question in the mailbox; the URL follows, padded to eight bytes. */
struct question {
	uint64_t url, generation;
	uint32_t target, len;
};

struct mailbox {
	uint8_t *bytes;
	size_t used;
};

/* One question under way. */
struct ask {
	struct ask *next, *before;
	struct presence *presence;
	uint64_t url, valid_ms;
	struct web_transfer *transfer;
	uv_timer_t limit;	/* of the client's patience: the queue counts, too */
};

struct presence {
	struct node *node;
	struct web *web;
	struct presence_table table;
	uint64_t started_ns;
	uv_async_t posted;
	pthread_mutex_t lock;		/* of the three below */
	struct mailbox in;		/* for the workers */
	uint64_t known[POSTED];		/* what is in it, by hash; 0: nothing */
	bool closed;
	struct mailbox out;		/* main's: what it is reading */
	struct ask *asks;
	const struct redirect_site **site_of;	/* by target id, of the dataset of this generation */
	uint64_t generation;
	_Atomic uint64_t changes;
	_Atomic uint64_t counts[PRESENCE_RESULTS];
};

static uint64_t now_ms(const struct presence *presence)
{
	return (clock_monotonic_ns() - presence->started_ns) / 1000000;
}

uint64_t presence_changes(const struct presence *presence)
{
	return presence != NULL ? atomic_load(&presence->changes) : 0;
}

uint64_t presence_count(const struct presence *presence, enum presence_result result)
{
	return presence != NULL ? atomic_load_explicit(&presence->counts[result], memory_order_relaxed) : 0;
}

static void count(struct presence *presence, enum presence_result result)
{
	atomic_fetch_add_explicit(&presence->counts[result], 1, memory_order_relaxed);
}

/* False: the mailbox is full, or closed. */
static bool post(struct presence *presence, const struct question *question, const uint8_t *url)
{
	struct mailbox *in = &presence->in;
	size_t room = sizeof *question + (question->len + 7) / 8 * 8;
	uint64_t *known = &presence->known[question->url % POSTED];
	bool fits, first = false;

	pthread_mutex_lock(&presence->lock);
	fits = !presence->closed && (*known == question->url || room <= MAILBOX_BYTES - in->used);
	if (fits && *known != question->url) {
		first = in->used == 0;
		*known = question->url;
		memcpy(in->bytes + in->used, question, sizeof *question);
		memcpy(in->bytes + in->used + sizeof *question, url, question->len);
		in->used += room;
	}
	pthread_mutex_unlock(&presence->lock);
	if (first)
		uv_async_send(&presence->posted);
	return fits;
}

enum redirect_present presence_ask(struct presence *presence, const struct dataset *dataset,
				   const struct redirect_target *target, struct span url, bool *ret_full)
{
	const struct question question = {
		.url = presence_table_hash(&presence->table, url),
		.generation = dataset->generation,
		.target = target->id,
		.len = (uint32_t)url.len,
	};
	struct presence_seen seen = presence_table_see(&presence->table, question.url, now_ms(presence));

	*ret_full = false;
	if (seen.expired && !seen.asking) {
		*ret_full = url.len > PRESENCE_URL_MAX || !post(presence, &question, url.at);
		if (*ret_full && seen.known == PRESENCE_NOTHING)
			return REDIRECT_PRESENT;
	}
	switch (seen.known) {
	case PRESENCE_HAS: return REDIRECT_PRESENT;
	case PRESENCE_LACKS: return REDIRECT_ABSENT;
	default: return REDIRECT_PRESENT_SOON;
	}
}

/* The table has changed; workers that hold clients look again. */
static void tell_workers(struct presence *presence)
{
	atomic_fetch_add(&presence->changes, 1);
	node_poke(presence->node);
}

static void write_down(struct presence *presence, uint64_t url, enum presence_result result, uint64_t valid_ms)
{
	bool sure = result == PRESENCE_FOUND || result == PRESENCE_MISSING;

	count(presence, result);
	presence_table_set(&presence->table, url, result == PRESENCE_MISSING ? PRESENCE_LACKS : PRESENCE_HAS,
			   now_ms(presence), sure || valid_ms < UNSURE_MS ? valid_ms : UNSURE_MS);
}

static void on_ask_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void ask_close(struct ask *ask)
{
	if (ask->before != NULL)
		ask->before->next = ask->next;
	else
		ask->presence->asks = ask->next;
	if (ask->next != NULL)
		ask->next->before = ask->before;
	uv_close((uv_handle_t *)&ask->limit, on_ask_closed);
}

static void settle(struct ask *ask, enum presence_result result)
{
	struct presence *presence = ask->presence;

	write_down(presence, ask->url, result, ask->valid_ms);
	ask_close(ask);
	tell_workers(presence);
}

static void on_answer(void *ctx, const struct web_response *response)
{
	unsigned status = response->outcome == WEB_DONE ? response->status : 0;

	settle(ctx, status >= 200 && status <= 399 ? PRESENCE_FOUND
		    : status == 404 || status == 410 ? PRESENCE_MISSING
		    : response->outcome == WEB_TIMEOUT ? PRESENCE_TIMEOUT : PRESENCE_UNSURE);
}

static void on_limit(uv_timer_t *timer)
{
	struct ask *ask = timer->data;

	web_cancel(ask->presence->web, ask->transfer);
	settle(ask, PRESENCE_TIMEOUT);
}

/* An endpoint that works and has an address; NULL: as the name resolves. */
static const struct addr *place_of(const struct dataset *dataset, const struct redirect_target *target)
{
	for (size_t i = 0; i < target->endpoint_count; i++) {
		const struct redirect_endpoint *endpoint = &target->endpoints[i];

		if (endpoint->address.any.sa_family != AF_UNSPEC && redirect_health_endpoint(dataset->health, endpoint))
			return &endpoint->address;
	}
	return NULL;
}

static void ask_begin(struct presence *presence, const struct question *question, char *url)
{
	const struct dataset *dataset = presence->node->dataset;
	const struct redirect_target *target = redirect_sites_target(dataset->sites, question->target);
	const struct redirect_site *site = presence->site_of[question->target];
	struct ask *ask = mem_alloc(sizeof *ask);
	const struct web_request request = {
		.method = WEB_HEAD,
		.url = url,
		.address = place_of(dataset, target),
		.ca = target->check != NULL ? target->check->ca : NULL,
		.total_ms = site->presence_timeout_ms,
		.done = on_answer,
		.ctx = ask,
	};

	*ask = (struct ask){
		.next = presence->asks, .presence = presence, .url = question->url, .valid_ms = site->presence_valid_ms,
	};
	if (ask->next != NULL)
		ask->next->before = ask;
	presence->asks = ask;
	ask->transfer = web_start(presence->web, &request);
	uv_timer_init(presence->node->loop, &ask->limit);
	ask->limit.data = ask;
	uv_timer_start(&ask->limit, on_limit, site->presence_timeout_ms, 0);
}

/* Which site a target belongs to, for its limits. */
static void know_sites(struct presence *presence)
{
	const struct dataset *dataset = presence->node->dataset;

	if (presence->generation == dataset->generation)
		return;
	presence->generation = dataset->generation;
	mem_free(presence->site_of);
	presence->site_of = NULL;
	if (dataset->sites == NULL)
		return;
	presence->site_of = mem_array(redirect_sites_target_count(dataset->sites) + 1, sizeof(void *));
	for (size_t i = 0; i < redirect_sites_count(dataset->sites); i++) {
		const struct redirect_site *site = redirect_sites_at(dataset->sites, i);

		for (size_t j = 0; j < site->target_count; j++)
			presence->site_of[site->targets[j].id] = site;
		for (size_t j = 0; j < site->fallback_count; j++)
			presence->site_of[site->fallback[j].id] = site;
	}
}

/* True: whoever asked can be told at once. */
static bool take_question(struct presence *presence, const struct question *question, const uint8_t *at)
{
	struct presence_seen seen = presence_table_see(&presence->table, question->url, now_ms(presence));
	char url[PRESENCE_URL_MAX + 1];

	if (seen.asking)
		return false;
	if (!seen.expired)
		return true;
	/* Content has just changed, or nobody has time: one answer for a moment, and the next who asks is served better. */
	if (question->generation != presence->generation || presence->site_of == NULL ||
	    presence->site_of[question->target] == NULL ||
	    web_waiting(presence->web) >= WAITING_MAX ||
	    !presence_table_asking(&presence->table, question->url, now_ms(presence))) {
		write_down(presence, question->url, PRESENCE_CROWDED, UNSURE_MS);
		return true;
	}
	memcpy(url, at, question->len);
	url[question->len] = '\0';
	ask_begin(presence, question, url);
	return false;
}

static void on_posted(uv_async_t *async)
{
	struct presence *presence = async->data;
	struct mailbox read;
	bool tell = false;

	pthread_mutex_lock(&presence->lock);
	read = presence->in;
	presence->in = (struct mailbox){ presence->out.bytes, 0 };
	memset(presence->known, 0, sizeof presence->known);
	pthread_mutex_unlock(&presence->lock);
	presence->out = read;
	know_sites(presence);
	for (size_t at = 0; at < read.used;) {
		struct question question;

		memcpy(&question, read.bytes + at, sizeof question);
		tell |= take_question(presence, &question, read.bytes + at + sizeof question);
		at += sizeof question + (question.len + 7) / 8 * 8;
	}
	if (tell)
		tell_workers(presence);
}

struct presence *presence_new(struct node *node)
{
	struct presence *presence = mem_alloc(sizeof *presence);

	presence->node = node;
	presence->web = web_new(node->loop, AT_ONCE);
	if (presence->web == NULL) {
		mem_free(presence);
		return NULL;
	}
	presence->started_ns = clock_monotonic_ns();
	presence_table_init(&presence->table, siphash_key_new(), PRESENCE_ENTRIES);
	pthread_mutex_init(&presence->lock, NULL);
	presence->in.bytes = mem_alloc(MAILBOX_BYTES);
	presence->out.bytes = mem_alloc(MAILBOX_BYTES);
	uv_async_init(node->loop, &presence->posted, on_posted);
	presence->posted.data = presence;
	return presence;
}

void presence_close(struct presence *presence)
{
	if (presence == NULL)
		return;
	pthread_mutex_lock(&presence->lock);
	presence->closed = true;
	pthread_mutex_unlock(&presence->lock);
	/* Who waits for one of these goes where it would have gone. */
	while (presence->asks != NULL) {
		struct ask *ask = presence->asks;

		web_cancel(presence->web, ask->transfer);
		write_down(presence, ask->url, PRESENCE_UNSURE, UNSURE_MS);
		ask_close(ask);
	}
	web_close(presence->web);
	uv_close((uv_handle_t *)&presence->posted, NULL);
	tell_workers(presence);
}

void presence_free(struct presence *presence)
{
	if (presence == NULL)
		return;
	web_free(presence->web);
	presence_table_fini(&presence->table);
	pthread_mutex_destroy(&presence->lock);
	mem_free(presence->in.bytes);
	mem_free(presence->out.bytes);
	mem_free(presence->site_of);
	mem_free(presence);
}
