/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab_ask: asks DNS servers at a steady rate and tells what became of each query: which node answered (its NSID), how many
 * were lost, and when. Each address is a lane of its own; so both families are watched at once. Until SIGINT, SIGTERM or
 * the end of its time; then it waits for late answers and prints one JSON object. Times in it are of CLOCK_MONOTONIC.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LANES = 8,
	SOCKETS = 16,		/* of a lane: so many ports, for servers that spread clients over their threads by port */
	NODES = 16,
	NODE_NAME_MAX = 64,
	SEGMENTS_PRINTED = 64,
	HEADER_BYTES = 12,
	OPT_BYTES = 15,
	NSID = 3,
	ANSWER_MAX = 2048,
	BURST = 512,		/* sent before answers are looked at again */
};

struct question {
	uint64_t sent_ns, answered_ns;	/* answered 0: not (yet) */
	int node;
};

struct lane {
	const char *text;
	struct sockaddr_storage to;
	socklen_t to_len;
	int fds[SOCKETS];
	struct question *asked;
	size_t count, room, answered, strange;	/* strange: twice, from elsewhere, or malformed */
};

static struct lane lanes[LANES];
static size_t lane_count;
static char nodes[NODES][NODE_NAME_MAX];
static int node_count;
static uint8_t packet[512];
static size_t packet_len;
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A query of type A with an empty NSID option, RFC 5001. */
static void write_packet(const char *name)
{
	static const uint8_t header[HEADER_BYTES] = { [5] = 1, [11] = 1 };
	static const uint8_t rest[4 + OPT_BYTES] = { 0, 1, 0, 1, 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 4, 0, NSID, 0, 0 };
	uint8_t *at = packet + HEADER_BYTES;

	memcpy(packet, header, sizeof header);
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		if (len == 0 || len > 63 || at + len + 2 + sizeof rest > packet + sizeof packet)
			errx(2, "not a name");
		*at++ = (uint8_t)len;
		memcpy(at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	*at++ = 0;
	memcpy(at, rest, sizeof rest);
	packet_len = (size_t)(at - packet) + sizeof rest;
}

static int node_of(const uint8_t *text, size_t len)
{
	char name[NODE_NAME_MAX] = "?";

	if (len > 0 && len < sizeof name) {
		for (size_t i = 0; i < len; i++)
			name[i] = text[i] > ' ' && text[i] < 127 && text[i] != '"' && text[i] != '\\' ? (char)text[i] : '?';
		name[len] = '\0';
	}
	for (int i = 0; i < node_count; i++) {
		if (strcmp(nodes[i], name) == 0)
			return i;
	}
	if (node_count == NODES)
		return NODES - 1;
	memcpy(nodes[node_count], name, sizeof name);
	return node_count++;
}

/* Our zones' answers end in the OPT record and NSID is its only option; anything else has node "?". */
static int node_in(const uint8_t *answer, size_t len)
{
	for (size_t i = len > 80 ? len - 80 : HEADER_BYTES; i + OPT_BYTES <= len; i++) {
		size_t size = len - i - OPT_BYTES;

		if (answer[i] == 0 && answer[i + 1] == 0 && answer[i + 2] == 41 && answer[i + 11] == 0 && answer[i + 12] == NSID
		    && (size_t)(answer[i + 13] << 8 | answer[i + 14]) == size)
			return node_of(answer + i + OPT_BYTES, size);
	}
	return node_of(NULL, 0);
}

static void open_lane(const char *text)
{
	struct lane *lane = &lanes[lane_count++];
	struct sockaddr_in *v4 = (struct sockaddr_in *)&lane->to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&lane->to;
	int size = 1 << 21;

	lane->text = text;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(53);
		lane->to_len = sizeof *v4;
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(53);
		lane->to_len = sizeof *v6;
	} else {
		errx(2, "%s: no address", text);
	}
	for (int i = 0; i < SOCKETS; i++) {
		lane->fds[i] = socket(lane->to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (lane->fds[i] < 0)
			err(1, "socket");
		setsockopt(lane->fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	}
}

/* What cannot be sent (no route) is lost like what is not answered. */
static void ask(struct lane *lane)
{
	size_t number = lane->count, id = number / SOCKETS;

	if (lane->count == lane->room) {
		lane->room = lane->room ? 2 * lane->room : 4096;
		lane->asked = reallocarray(lane->asked, lane->room, sizeof *lane->asked);
		if (lane->asked == NULL)
			err(1, "memory");
	}
	packet[0] = (uint8_t)(id >> 8);
	packet[1] = (uint8_t)id;
	lane->asked[lane->count++] = (struct question){ .sent_ns = now_ns() };
	(void)!sendto(lane->fds[number % SOCKETS], packet, packet_len, 0, (struct sockaddr *)&lane->to, lane->to_len);
}

static bool is_from(const struct lane *lane, const struct sockaddr_storage *from)
{
	if (from->ss_family != lane->to.ss_family)
		return false;
	if (from->ss_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)from)->sin_addr, &((const struct sockaddr_in *)&lane->to)->sin_addr, 4) == 0;
	return memcmp(&((const struct sockaddr_in6 *)from)->sin6_addr, &((const struct sockaddr_in6 *)&lane->to)->sin6_addr, 16) == 0;
}

