/* SPDX-License-Identifier: Apache-2.0 */
#include "server/watch.h"

#include <libgen.h>
#include <string.h>
#include <uv.h>

#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/node.h"

enum { SETTLE_MS = 200 };	/* several files, or one written in pieces, are one change */

/* One folder: a file that is replaced by a rename is another file, but in the same folder. */
struct folder {
	uv_fs_event_t event;
	struct watch *watch;
	char *path;
	struct folder *next;
};

struct watch {
	struct node *node;
	uv_timer_t settle;
	struct folder *folders;
};

static void on_settled(uv_timer_t *timer)
{
	struct watch *watch = timer->data;

	node_reload_secrets(watch->node, NULL, NULL);
}

static bool for_each_of_tls(const struct conf_tls *tls, bool (*call)(void *ctx, const char *file), void *ctx)
{
	for (size_t i = 0; i < tls->ticket_key_count; i++) {
		if (call(ctx, tls->ticket_keys[i]))
			return true;
	}
	for (size_t i = 0; i < tls->certificate_count; i++) {
		if (tls->certificates[i].ocsp != NULL && call(ctx, tls->certificates[i].ocsp))
			return true;
	}
	return false;
}

/* Every file that is watched, until a call says true; whether one did. */
static bool for_each(const struct conf *conf, bool (*call)(void *ctx, const char *file), void *ctx)
{
	for (size_t i = 0; i < conf->dns.cookie_secret_count; i++) {
		if (call(ctx, conf->dns.cookie_secrets[i]))
			return true;
	}
	return for_each_of_tls(&conf->dns.tls, call, ctx) || for_each_of_tls(&conf->redirect.tls, call, ctx);
}

static bool has_name(void *ctx, const char *file)
{
	const char *slash = strrchr(file, '/');

	return strcmp(slash ? slash + 1 : file, ctx) == 0;
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct folder *folder = event->data;
	struct watch *watch = folder->watch;

	(void)events;
	if (status == 0 && name != NULL && for_each(watch->node->conf, has_name, (void *)(uintptr_t)name))
		uv_timer_start(&watch->settle, on_settled, SETTLE_MS, 0);
}

static void on_folder_closed(uv_handle_t *handle)
{
	struct folder *folder = handle->data;

	mem_free(folder->path);
	mem_free(folder);
}

static void close_folders(struct watch *watch)
{
	for (struct folder *folder = watch->folders, *next; folder != NULL; folder = next) {
		next = folder->next;
		uv_close((uv_handle_t *)&folder->event, on_folder_closed);
	}
	watch->folders = NULL;
}

static void watch_folder(struct watch *watch, const char *file)
{
	char *copy = mem_string(file);
	struct folder *folder = mem_alloc(sizeof *folder);

	folder->watch = watch;
	folder->path = mem_string(dirname(copy));
	mem_free(copy);
	folder->next = watch->folders;
	watch->folders = folder;
	uv_fs_event_init(watch->node->loop, &folder->event);
	folder->event.data = folder;
	int err = uv_fs_event_start(&folder->event, on_event, folder->path, 0);
	if (err != 0)
		log_warn("secrets: changes in %s will not be noticed: %s", folder->path, uv_strerror(err));
}

static bool is_watched(const struct watch *watch, const char *file)
{
	char *copy = mem_string(file);
	const char *path = dirname(copy);
	bool found = false;

	for (const struct folder *folder = watch->folders; folder != NULL && !found; folder = folder->next)
		found = strcmp(folder->path, path) == 0;
	mem_free(copy);
	return found;
}

static bool add_folder(void *ctx, const char *file)
{
	if (!is_watched(ctx, file))
		watch_folder(ctx, file);
	return false;
}

void watch_secrets(struct watch *watch, const struct conf *conf)
{
	close_folders(watch);
	for_each(conf, add_folder, watch);
}

struct watch *watch_new(struct node *node)
{
	struct watch *watch = mem_alloc(sizeof *watch);

	watch->node = node;
	uv_timer_init(node->loop, &watch->settle);
	watch->settle.data = watch;
	return watch;
}

void watch_close(struct watch *watch)
{
	close_folders(watch);
	uv_close((uv_handle_t *)&watch->settle, NULL);
}

void watch_free(struct watch *watch)
{
	mem_free(watch);
}
