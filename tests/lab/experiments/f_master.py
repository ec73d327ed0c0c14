# SPDX-License-Identifier: Apache-2.0
"""The master is cut off from all nodes: a common cause, so everybody goes on serving and announcing.

Nothing of a node may depend on its master being there: not its checks, not its routes, not its answers, not a restart."""
import time

import check
import net
from topology import DNS, SITES, WEB, Asking

SECONDS = 8         # longer than the lease and several rounds of all checks


def run(world):
    world.start()
    world.ready()
    master = world.lab.hosts["master"]
    check.true("the master is reached at first", reaches(world))
    changes = {site: world.nodes[site].service("dns")["changes"] for site in SITES}
    asking = {site: Asking(world.clients[site], DNS, 100) for site in SITES}
    wall = time.time()
    master.link("eth0", False)
    time.sleep(SECONDS / 2)
    check.true("the master is not reached", not reaches(world))
    # A node that starts again meanwhile starts from what it has.
    node = world.nodes["nyc"]
    node.kill()
    node.start()
    time.sleep(SECONDS / 2)
    world.expect_nearest("the master is gone", 30)
    for site in SITES:
        check.wait_for(f"{site} announces", world.nodes[site].is_announced, 30)
        check.equal(f"{site}: changes of its route", world.nodes[site].service("dns")["changes"], 1 if site == "nyc" else changes[site])
        for lane in asking[site].report():
            moved = [entry for entry in world.changes[site].seen(lane["address"], wall)]
            print(f"  master cut off for {time.time() - wall:.0f} s: clients of {site} at {lane['address']}: {lane['answered']} of "
                  f"{lane['sent']} answered, by {', '.join(lane['nodes'])}; changes of the route: {len(moved)}"
                  f"{' (nyc was killed and started meanwhile)' if site == 'nyc' else ''}", flush=True)
            if site != "nyc":
                check.equal(f"{site}: {lane['address']}: lost", lane["lost"], 0)
                check.equal(f"{site}: {lane['address']}: changes", len(moved), 0)
        check.equal(f"{site}: redirects", (world.web(site, WEB[0]) or ("nobody",))[0], site)
    master.link("eth0", True)
    check.wait_for("the master is reached again", lambda: reaches(world), 10)


def reaches(world):
    with world.nodes["fra"].host.inside():
        import socket
        try:
            with socket.create_connection(("10.2.4.2", 80), timeout=1):
                return True
        except OSError:
            return False
