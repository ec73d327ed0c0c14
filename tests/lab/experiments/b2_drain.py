# SPDX-License-Identifier: Apache-2.0
"""A drain under 20,000 queries a second loses none: withdrawn at once, and with lower preference first.

10,000 over each family, from one site's clients, while their node drains and comes back. A release build, where the
environment names one (CATCHMENT_RELEASE_BIN)."""
import time

import check
import net
from topology import DNS, SERVICES, Asking

RELEASE = True
RATE = 10000        # of each family
GENTLE = SERVICES.replace("drain: 1s", "deprefer: 1s, drain: 1s")


def drain_once(world, what):
    node = world.nodes["fra"]
    asking = Asking(world.clients["fra"], DNS, RATE, 3000)
    time.sleep(1)
    at, wall = time.monotonic(), time.time()
    done = node.ctl_run("drain", "dns")
    took = time.monotonic() - at
    check.equal("drain", done.returncode, 0)
    check.true("the clients have moved", net.wait_until(lambda: all(world.who("fra", one) == "ams" for one in DNS), 10))
    time.sleep(0.5)
    check.equal("undrain", node.ctl_run("undrain", "dns").returncode, 0)
    check.true("the clients are back", net.wait_until(lambda: all(world.who("fra", one) == "fra" for one in DNS), 20))
    time.sleep(0.5)
    total = 0
    for lane in asking.report():
        family = 6 if ":" in lane["address"] else 4
        moved = next((one["from"] for one in lane["segments"] if one["node"] == "ams"), at) - at
        rate = lane["sent"] / lane["seconds"]
        total += rate
        changed = [round((one[0] - wall) * 1000) for one in world.changes["fra"].seen(lane["address"], wall)]
        print(f"  {what}: IPv{family}: {lane['sent']} queries at {rate:.0f}/s, lost {lane['lost']}, median {lane['median_us']} us, "
              f"99 % {lane['p99_us']} us; first answer of ams {moved * 1000:.0f} ms after the order, drain took {took:.2f} s; "
              f"router's changes at {changed} ms", flush=True)
        check.equal(f"{what}: IPv{family}: lost", lane["lost"], 0)
        check.true(f"{what}: IPv{family}: both nodes answered", set(lane["nodes"]) == {"fra", "ams"}, lane["nodes"])
    print(f"  {what}: {total:.0f} queries a second in all")
    check.true(f"{what}: the rate was reached", total > 2 * RATE * 0.9, total)


def run(world):
    world.start(per_node={"ams": (SERVICES,), "fra": (SERVICES,)})
    world.ready()
    drain_once(world, "drain")
    node = world.nodes["fra"]
    node.configure(GENTLE)
    node.stop()
    node.start()
    world.expect_nearest("gentle", 60)
    check.wait_for("announces", node.is_announced, 60)
    drain_once(world, "drain, lower preference first")
