/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the control socket on a node without sockets. The first byte says how the client behaves: how many
 * turns of the loop it waits before it goes away in the middle of a command, and whether it reads at all.
 */
#include "server/commands.h"
#include "tests/unit/server/fake_node.h"

static bool deaf;

static void hear(struct call_client *client, char *line, size_t len)
{
	(void)client;
	if (len == 0 || line[len - 1] != '\n' || memchr(line, '\n', len - 1) != NULL)
		abort();
	mem_free(line);
}

static bool has_room(struct call_client *client)
{
	(void)client;
	return !deaf;
}

static void ended(struct call_client *client)
{
	if (client->call != NULL)
		abort();
}

static void run_line(struct node *node, const char *line, size_t len, unsigned patience)
{
	struct call_client client = { .line = hear, .room = has_room, .done = ended, .who = "fuzzer" };

	command_run(node, &client, line, len);
	for (unsigned turn = 0; turn < patience && client.call != NULL; turn++)
		uv_run(node->loop, UV_RUN_NOWAIT);
	if (client.call != NULL)
		call_abandon(client.call);
	uv_run(node->loop, UV_RUN_DEFAULT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uv_loop_t loop;
	static struct node node;
	const char *at = (const char *)data + 1, *end = (const char *)data + size;

	if (node.loop == NULL) {
		setenv("UV_THREADPOOL_SIZE", "1", 0);
		log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
		uv_loop_init(&loop);
		fake_init(&node, &loop, 10);
	}
	if (size < 2)
		return 0;
	deaf = data[0] & 0x80;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);

		run_line(&node, at, len, data[0] & 0x0f);
		at += len + 1;
	}
	log_set_level(LOG_LEVEL_ERROR);	/* "log debug" is one of the commands */
	return 0;
}
