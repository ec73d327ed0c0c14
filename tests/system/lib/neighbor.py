# SPDX-License-Identifier: Apache-2.0
"""A router behind a cable: BIRD, or FRR, in a network namespace of its own, that takes routes over BGP (both families) and puts
them into its kernel's table; and that table watched as the kernel changes it, so that looking costs nothing."""
import ctypes
import ipaddress
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import sys
import time

import check
import netns

FRR = pathlib.Path("/usr/lib/frr")
FAMILIES = {"IPv4": 4, "IPv6": 6}

BIRD_CONF = """
router id 10.0.1.254;
protocol device { scan time 5; }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
protocol kernel { ipv6 { import none; export where source = RTS_BGP; }; }
protocol bgp a4 { local 10.0.1.254 as 65000; neighbor 10.0.1.1 as 65001; hold time 9; connect delay time 1; connect retry time 1;
	error wait time 1, 2; ipv4 { import all; export none; }; }
protocol bgp a6 { local fd00:1::fe as 65000; neighbor fd00:1::1 as 65001; hold time 9; connect delay time 1; connect retry time 1;
	error wait time 1, 2; ipv6 { import all; export none; }; }
"""

FRR_CONF = """
router bgp 65000
 bgp router-id 10.0.1.254
 no bgp ebgp-requires-policy
 neighbor 10.0.1.1 remote-as 65001
 neighbor 10.0.1.1 timers 3 9
 neighbor fd00:1::1 remote-as 65001
 neighbor fd00:1::1 timers 3 9
 address-family ipv4 unicast
  neighbor 10.0.1.1 activate
 exit-address-family
 address-family ipv6 unicast
  neighbor fd00:1::1 activate
 exit-address-family
exit
"""


