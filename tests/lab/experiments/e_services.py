# SPDX-License-Identifier: Apache-2.0
"""Two services on one node fail separately; covering prefixes follow all or any of them; a local node is not seen outside.

192.0.2.0/24 is announced while any of dns and web is, 2001:db8::/48 while both are (RFC 4786, 4.8). Service near has scope
local: the site's own router hears of it, the next one does not (4.4.6)."""
import pathlib
import subprocess

import check
import net
from topology import DNS, QUICK, SERVICES, SITES, WEB

ANY, ALL, NEAR = "192.0.2.0/24", "2001:db8::/48", "203.0.113.53"
REST = "192.0.2.99"     # of ANY, and no service
HERE = SERVICES + f"""\
  - {{name: near, addresses: [{NEAR}], checks: [dns], scope: local, {QUICK}}}
  covering:
  - {{prefix: {ANY}, any-of: [dns, web]}}
  - {{prefix: '{ALL}', all-of: [dns, web]}}
"""
THERE = HERE.split("  - {name: near", 1)[0] + "  covering" + HERE.split("  covering", 1)[1]


def port(world, site, prefix):
    """The port of the site's router that a prefix leads to, or None."""
    text = net.ip("-6" if ":" in prefix else "-4", "route", "show", prefix, host=world.routers[site])
    words = text.split()
    return words[words.index("dev") + 1] if "dev" in words else None


def table(world, what):
    prefixes = (*DNS, *WEB, ANY, ALL, NEAR)
    print(f"  {what}: " + "  ".join(f"{prefix} -> {port(world, 'fra', prefix)}" for prefix in prefixes), flush=True)


def leads(world, what, **wanted):
    """wanted: what leads to the node, what to the next site (core2), what nowhere; as seen in fra's router."""
    for where, prefixes in wanted.items():
        want = None if where == "nowhere" else where
        for prefix in prefixes:
            check.true(f"{what}: {prefix} leads to {where}", net.wait_until(lambda: port(world, "fra", prefix) == want, 15),
                       port(world, "fra", prefix))
    table(world, what)


def asks(world, site, address):
    with world.clients[site].inside():
        done = subprocess.run(["dig", "+short", "+tries=1", "+time=1", f"@{address}", "id.server", "CH", "TXT"],
                              capture_output=True, text=True)
    return done.stdout.strip().strip('"')


def rest_leads(world, what, device):
    """What no service has of the prefix ANY: into the node while it announces the prefix, to the other nodes while it does not."""
    fact = lambda: net.ip("route", "get", REST, host=world.nodes["fra"].host)
    check.true(f"{what}: at fra {REST} leads to {device}", net.wait_until(lambda: f"dev {device} " in fact() + " ", 10), fact())


def run(world):
    world.start(HERE, {site: (THERE,) for site in SITES[1:]})
    world.ready()
    node = world.nodes["fra"]
    failing = pathlib.Path(node.folder, "web-fails")
    leads(world, "all well", node=(*DNS, *WEB, ANY, ALL, NEAR))
    rest_leads(world, "all well", "any0")
    check.equal("near answers inside", asks(world, "fra", NEAR), "fra")
    check.equal("near is not in the next router", port(world, "ams", NEAR), None)
    check.true("near does not answer outside", asks(world, "ams", NEAR) in ("", ";; no servers could be reached")
               or "timed out" in asks(world, "ams", NEAR))
    print(f"  scope local: {NEAR} in the router of fra: {port(world, 'fra', NEAR)}, of ams: {port(world, 'ams', NEAR)}, "
          f"of nyc: {port(world, 'nyc', NEAR)}")
    failing.touch()
    leads(world, "web fails at fra", node=(*DNS, ANY, NEAR), core2=(*WEB, ALL))
    check.equal("clients of fra: dns", world.who("fra"), "fra")
    check.equal("clients of fra: web", (world.web("fra") or ("nobody",))[0], "ams")
    node.ctl_run("withdraw", "dns")
    leads(world, "dns withdrawn as well", node=(NEAR,), core2=(*DNS, *WEB, ANY, ALL))
    rest_leads(world, "dns withdrawn as well", "eth0")
    failing.unlink()
    leads(world, "web works again", node=(*WEB, ANY, NEAR), core2=(*DNS, ALL))
    node.ctl_run("undrain", "dns")
    leads(world, "all well again", node=(*DNS, *WEB, ANY, ALL, NEAR))
