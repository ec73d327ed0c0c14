# SPDX-License-Identifier: Apache-2.0
"""The route is gone, but what still comes is answered: the address stays on the loopback interface.

The router's BIRD is stopped, so that its kernel goes on sending packets to a node that has withdrawn: the state of every
router that has not heard yet."""
import signal
import time

import check
import net
from topology import DNS, WEB, Asking


def addresses(host, port):
    return net.ip("-br", "address", "show", "dev", port, host=host)


def run(world):
    world.start()
    world.ready()
    node, host, router = world.nodes["fra"], world.lab.hosts["fra"], world.routers["fra"]
    before = addresses(host, "any0")
    leases = net.ip("address", "show", "dev", "any0", host=host)
    check.true("the carrier holds both families", all(address in before for address in DNS), before)
    check.true("with a lifetime", "valid_lft forever" not in leases and "valid_lft" in leases, leases)
    print("  announced: any0 has " + " ".join(word for word in before.split() if word.startswith(("192", "2001"))))
    asking = Asking(world.clients["fra"], DNS, 200)
    router.bird.send(signal.SIGSTOP)
    time.sleep(0.5)
    check.equal("withdraw", node.ctl_run("withdraw").returncode, 0)
    after = addresses(host, "any0")
    check.true("the carrier is empty", not any(address in after for address in DNS + WEB), after)
    check.true("the loopback interface is not", all(address in addresses(host, "lo") for address in DNS + WEB))
    time.sleep(1.5)
    for address in DNS:
        route = net.ip("route", "get", address, host=router)
        check.has("the router has not heard", route, "dev node")
    web = world.web("fra")
    check.equal("a late request is answered by the node that has withdrawn", web and web[0], "fra")
    for lane in asking.report():
        family = 6 if ":" in lane["address"] else 4
        print(f"  withdrawn, and the router's old route goes on: IPv{family}: {lane['answered']} of {lane['sent']} answered, by "
              f"{', '.join(lane['nodes'])}", flush=True)
        check.equal(f"IPv{family}: lost", lane["lost"], 0)
        check.equal(f"IPv{family}: all by this node", list(lane["nodes"]), ["fra"])
    router.bird.send(signal.SIGCONT)
    world.expect_nearest("the router has heard", 30, want={"fra": "ams"})
    print(f"  the router goes on: clients of fra are answered by {world.who('fra')}")