def inside(holder, make):
    """make() with the network namespace of the process holder: a socket stays where it was made."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    other = os.open(f"/proc/{holder}/ns/net", os.O_RDONLY)
    try:
        if libc.setns(other, 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        return make()
    finally:
        libc.setns(own, 0)
        os.close(own)
        os.close(other)


class RouteWatch:
    """Routes of the kernel's main table in the namespace of a process: present, and when each came and went, on the monotonic
    clock and on the wall's."""

    def __init__(self, holder):
        self.present, self.gone_at, self.gone_wall, self.came_at, self.messages = set(), {}, {}, {}, 0
        self.socket = inside(holder, lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((0, 0x40 | 0x400))     # RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_ROUTE
        for family in ("-4", "-6"):
            done = subprocess.run(["nsenter", "-t", str(holder), "-n", "ip", family, "route", "show"], capture_output=True, text=True)
            self.present |= {line.split()[0].split("/")[0] for line in done.stdout.splitlines()}

    def close(self):
        self.socket.close()

    def read(self, seconds=0.0):
        if not select.select([self.socket], [], [], seconds)[0]:
            return
        while True:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return
            now, wall = time.monotonic(), time.time()
            while len(data) >= 16:
                length = int.from_bytes(data[0:4], sys.byteorder)
                self.take(int.from_bytes(data[4:6], sys.byteorder), data[16:length], now, wall)
                data = data[(length + 3) // 4 * 4:]

    def take(self, kind, body, now, wall):
        bits, table, at, to = body[1], body[4], 12, None
        while at + 4 <= len(body):
            length, type = int.from_bytes(body[at:at + 2], sys.byteorder), int.from_bytes(body[at + 2:at + 4], sys.byteorder)
            if type == 1:       # RTA_DST
                to = body[at + 4:at + length]
            at += (length + 3) // 4 * 4
        if to is None or table != 254 or bits != len(to) * 8:
            return
        name = str(ipaddress.ip_address(to))
        self.messages += 1
        if kind == 24:          # RTM_NEWROUTE
            if name not in self.present:
                self.came_at[name] = now
            self.present.add(name)
        elif kind == 25 and name in self.present:
            self.present.remove(name)
            self.gone_at[name], self.gone_wall[name] = now, wall

    def wait(self, what, fact, seconds=40):
        end = time.monotonic() + seconds
        self.read()
        while not fact(self):
            if time.monotonic() > end:
                return check.true(what, False, f"not within {seconds} s; there are {sorted(self.present)}")
            self.read(0.1)
        return check.true(what, True)


class Neighbor:
    """kind: bird or frr. The near end of the cable is up0 in the scenario's own namespace (netns.enter())."""

    def __init__(self, folder, kind="bird"):
        self.kind, self.folder = kind, folder / f"neighbor-{kind}"
        self.folder.mkdir()
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "1000"])
        self.daemons = []
        own = os.readlink("/proc/self/ns/net")
        check.wait_for("a namespace for the neighbor", lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own)
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n"]
        netns.ip("link", "add", "up0", "type", "veth", "peer", "name", "down0", "netns", str(self.holder.pid))
        for words in (["addr", "add", "10.0.1.1/24", "dev", "up0"], ["addr", "add", "fd00:1::1/64", "dev", "up0", "nodad"],
                      ["link", "set", "up0", "up"]):
            netns.ip(*words)
        for words in ("link set lo up", "addr add 10.0.1.254/24 dev down0", "addr add fd00:1::fe/64 dev down0 nodad",
                      "link set down0 up"):
            subprocess.run([*self.enter, "ip", *words.split()], check=True)
        self.socket = self.folder / "bird.ctl"
        self.start_bird() if kind == "bird" else self.start_frr()

    @staticmethod
    def has(kind):
        return bool(shutil.which("bird") and shutil.which("birdc")) if kind == "bird" else (FRR / "bgpd").exists()

    def launch(self, *command):
        self.daemons.append(subprocess.Popen([*self.enter, *(str(word) for word in command)],
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def start_bird(self):
        (self.folder / "bird.conf").write_text(BIRD_CONF)
        self.launch("bird", "-f", "-c", self.folder / "bird.conf", "-s", self.socket)

    def start_frr(self):
        """Its daemons run as user frr and will have it no other way."""
        (self.folder / "frr.conf").write_text(FRR_CONF)
        for path in (self.folder, *self.folder.parents):
            if path == pathlib.Path("/tmp"):
                break
            path.chmod(path.stat().st_mode | 0o055)
        sockets = self.folder / "sockets"
        sockets.mkdir()
        shutil.chown(sockets, "frr", "frr")
        common = ["-f", self.folder / "frr.conf", "-z", sockets / "zserv.api", "--vty_socket", sockets, "-A", "127.0.0.1", "-P", "0"]
        for name in ("zebra", "bgpd"):
            self.launch(FRR / name, "-i", sockets / f"{name}.pid", *common)
            if name == "zebra":
                check.wait_for("zebra is there", lambda: (sockets / "zserv.api").exists())

    def routes(self, *words):
        return subprocess.run(["birdc", "-s", self.socket, "show", "route", *words], capture_output=True, text=True).stdout

    def updates(self):
        """{"a4": (updates, withdraws)} received from the node since the session came up, whatever became of them."""
        done = subprocess.run(["birdc", "-s", self.socket, "show", "protocols", "all"], capture_output=True, text=True).stdout
        found = {}
        for part in re.split(r"\n(?=\w)", done):
            seen = re.search(r"Import updates:\s+(\d+).*?Import withdraws:\s+(\d+)", part, re.S)
            if part.startswith(("a4 ", "a6 ")) and seen:
                found[part[:2]] = (int(seen[1]), int(seen[2]))
        return found

    def watch(self):
        return RouteWatch(self.holder.pid)

    def close(self):
        for daemon in self.daemons:
            daemon.terminate()
        for daemon in self.daemons:
            daemon.wait()
        self.holder.kill()
        self.holder.wait()
        subprocess.run(["ip", "link", "del", "up0"], capture_output=True)