static void hear(struct lane *lane, int which)
{
	uint8_t answer[ANSWER_MAX];
	struct sockaddr_storage from;

	for (;;) {
		socklen_t from_len = sizeof from;
		ssize_t len = recvfrom(lane->fds[which], answer, sizeof answer, 0, (struct sockaddr *)&from, &from_len);

		if (len < 0)
			return;
		/* The last one of this socket with that id. */
		size_t sent = (lane->count - (size_t)which + SOCKETS - 1) / SOCKETS;
		size_t back = len >= HEADER_BYTES ? (sent - 1 - (size_t)(answer[0] << 8 | answer[1])) & 0xffff : sent;
		struct question *question = back < sent ? &lane->asked[(sent - 1 - back) * SOCKETS + (size_t)which] : NULL;

		if (question == NULL || question->answered_ns != 0 || !(answer[2] & 0x80) || !is_from(lane, &from)) {
			lane->strange++;
			continue;
		}
		question->answered_ns = now_ns();
		question->node = node_in(answer, (size_t)len);
		lane->answered++;
	}
}

static void hear_all(int wait_ms)
{
	struct pollfd fds[LANES * SOCKETS];
	size_t count = 0;

	for (size_t i = 0; i < lane_count; i++) {
		for (int j = 0; j < SOCKETS; j++)
			fds[count++] = (struct pollfd){ .fd = lanes[i].fds[j], .events = POLLIN };
	}
	if (poll(fds, count, wait_ms) <= 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (fds[i].revents != 0)
			hear(&lanes[i / SOCKETS], (int)(i % SOCKETS));
	}
}

static void run(double rate, double seconds, int wait_ms)
{
	uint64_t began = now_ns(), end = began + (uint64_t)(seconds * 1e9);

	while (!stop && now_ns() < end) {
		size_t due = (size_t)((double)(now_ns() - began) / 1e9 * rate) + 1;

		for (size_t i = 0; i < lane_count; i++) {
			for (int j = 0; j < BURST && lanes[i].count < due; j++)
				ask(&lanes[i]);
		}
		hear_all(1);
	}
	for (end = now_ns() + (uint64_t)wait_ms * 1000000; now_ns() < end;) {
		bool missing = false;

		for (size_t i = 0; i < lane_count; i++)
			missing = missing || lanes[i].answered < lanes[i].count;
		if (!missing)
			return;
		hear_all(20);
	}
}

/* ---- What is told ---- */

