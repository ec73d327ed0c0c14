# SPDX-License-Identifier: Apache-2.0
"""Every client reaches its nearest node, and when that leaves the next one, as the routers' metrics say."""
import check
from topology import DNS, ORDER, SITES, WEB


def tell(world, what):
    for site in SITES:
        print(f"  {what}: clients of {site}: dns {' '.join(str(world.who(site, address)) for address in DNS)}, "
              f"web {' '.join(str((world.web(site, address) or ('nobody',))[0]) for address in WEB)}")


def run(world):
    world.start()
    print(f"  all up: nearest node for everybody {world.ready():.1f} s after the routing daemons' start")
    tell(world, "all up")
    for i, site in enumerate(SITES, 1):
        for family, address in enumerate(WEB):
            node, location, status = world.web(site, address)
            want = (f"10.{i}.2.2", f"[fd00:{i}:2::2]")[family]
            check.equal(f"{site}: redirect at {address}", (node, location, status), (site, f"http://{want}/hello.txt", "302"))
    for site in SITES:
        for first in ORDER[site][:2]:
            check.equal(f"drain {first}", world.nodes[first].ctl_run("drain").returncode, 0)
        world.expect_nearest(f"without {ORDER[site][:2]}", 20, DNS, {one: ORDER[site][2] for one in SITES})
        check.equal(f"undrain {ORDER[site][1]}", world.nodes[ORDER[site][1]].ctl_run("undrain").returncode, 0)
        world.expect_nearest(f"without {site}", 20, DNS, {site: ORDER[site][1]})
        tell(world, f"without {site}")
        world.nodes[site].ctl_run("undrain")
    world.expect_nearest("all again", 20)
