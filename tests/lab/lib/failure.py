# SPDX-License-Identifier: Apache-2.0
"""What can happen to a node, and what it costs its clients: they ask at a steady rate, over IPv4 and IPv6, while it fails.

The outage is counted from the failure to the last query that was lost; the route from the failure to the change in the
site's router."""
import signal
import subprocess
import time

import check
import net
from halt import Halted, threads
from topology import DNS, Asking

RATE = 200
LEASE = 5


class Failure:
    """name, what makes it, what mends it, and within how many seconds the clients must have moved on."""

    def __init__(self, name, make, mend, within, lossless=False):
        self.name, self.make, self.mend, self.within, self.lossless = name, make, mend, within, lossless


def sign(node, seconds):
    """The node's zone, signed so that its signatures expire in so many seconds, is loaded."""
    folder = node.folder
    if not list(folder.glob("Klab.example*.private")):
        subprocess.run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "lab.example"], cwd=folder, check=True, capture_output=True)
    key = next(folder.glob("Klab.example*.private")).stem
    plain = folder / "plain.zone"
    serial = int(time.time())
    plain.write_text((folder / "lab.example.zone.unsigned").read_text().replace("hostmaster 1 ", f"hostmaster {serial} "))
    until = time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + seconds))
    since = time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() - 3600))
    subprocess.run(["ldns-signzone", "-i", since, "-e", until, "-f", "signed.zone", "plain.zone", key], cwd=folder, check=True,
                   capture_output=True)
    node.write("lab.example.zone", (folder / "signed.zone").read_text())
    done = node.ctl_run("zone", "reload", "lab.example")
    if done.returncode != 0:
        check.fail("the signed zone is loaded", done.stderr)
    return until


def failures(world, node):
    state = {}

    def restart():
        node.start()

    def expire():
        (node.folder / "lab.example.zone.unsigned").write_text((node.folder / "lab.example.zone").read_text())
        sign(node, 3)
        # It has failed when the second is over.
        end = int(time.time()) + 3
        while time.time() < end:
            time.sleep(0.01)

    def renew():
        sign(node, 30 * 86400)

    def halt():
        # LeakSanitizer and we would both trace; the thread is let go before the node ends.
        state["halted"] = Halted(threads(node.process.pid, "worker")[0])

    def stop_routing():
        for process in node.routing_processes:
            process.send(signal.SIGSTOP)

    def go_on_routing():
        for process in node.routing_processes:
            process.send(signal.SIGCONT)

    return [
        Failure("SIGKILL", node.kill, restart, 2),
        Failure("SIGSTOP", lambda: node.signal(signal.SIGSTOP), lambda: node.signal(signal.SIGCONT), LEASE + 2),
        Failure("drain", lambda: node.ctl_run("drain"), lambda: node.ctl_run("undrain"), 2, lossless=True),
        Failure("failed zone (RRSIGs expire)", expire, renew, 6),
        Failure("dead worker", halt, lambda: state.pop("halted").let_go(), LEASE + 3),
        Failure("pulled cable", lambda: node.host.link("eth0", False), lambda: node.host.link("eth0", True), 5),
        Failure("killed routing daemon", lambda: node.stop_routing(signal.SIGKILL), node.start_routing, 3),
        Failure("stopped routing daemon (3 s)", stop_routing, go_on_routing, 6),
    ]


def route_gone(world, site, prefix, since):
    seen = world.changes[site].seen(prefix, since)
    return f"{(seen[0][0] - since) * 1000:.0f} ms" if seen else "not seen"


def show(world, site, failure):
    asking = Asking(world.clients[site], DNS, RATE)
    time.sleep(0.4)
    at, wall = time.monotonic(), time.time()
    failure.make()
    made = time.monotonic()
    if "zone" in failure.name:
        at, wall = made, time.time()
    moved = net.wait_until(lambda: all(world.who(site, address) not in (site, None) for address in DNS), failure.within + 15, 0.1)
    time.sleep(0.5)
    report = asking.report()
    check.true(f"{failure.name}: the clients of {site} move on", moved)
    for lane, prefix in zip(report, DNS):
        outage = max(0.0, lane.get("last_lost", at) - at)
        family = "IPv6" if ":" in lane["address"] else "IPv4"
        print(f"  {failure.name:30} {family}  outage {outage:6.3f} s  lost {lane['lost']:4} of {lane['sent']:5}  "
              f"route changed after {route_gone(world, site, prefix, wall):>8}  answered by {', '.join(lane['nodes'])}", flush=True)
        check.true(f"{failure.name}: {family}: the outage is over within {failure.within} s", outage < failure.within, str(outage))
        check.equal(f"{failure.name}: {family}: nothing answered from elsewhere", lane["strange"], 0)
        if failure.lossless:
            check.equal(f"{failure.name}: {family}: lost", lane["lost"], 0)
    failure.mend()
    world.expect_nearest(f"after {failure.name}", 40)
    check.wait_for(f"after {failure.name}: {site} announces both again", lambda: world.nodes[site].is_announced(), 30)