static double seconds_of(uint64_t ns)
{
	return (double)ns / 1e9;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void print_latency(const struct lane *lane)
{
	uint64_t *took = calloc(lane->answered + 1, sizeof *took);
	size_t count = 0;

	if (took == NULL)
		err(1, "memory");
	for (size_t i = 0; i < lane->count; i++) {
		if (lane->asked[i].answered_ns != 0)
			took[count++] = lane->asked[i].answered_ns - lane->asked[i].sent_ns;
	}
	qsort(took, count, sizeof *took, by_time);
	printf(", \"median_us\": %.0f, \"p99_us\": %.0f, \"max_us\": %.0f", count ? (double)took[count / 2] / 1e3 : 0,
	       count ? (double)took[count * 99 / 100] / 1e3 : 0, count ? (double)took[count - 1] / 1e3 : 0);
	free(took);
}

/* The runs of answers by one node, in the order of asking. */
static void print_segments(const struct lane *lane)
{
	const struct question *first = NULL, *last = NULL;
	size_t answered = 0, printed = 0;

	printf(", \"segments\": [");
	for (size_t i = 0; i <= lane->count; i++) {
		const struct question *one = i < lane->count ? &lane->asked[i] : NULL;

		if (one != NULL && one->answered_ns == 0)
			continue;
		if (first != NULL && (one == NULL || one->node != first->node)) {
			if (printed++ < SEGMENTS_PRINTED)
				printf("%s{\"node\": \"%s\", \"from\": %.6f, \"until\": %.6f, \"answered\": %zu}", printed > 1 ? ", " : "",
				       nodes[first->node], seconds_of(first->sent_ns), seconds_of(last->sent_ns), answered);
			first = NULL;
			answered = 0;
		}
		if (one == NULL)
			break;
		first = first != NULL ? first : one;
		last = one;
		answered++;
	}
	printf("]");
}

static void print_lane(const struct lane *lane)
{
	uint64_t first_lost = 0, last_lost = 0, longest = 0, since = lane->count > 0 ? lane->asked[0].sent_ns : 0;
	size_t by_node[NODES] = { 0 };

	for (size_t i = 0; i < lane->count; i++) {
		const struct question *one = &lane->asked[i];
		bool lost = one->answered_ns == 0;

		if (lost) {
			first_lost = first_lost ? first_lost : one->sent_ns;
			last_lost = one->sent_ns;
		}
		if ((i > 0 && lane->asked[i - 1].answered_ns == 0) || lost)
			longest = one->sent_ns - since > longest ? one->sent_ns - since : longest;
		if (!lost) {
			since = one->sent_ns;
			by_node[one->node]++;
		}
	}
	printf("{\"address\": \"%s\", \"sent\": %zu, \"answered\": %zu, \"lost\": %zu, \"strange\": %zu, \"seconds\": %.6f, "
	       "\"longest_outage\": %.6f", lane->text, lane->count, lane->answered, lane->count - lane->answered, lane->strange,
	       lane->count > 0 ? seconds_of(lane->asked[lane->count - 1].sent_ns - lane->asked[0].sent_ns) : 0,
	       seconds_of(longest));
	if (first_lost != 0)
		printf(", \"first_lost\": %.6f, \"last_lost\": %.6f", seconds_of(first_lost), seconds_of(last_lost));
	printf(", \"nodes\": {");
	for (int i = 0, told = 0; i < node_count; i++) {
		if (by_node[i] > 0)
			printf("%s\"%s\": %zu", told++ ? ", " : "", nodes[i], by_node[i]);
	}
	printf("}");
	print_latency(lane);
	print_segments(lane);
	printf("}");
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const char *name = "www.lab.example";
	double rate = 100, seconds = 3600;
	int wait_ms = 1000, option;

	while ((option = getopt(argc, argv, "r:t:w:n:")) != -1) {
		switch (option) {
		case 'r': rate = atof(optarg); break;
		case 't': seconds = atof(optarg); break;
		case 'w': wait_ms = atoi(optarg); break;
		case 'n': name = optarg; break;
		default: argc = 0;
		}
	}
	if (argc - optind < 1 || argc - optind > LANES || rate <= 0) {
		fprintf(stderr, "usage: lab_ask [-r QUERIES_A_SECOND] [-t SECONDS] [-w WAIT_MS] [-n NAME] ADDRESS...\n");
		return 2;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	write_packet(name);
	for (int i = optind; i < argc; i++)
		open_lane(argv[i]);
	run(rate, seconds, wait_ms);
	printf("[");
	for (size_t i = 0; i < lane_count; i++) {
		printf("%s", i > 0 ? ",\n" : "");
		print_lane(&lanes[i]);
	}
	printf("]\n");
	for (size_t i = 0; i < lane_count; i++)
		free(lanes[i].asked);
	return 0;
}
