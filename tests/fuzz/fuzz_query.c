/* SPDX-License-Identifier: Apache-2.0 */
/* Any message to respond(): the first byte chooses the transport, the rest is the packet. What comes back must be a
 * response to that packet, of an allowed size, that a strict reader can take apart. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/zone_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const zones[] = {
	"example",
	"@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n\nn 60 A 192.0.2.1\n*.w 60 A 192.0.2.2\nx.w 60 TXT x\nb.e.n.t 60 TXT y\n"
	"c1 60 CNAME c2\nc2 60 CNAME n\nl1 60 CNAME l2\nl2 60 CNAME l1\nd 60 DNAME e.n.t\nsub 60 NS ns.sub\nns.sub 60 AAAA ::1\n"
	"mx 60 MX 1 n\nsrv 60 SRV 1 2 3 n\n",
	".", "@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n.example.\nexample 60 NS n.example.\nn.example 60 A 192.0.2.1\n",
	"nsec", "@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n\n@ 60 NSEC b A\nb 60 A 192.0.2.1\nb 60 NSEC *.w A\n*.w 60 CNAME b\n"
		"*.w 60 NSEC s NS\ns 60 NS n.s\nn.s 60 A 192.0.2.2\ns 60 NSEC @ A\n",
	"nsec3", "@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n\n@ 60 NSEC3PARAM 1 0 2 aa\nb 60 HTTPS 1 .\nb 60 AAAA ::1\n*.w 60 MX 1 b\n"
		 "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 1 2 aa 35mthgpgcu1qg68fab165klnsnk3dpvl A\n"
		 "35mthgpgcu1qg68fab165klnsnk3dpvl 60 NSEC3 1 1 2 aa r53bq7cc2uvmubfu5ocmm6pers9tk9en A\n"
		 "r53bq7cc2uvmubfu5ocmm6pers9tk9en 60 NSEC3 1 1 2 aa 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
	"broken", "",
	NULL,
};

static const struct cookie_secrets secrets = { .count = 2 };

static void check(const struct fixture *fixture, bool tcp, const uint8_t *packet, size_t size)
{
	size_t len = fixture->result.len;

	if (size < DNS_HEADER_BYTES || packet[2] & 0x80) {
		if (len != 0)
			abort();
		return;
	}
	if (len < DNS_HEADER_BYTES || memcmp(fixture->response, packet, 2) != 0)
		abort();
	if (!tcp && len > 1232)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fixture *fixture;

	if (fixture == NULL) {
		fixture = fixture_new(zones);
		fixture->env.cookies = &secrets;
		fixture->env.tcp_idle_ds = 100;
	}
	if (size == 0)
		return 0;
	enum respond_transport transport = (enum respond_transport)((data[0] & 3) % 3);
	fixture->from.require_cookie = data[0] & 4;
	/* A copy of just the packet's size: the sanitizer sees a read beyond it. */
	uint8_t *packet = malloc(size > 1 ? size - 1 : 1);
	memcpy(packet, data + 1, size - 1);
	fixture_send(fixture, transport, packet, size - 1);
	check(fixture, transport != RESPOND_UDP, packet, size - 1);
	free(packet);
	return 0;
}
