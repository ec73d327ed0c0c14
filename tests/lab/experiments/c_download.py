# SPDX-License-Identifier: Apache-2.0
"""A download that began with a redirect goes on while the anycast route moves; from the anycast address itself it breaks.

The same file of 200 MB, to the same client, at the same time: once by way of the redirect, from the content server's own
address; once straight from a web server that listens at the anycast address on every node. Then the node is withdrawn."""
import hashlib
import subprocess
import threading
import time

import check
import net
from topology import DNS, SITES, WEB

MEGABYTE = 1 << 20
SIZE = 200 * MEGABYTE
RATE = "45m"        # a second, of each download
STRAIGHT_PORT = 8080


def write_file(path):
    """No two of its megabytes are alike."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        block = hashlib.shake_256(b"catchment").digest(MEGABYTE - 32)
        for i in range(SIZE // MEGABYTE):
            piece = hashlib.sha256(str(i).encode()).digest() + block
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


class Download(threading.Thread):
    """curl in a host; its output is counted and digested as it comes."""

    def __init__(self, host, *words):
        super().__init__(daemon=True)
        self.size, self.digest = 0, hashlib.sha256()
        self.process = subprocess.Popen(host.command(["curl", "-sS", "--max-time", "60", *words]), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.start()

    def run(self):
        while piece := self.process.stdout.read1(MEGABYTE):
            self.digest.update(piece)
            self.size += len(piece)
        self.error = self.process.stderr.read().decode().strip()
        self.code = self.process.wait()


def move_during(world, family):
    address, host = WEB[family], WEB[family] if family == 0 else f"[{WEB[family]}]"
    client, node = world.clients["fra"], world.nodes["fra"]
    redirected = Download(client, "-L", "--resolve", f"dl.lab.example:80:{host}", "http://dl.lab.example/large.bin")
    straight = Download(client, f"http://{host}:{STRAIGHT_PORT}/large.bin")
    name = f"IPv{6 if family else 4}"
    check.wait_for(f"{name}: both downloads run", lambda: min(redirected.size, straight.size) > 10 * MEGABYTE, 20)
    sizes = redirected.size, straight.size
    began = time.monotonic()
    node.ctl_run("withdraw")
    moved = net.wait_until(lambda: world.who("fra", DNS[family]) == "ams", 10)
    took = time.monotonic() - began
    check.true(f"{name}: the route moved while the downloads ran", moved and redirected.is_alive())
    print(f"  {name}: route moved to ams after {took:.2f} s, at {sizes[0] / MEGABYTE:.0f} MiB of the redirected download and "
          f"{sizes[1] / MEGABYTE:.0f} MiB of the other")
    for download in (redirected, straight):
        download.join(60)
    print(f"  {name}: redirected to this node's own address: {redirected.size / MEGABYTE:.1f} MiB, curl says {redirected.code}, "
          f"sha256 {'equal' if redirected.digest.hexdigest() == world.digest else 'DIFFERENT'}")
    print(f"  {name}: from the anycast address:               {straight.size / MEGABYTE:.1f} MiB, curl says {straight.code} "
          f"({straight.error})", flush=True)
    check.equal(f"{name}: the redirected download is whole", (redirected.code, redirected.size, redirected.digest.hexdigest()),
                (0, SIZE, world.digest))
    check.true(f"{name}: the other one breaks", straight.code != 0 and straight.size < SIZE, (straight.code, straight.size))
    node.ctl_run("undrain")
    world.expect_nearest("back again", 20)
    check.wait_for("the web is announced again", node.is_announced, 30)


def run(world):
    world.digest = write_file(world.content / "large.bin")
    world.rate = RATE
    world.start()
    world.ready()
    for site in SITES:
        world.start_content(world.lab.hosts[site], site, WEB, RATE, STRAIGHT_PORT)
    for family in range(2):
        check.wait_for("the web server at the anycast address", lambda: world.web("fra", WEB[family]), 10)
        move_during(world, family)
