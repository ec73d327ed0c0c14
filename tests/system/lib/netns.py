# SPDX-License-Identifier: Apache-2.0
"""A network namespace of the scenario's own, for those that change interfaces and routes: call enter() first."""
import ipaddress
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import check


def enter(tun=True):
    """Runs the scenario again inside of a new network namespace, with the loopback interface up; skips without the right."""
    if os.environ.get("CATCHMENT_NETNS") != "inside":
        if os.geteuid() != 0:
            check.skip("needs root: it makes a network namespace")
        if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0:
            check.skip("no network namespaces here")
        os.environ["CATCHMENT_NETNS"] = "inside"
        sys.stdout.flush()
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if tun and not pathlib.Path("/dev/net/tun").exists():
        check.skip("no /dev/net/tun here")


def ip(*words, want=0):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    check.equal(f"ip {' '.join(words)}", done.returncode, want)
    return done.stdout


def addresses(link):
    """{"192.0.2.53/32": entry} of an interface; empty when there is none of that name."""
    done = subprocess.run(["ip", "-j", "addr", "show", "dev", link], capture_output=True, text=True)
    if done.returncode != 0:
        return {}
    found = [entry for entry in json.loads(done.stdout) if entry]
    return {f"{a['local']}/{a['prefixlen']}": a for entry in found for a in entry.get("addr_info", [])}


def has_link(name):
    try:
        socket.if_nametoindex(name)
        return True
    except OSError:
        return False


class AddressWatch:
    """Addresses of one interface as the kernel tells them, with the time of each change: what a routing daemon sees."""

    def __init__(self, link):
        self.link = link
        self.present, self.gone_at, self.came_at, self.changes = set(), {}, {}, 0
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((0, 0x10 | 0x100))     # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
        self.present = set(addresses(link))
        self.index = socket.if_nametoindex(link) if has_link(link) else None

    def read(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return
            now = time.monotonic()
            while len(data) >= 16:
                length = int.from_bytes(data[0:4], sys.byteorder)
                self.take(int.from_bytes(data[4:6], sys.byteorder), data[16:length], now)
                data = data[(length + 3) // 4 * 4:]

    def take(self, kind, body, now):
        family, bits = body[0], body[1]
        index = int.from_bytes(body[4:8], sys.byteorder)
        if self.index is None and has_link(self.link):
            self.index = socket.if_nametoindex(self.link)
        if index != self.index:
            return
        at, address = 8, None
        while at + 4 <= len(body):
            length, type = int.from_bytes(body[at:at + 2], sys.byteorder), int.from_bytes(body[at + 2:at + 4], sys.byteorder)
            value = body[at + 4:at + length]
            if type == 2 or (type == 1 and address is None):    # IFA_LOCAL, IFA_ADDRESS
                address = value
            at += (length + 3) // 4 * 4
        name = f"{ipaddress.ip_address(address)}/{bits}"
        if kind == 20 and name not in self.present:     # RTM_NEWADDR
            self.present.add(name)
            self.came_at[name] = now
            self.changes += 1
        elif kind == 21 and name in self.present:       # RTM_DELADDR
            self.present.remove(name)
            self.gone_at[name] = now
            self.changes += 1

    def wait(self, what, fact, seconds=30):
        """Reads until fact(self) holds."""
        end = time.monotonic() + seconds
        while True:
            self.read()
            if fact(self):
                return True
            if time.monotonic() > end:
                return check.true(what, False, f"not within {seconds} s; there are {sorted(self.present)}")
            time.sleep(0.0005)

    def wait_empty(self, what="everything is withdrawn", seconds=30):
        self.wait(what, lambda watch: not watch.present, seconds)
        return max(self.gone_at.values(), default=None)


def median(values):
    values = sorted(values)
    return values[len(values) // 2] if values else None
