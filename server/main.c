/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up as a story: read, bind, drop, load, serve. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/conf.h"
#include "redirect/sites.h"
#include "server/anycast/anycast.h"
#include "server/control.h"
#include "server/events.h"
#include "server/node.h"
#include "server/notify.h"
#include "server/options.h"
#include "server/privileges.h"
#include "server/sockets.h"
#include "server/sync.h"
#include "server/tls_stage.h"
#include "server/worker.h"
#include "sync/stage.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static void print_faults(const struct err_list *errors)
{
	char text[sizeof(struct err_note) + 16];

	for (size_t i = 0; i < errors->kept; i++)
		fprintf(stderr, "catchmentd: %s\n", err_note_print(&errors->notes[i], text, sizeof text));
	if (errors->count > errors->kept)
		fprintf(stderr, "catchmentd: and %zu more\n", errors->count - errors->kept);
}

static int failed_list(struct err_list *errors)
{
	print_faults(errors);
	err_list_fini(errors);
	return EXIT_FAILED;
}

static void warn(void *ctx, const char *text)
{
	(void)ctx;
	log_warn("anycast: %s", text);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* --check: everything the configuration names, without touching what runs. */
static int check(struct conf *conf)
{
	struct stage_wish wish = { .conf = conf };
	struct err_list errors = { 0 };
	struct dataset *dataset = NULL;
	unsigned zones_failed = 0;

	/* The faults and warnings of zones come through the log. */
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	int err = stage_dataset(&wish, &dataset, &zones_failed, &errors);
	struct dataset_tls tls[DATASET_TLS_SERVICES] = { 0 };
	int tls_err = tls_stage_load(conf, true, tls, &errors);
	err = err != 0 ? err : tls_err;
	int anycast_err = seed_check(conf, &errors);
	err = err != 0 ? err : anycast_err;
	int sync_err = sync_check(conf, &errors);
	err = err != 0 ? err : sync_err;
	conf_anycast_warn(conf, warn, NULL);
	dataset_tls_fini(tls);
	dataset_free(dataset);
	if (err == 0 && zones_failed == 0)
		printf("%s: good: %zu zone%s, %zu site%s\n", conf->file, conf->zone_count, plural(conf->zone_count),
		       conf->site_count, plural(conf->site_count));
	conf_free(conf);
	return err != 0 ? failed_list(&errors) : zones_failed != 0 ? EXIT_FAILED : EXIT_DONE;
}

static void tell_start(const struct conf *conf, const struct dataset *dataset, struct events *events, uint64_t began_ns)
{
	size_t zones = zone_set_count(dataset->zones), sites = redirect_sites_count(dataset->sites);
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < conf->dns.listen.count; i++)
		log_info("dns: answering on %s", addr_print(&conf->dns.listen.list[i], text, sizeof text));
	for (size_t i = 0; i < conf->dns.tls.listen.count; i++)
		log_info("dns: answering over TLS on %s", addr_print(&conf->dns.tls.listen.list[i], text, sizeof text));
	for (size_t i = 0; i < conf->redirect.listen.count; i++)
		log_info("http: redirecting on %s", addr_print(&conf->redirect.listen.list[i], text, sizeof text));
	for (size_t i = 0; i < conf->admin.listen.count; i++)
		log_info("admin: metrics and pages on %s", addr_print(&conf->admin.listen.list[i], text, sizeof text));
	for (size_t i = 0; i < conf->sync.notify.listen.count; i++)
		log_info("sync: NOTIFY on %s", addr_print(&conf->sync.notify.listen.list[i], text, sizeof text));
	for (size_t i = 0; i < conf->redirect.tls.listen.count; i++)
		log_info("https: redirecting on %s",
			 addr_print(&conf->redirect.tls.listen.list[i], text, sizeof text));
	events_add(events, LOG_LEVEL_INFO, "start", "node %s: catchmentd %s serves %zu zone%s and %zu site%s with %u worker%s, after %.0f ms",
		   conf->node.name, CATCHMENT_VERSION, zones, plural(zones), sites, plural(sites), conf->workers, plural(conf->workers),
		   (double)(clock_monotonic_ns() - began_ns) / 1e6);
}

/* All that needs the rights we were started with; faults go to errors. The control socket is bound first: whoever holds
 * it is the node that runs already. */
static int bind_and_drop(const struct conf *conf, int *ret_control, struct worker_sockets **ret_sockets,
			 struct dataset_tls ret_tls[DATASET_TLS_SERVICES], struct seed **ret_seed,
			 struct err_list *errors)
{
	struct err_note note = { 0 };
	int err = control_bind(conf->control_socket, ret_control, &note);

