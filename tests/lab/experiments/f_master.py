# SPDX-License-Identifier: Apache-2.0
"""The master is cut off from all nodes: a common cause, so everybody goes on serving and announcing.

The nodes follow it: their zone and their site came signed from its repository, told of each release by NOTIFY. Nothing of a node
may depend on its being there, not its checks, not its routes, not its answers, not a restart; and when it is back, the next
release is everywhere at once."""
import time

import check
from topology import DNS, SITES, WEB, Asking

WORLD = {"follow": True}
SECONDS = 8         # longer than the lease, the interval of looks and several rounds of all checks
WITHIN = 30


def serial(world, site):
    """What the node of a site answers to its clients."""
    with world.clients[site].inside():
        reply = world.nodes[site].ask("lab.example", "SOA", host=DNS[0], timeout=2)
    return reply.answer[0][0].serial if reply.answer else None


def release(world, what):
    """The next one, pushed; seconds from its end until the clients of all sites are answered from it."""
    master = world.master
    master.write_next()
    master.ok("release")
    begun, waiting = time.monotonic(), set(SITES)
    while waiting and time.monotonic() < begun + WITHIN:
        waiting -= {site for site in waiting if serial(world, site) == master.serial}
    check.equal(f"{what}: sites that have not got it", waiting, set())
    print(f"  {what}: release {master.serial} answered by all three nodes {time.monotonic() - begun:.2f} s after it was signed and "
          "told of", flush=True)


def cut_off(world):
    return [site for site in SITES if world.nodes[site].ctl("sync", "status")["last"]["result"] == "network"]


def run(world):
    world.start()
    world.ready()
    for site in SITES:
        world.master.enroll(world.nodes[site])
    release(world, "the master is there")
    changes = {site: world.nodes[site].service("dns")["changes"] for site in SITES}
    asking = {site: Asking(world.clients[site], DNS, 100) for site in SITES}
    wall = time.time()
    world.master.host.link("eth0", False)
    world.master.write_next()
    check.equal("a release that nobody hears of", world.master.run("release"), 1)
    check.wait_for("every node says that it is cut off", lambda: len(cut_off(world)) == len(SITES), WITHIN)
    # A node that starts again meanwhile starts from what it has.
    node = world.nodes["nyc"]
    node.kill()
    node.start()
    time.sleep(SECONDS)
    world.expect_nearest("the master is gone", 30)
    for site in SITES:
        check.wait_for(f"{site} announces", world.nodes[site].is_announced, 30)
        check.equal(f"{site}: changes of its route", world.nodes[site].service("dns")["changes"], 1 if site == "nyc" else changes[site])
        check.equal(f"{site}: answers", serial(world, site), world.master.serial - 1)
        for lane in asking[site].report():
            moved = [entry for entry in world.changes[site].seen(lane["address"], wall)]
            print(f"  master cut off for {time.time() - wall:.0f} s: clients of {site} at {lane['address']}: {lane['answered']} of "
                  f"{lane['sent']} answered, by {', '.join(lane['nodes'])}; changes of the route: {len(moved)}"
                  f"{' (nyc was killed and started meanwhile)' if site == 'nyc' else ''}", flush=True)
            if site != "nyc":
                check.equal(f"{site}: {lane['address']}: lost", lane["lost"], 0)
                check.equal(f"{site}: {lane['address']}: changes", len(moved), 0)
        for address in WEB:
            check.equal(f"{site}: redirects at {address}", (world.web(site, address) or ("nobody",))[:2],
                        (site, f"http://www-{site}.lab.example/hello.txt"))
    world.master.host.link("eth0", True)
    check.wait_for("nobody is cut off", lambda: not cut_off(world), WITHIN)
    release(world, "the master is back")
