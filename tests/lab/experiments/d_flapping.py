# SPDX-License-Identifier: Apache-2.0
"""A node that fails every few seconds changes its route a bounded number of times: the hold-down doubles.

A check of service web is failed for a second, again and again. Without a hold-down each failure would be two changes; with
one of H seconds that doubles, T seconds hold at most log2(T / H + 1) announcements beyond the first."""
import math
import pathlib
import re
import time

import check
import topology
from topology import SERVICES, WEB

HOLD, SECONDS, PERIOD = 1, 22, 2.0
FLAPPING = SERVICES.replace("'exec:$dir/web-works'], " + topology.QUICK,
                            f"'exec:$dir/web-works'], interval: 200ms, timeout: 150ms, rise: 1, fall: 1, hold-down: {HOLD}s, "
                            "minimum-up: 10m, drain: 1s")


def bgp_updates(world, protocol):
    """Routes that came and went over one session, as the router's BIRD counts them."""
    router = world.routers["fra"]
    text = router.run("/usr/sbin/birdc", "-s", router.folder / "bird.ctl", "show", "protocols", "all", protocol).stdout
    counts = {}
    for kind in ("updates", "withdraws"):
        found = re.search(rf"Import {kind}:\s+(\d+)", text)
        counts[kind] = int(found[1]) if found else 0
    return counts


def run(world):
    world.start(per_node={"fra": (FLAPPING,)})
    world.ready()
    node = world.nodes["fra"]
    failing = pathlib.Path(node.folder, "web-fails")
    before = {family: bgp_updates(world, f"node{family}") for family in (4, 6)}
    changes_before = node.service("web")["changes"]
    begun, wall, fails = time.monotonic(), time.time(), 0
    while time.monotonic() - begun < SECONDS:
        failing.touch()
        fails += 1
        time.sleep(PERIOD / 2)
        failing.unlink()
        time.sleep(PERIOD / 2)
    service = node.service("web")
    most = 1 + int(math.log2((time.monotonic() - begun) / HOLD + 1))
    print(f"  service web failed {fails} times in {SECONDS} s: {service['changes'] - changes_before} changes of its route, "
          f"{service['flaps']} flaps; now {service['detail']}: {service['reason']}")
    for i, family in enumerate((4, 6)):
        after = bgp_updates(world, f"node{family}")
        sent = {kind: after[kind] - before[family][kind] for kind in after}
        kernel = len(world.changes["fra"].seen(WEB[i], wall))
        print(f"  IPv{family}: BGP updates {sent['updates']}, withdrawals {sent['withdraws']} (at most {most} and {most + 1}); "
              f"changes in the router's kernel: {kernel}", flush=True)
        check.true(f"IPv{family}: it flapped at all", sent["withdraws"] >= 2, sent)
        check.true(f"IPv{family}: updates are bounded", sent["updates"] <= most, sent)
        check.true(f"IPv{family}: withdrawals are bounded", sent["withdraws"] <= most + 1, sent)
    check.true("service dns did not move", node.is_announced("dns"), node.service("dns"))
    check.equal("changes of service dns", node.service("dns")["changes"], 1)