	if (err != 0) {
		err_list_add(errors, note.file, note.line, "%s", note.text);
		return err;
	}
	err = sockets_bind(conf, ret_sockets, errors);
	if (err != 0)
		goto unbind_control;
	/* Private keys may be root's alone. */
	err = tls_stage_load(conf, false, ret_tls, errors);
	if (err != 0)
		goto free_sockets;
	err = seed_make(conf, ret_seed, errors);
	if (err != 0)
		goto free_tls;
	err = privileges_make_state_dir(conf, &note);
	if (err == 0)
		err = privileges_drop(conf, &note);
	if (err == 0)
		return 0;
	err_list_add(errors, note.file, note.line, "%s", note.text);
	seed_free(*ret_seed);
free_tls:
	dataset_tls_fini(ret_tls);
free_sockets:
	sockets_free(*ret_sockets, conf->workers);
unbind_control:
	close(*ret_control);
	unlink(conf->control_socket);
	return err;
}

static int run(struct conf *conf, const char *conf_path, struct dataset *dataset, int control_fd,
	       const struct worker_sockets *sockets, struct seed *seed, struct sync *sync, uint64_t began_ns)
{
	struct node node;
	uv_loop_t *loop = uv_default_loop();
	int err = node_start(&node, loop, conf_path, conf, dataset, sockets);

	node.sync = sync;
	if (err == 0 && sync != NULL)
		err = sync_start(sync, &node, &sockets[0]);
	if (err == 0 && seed != NULL)
		node.anycast = anycast_start(&node, seed);
	else
		seed_free(seed);
	if (err == 0)
		err = control_start(&node, control_fd, conf->control_socket, &node.control);
	if (err == 0) {
		tell_start(conf, dataset, node.events, began_ns);
		notify_ready("serving");
	} else {
		log_error("node: the start failed: %s", err_text(err));
		unlink(conf->control_socket);
		node_stop(&node);
	}
	uv_run(loop, UV_RUN_DEFAULT);
	bool clean = node_finish(&node);
	uv_loop_close(loop);
	log_info("node: stopped");
	return err == 0 && clean ? EXIT_DONE : EXIT_FAILED;
}

static int serve(struct conf *conf, const char *conf_path, uint64_t began_ns)
{
	struct stage_wish wish = { .conf = conf, .images = true };
	struct err_list errors = { 0 };
	struct worker_sockets *sockets;
	struct seed *seed = NULL;
	struct dataset_tls tls[DATASET_TLS_SERVICES] = { 0 };
	struct dataset *dataset;
	struct sync *sync = NULL;
	unsigned zones_failed;
	int control_fd;

	signal(SIGPIPE, SIG_IGN);	/* a client that left is an error of the write */
	privileges_raise_files();
	if (bind_and_drop(conf, &control_fd, &sockets, tls, &seed, &errors) != 0) {
		conf_free(conf);
		return failed_list(&errors);
	}
	int err = conf->sync.present ? sync_open(conf, &sync, &wish.content, &errors) : 0;
	wish.content_age_s = sync_age(sync);
	wish.board = sync_board(sync);
	if (err != 0 || stage_dataset(&wish, &dataset, &zones_failed, &errors) != 0) {
		sync_free(sync);
		unlink(conf->control_socket);
		dataset_tls_fini(tls);
		seed_free(seed);
		sockets_free(sockets, conf->workers);
		conf_free(conf);
		return failed_list(&errors);
	}
	tls_stage_first(conf, tls, dataset);
	/* The sockets' numbers go to the workers with the array; conf goes to the node. */
	unsigned workers = conf->workers;
	int code = run(conf, conf_path, dataset, control_fd, sockets, seed, sync, began_ns);
	sockets_free(sockets, workers);
	return code;
}

int main(int argc, char **argv)
{
	uint64_t began_ns = clock_monotonic_ns();
	struct options options;
	struct err_list errors = { 0 };
	struct conf *conf;
	enum options_verdict verdict = options_parse(argc, argv, &options);

	if (verdict == OPTIONS_DONE || verdict == OPTIONS_WRONG)
		return verdict == OPTIONS_DONE ? EXIT_DONE : EXIT_USAGE;
	if (conf_load(options.conf_path, &conf, &errors) != 0)
		return failed_list(&errors);
	if (verdict == OPTIONS_CHECK)
		return check(conf);

	enum log_level level = conf->log_level;
	if (options.verbose && level < LOG_LEVEL_DEBUG)
		level++;
	log_setup(conf->log_target, level);
	return serve(conf, options.conf_path, began_ns);
}
