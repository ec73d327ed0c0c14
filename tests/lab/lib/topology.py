# SPDX-License-Identifier: Apache-2.0
"""Three sites in a row, each with a router, an anycast node, a content server and clients; and the master's host.

Between the routers runs BGP (each site an AS of its own) or OSPF; the node's own routing daemon runs what `catchmentctl
announce config` prints and nothing else. Addresses: site I has 10.I.L.0/24 and fd00:I:L::/64, where L is 1 to the node, 2 to
the content server, 3 to the clients; the router is .1 and its peer .2. Router A and B meet in 10.0.AB.0/24."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import string
import subprocess
import threading
import time

import check
import net
from master import ADDRESS, NOTIFY_PORT, Master
from node import BIN, TOP, Node

DNS = ("192.0.2.53", "2001:db8::53")
WEB = ("192.0.2.80", "2001:db8::80")
SITES = ("fra", "ams", "nyc")
# Which nodes a client of a site meets, the nearest first: by hops, and between equal ones as the routers prefer.
ORDER = {"fra": ("fra", "ams", "nyc"), "ams": ("ams", "fra", "nyc"), "nyc": ("nyc", "ams", "fra")}
CORE = ((1, 2), (2, 3))
FRR = pathlib.Path("/usr/lib/frr")
PACE = "interval: 500ms, timeout: 450ms, rise: 2, fall: 3"
QUICK = f"{PACE}, hold-down: 1s, minimum-up: 0s, drain: 1s"

PICTURE = r"""
          192.0.2.53, 2001:db8::53 (dns)   192.0.2.80, 2001:db8::80 (web): announced by each node that works

        fra                          ams                          nyc            nodes: catchmentd, $daemon, nginx
         | 10.1.1.2                   | 10.2.1.2                   | 10.3.1.2
  www-fra|                     www-ams|      master         www-nyc|             content: nginx, unicast only
 10.1.2.2|\                   10.2.2.2|\    / 10.2.4.2     10.3.2.2|\
        r-fra ------------------- r-ams ------------------- r-nyc               routers: BIRD 2, $between
         |        10.0.12.0/24        |      10.0.23.0/24        |
       c-fra                        c-ams                      c-nyc             clients
      10.1.3.2                     10.2.3.2                   10.3.3.2           (IPv6: fd00:SITE:LINK::2)
"""

NODE_CONFIG = """\
node: {name: ${name}}
state-dir: ${state}
control-socket: ${socket}
user: nobody
workers: 2
log: {level: info}
dns: {listen: [192.0.2.53@53, "2001:db8::53@53", 203.0.113.53@53, ${unicast}@53]}
redirect: {listen: [192.0.2.80@80, "2001:db8::80@80"]}
${content}
anycast:
  carrier: any0
  low-carrier: any0-low
  lease: 5s
  loopback-interface: ${home}
${services}
  routing:
    router-id: ${unicast}
    local-as: ${as}
${routing}
"""

# What the node serves: files of its own, or what the master signed.
FILES = """\
zones: [{name: lab.example, file: ${dir}/lab.example.zone}]
sites:
- hosts: [dl.lab.example]
  targets:
  - {url: "http://${content4}", family: ipv4}
  - {url: "http://[${content6}]", family: ipv6}"""
FOLLOWS = """\
tsig-keys: [{name: push.lab, secret-file: ${push_key}}]
sync:
  url: http://${master}/
  root: ${root}
  interval: 5s
  notify: {listen: ["${unicast}@${notify}"], tsig-key: push.lab}
  when-stale: serve"""

# One map for all nodes: each sends its clients to the content server beside it.
SITE_MAP = """\
sites:
- hosts: [dl.lab.example]
  targets: [{url: "http://www-{node}.lab.example"}]
"""

ZONE = """\
$ORIGIN lab.example.
$TTL 60
@ SOA ns hostmaster $serial 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
ns AAAA 2001:db8::53
www A 192.0.2.80
www AAAA 2001:db8::80
dl A 192.0.2.80
dl AAAA 2001:db8::80
""" + "".join(f"www-{site} A 10.{i}.2.2\nwww-{site} AAAA fd00:{i}:2::2\n" for i, site in enumerate(SITES, 1))

SERVICES = f"""\
  services:
  - {{name: dns, addresses: [192.0.2.53, '2001:db8::53'], checks: [dns, zones], zones: [lab.example], {QUICK}}}
  - {{name: web, addresses: [192.0.2.80, '2001:db8::80'], checks: [http, redirect, 'exec:$dir/web-works'], {QUICK}}}
"""

ROUTER_HEAD = """\
log "{folder}/bird.log" all;
router id 10.{i}.0.1;
debug protocols {{ states }};
protocol device {{ scan time 5; }}
protocol direct {{ ipv4; ipv6; interface "*"; }}
protocol kernel {{ ipv4 {{ import none; export where source ~ [{sources}]; }}; }}
protocol kernel {{ ipv6 {{ import none; export where source ~ [{sources}]; }}; }}
filter from_node {{
	if (65535, 0) ~ bgp_community then bgp_local_pref = 0;	# GRACEFUL_SHUTDOWN, RFC 8326
	accept;
}}
# Between the sites: another site's route is preferred by its hops, then by this, so that there is one order.
filter from_west {{ if (65535, 0) ~ bgp_community then bgp_local_pref = 0; bgp_med = 10; accept; }}
filter from_east {{ if (65535, 0) ~ bgp_community then bgp_local_pref = 0; bgp_med = 20; accept; }}
"""

ROUTER_BGP = """\
protocol bgp {name}{family} {{
	local {local} as {as_here};
	neighbor {remote} as {as_there};
	hold time 9;
	graceful restart off;
	connect delay time 1;
	connect retry time 1;
	error wait time 1, 2;
	med metric on;
	ipv{family} {{ import filter {filter}; export {export}; }};
}}
"""

NGINX = """\
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 64; }}
http {{
	access_log off;
	client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
	uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
	server {{ {listen} root {root}; add_header X-Content {name}; limit_rate {rate}; }}
}}
"""


def missing():
    """Why this cannot run here, or None."""
    for program in ("bird", "birdc", "nginx"):
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"no {program}"
    for file in (BIN / "catchmentd", BIN / "catchmentctl"):
        if not file.exists():
            return f"no {file}"
    if not ask_program().exists():
        return f"no {ask_program()}: build with CATCHMENT_TESTS"
    return net.missing()


def ask_program():
    return pathlib.Path(os.environ.get("CATCHMENT_LAB_ASK") or BIN / "tests" / "lab_ask")


def zone_text(serial):
    return string.Template(ZONE).safe_substitute(serial=serial)


class LabNode(Node):
    """catchmentd in a host, with its routing daemon."""

    def __init__(self, world, host, site, daemon, env=None):
        self.world, self.host, self.site, self.daemon = world, host, site, daemon
        i = SITES.index(site) + 1
        self.i = i
        super().__init__(template=None, bin=world.bin, folder=host.folder, wrap=host.command([]), env=env, dns=53, http=80, name=site,
                         unicast=f"10.{i}.1.2", content4=f"10.{i}.2.2", content6=f"fd00:{i}:2::2", home="lo" if daemon == "bird" else "any0-home",
                         **{"as": 65000 + i})
        self.write("lab.example.zone", zone_text(1))
        self.write("web-works", f"#!/bin/sh\nif [ -e {self.folder}/web-fails ]; then echo told so; exit 1; fi\n").chmod(0o755)
        self.routing_processes = []
        self.configure()

    def configure(self, services=SERVICES, more=""):
        """Writes the configuration; it counts from the next start on."""
        i = self.i
        routing = (f"    neighbors: [{{address: 10.{i}.1.1, as: {64500 + i}}}, {{address: 'fd00:{i}:1::1', as: {64500 + i}}}]\n"
                   "    hold-time: 3s\n") if self.world.between == "BGP" else "    ospf-interfaces: [eth0]\n"
        master = self.world.master
        content = string.Template(FOLLOWS if master else FILES).safe_substitute(
            self.values, **({"root": master.root, "push_key": master.push_key, "master": ADDRESS, "notify": NOTIFY_PORT} if master else {}))
        self.values.update(content=content, services=string.Template(services.rstrip("\n")).safe_substitute(self.values), routing=routing + more)
        self.write_config(NODE_CONFIG)

    def start(self, *args, seconds=90):
        return super().start(*args, seconds=seconds)

    def start_routing(self):
        printed = self.ctl("announce", "config", self.daemon).get("text", "")
        if self.daemon == "bird":
            self.write("catchment.conf", printed)
            self.write("bird.conf", f'log "{self.folder}/bird.log" all;\ndebug protocols {{ states }};\n'
                                    f'include "{self.folder}/catchment.conf";\n')
            command = ["/usr/sbin/bird", "-f", "-c", self.folder / "bird.conf", "-s", self.folder / "bird.ctl"]
            self.routing_processes = [self.host.start("bird", *command)]
            return
        self.write("frr.conf", printed)
        # FRR's daemons run as user frr and will have it no other way.
        sockets = self.folder / "frr"
        sockets.mkdir(exist_ok=True)
        shutil.chown(sockets, "frr", "frr")
        common = ["-f", self.folder / "frr.conf", "-z", sockets / "zserv.api", "--vty_socket", sockets, "-A", "127.0.0.1", "-P", "0",
                  "--log", "stdout"]
        for name in ("zebra", "bgpd"):
            self.routing_processes.append(self.host.start(name, FRR / name, *common, "-i", sockets / f"{name}.pid"))
            net.wait_until((sockets / "zserv.api").exists, 10)

    def stop_routing(self, number=signal.SIGTERM):
        for process in reversed(self.routing_processes):
            process.end(number)
        self.routing_processes = []

    def kill(self):
        """SIGKILL; the exit code is no surprise."""
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.check_sanitizers()
        self.process = None

    def service(self, name):
        return next((one for one in self.ctl("status").get("services", []) if one["name"] == name), {})

    def is_announced(self, *names):
        return all(self.service(name).get("route") == "announced" for name in names or ("dns", "web"))


    def __exit__(self, *_):
        raise NotImplementedError("the world ends its nodes")


class Asking:
    """lab_ask, running; report() ends it."""

    def __init__(self, host, addresses, rate=200, wait_ms=1500):
        self.popen = subprocess.Popen(host.command([ask_program(), "-r", rate, "-w", wait_ms, *addresses]), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, text=True)
        time.sleep(0.3)

    def report(self):
        self.popen.send_signal(signal.SIGTERM)
        out, _ = self.popen.communicate(timeout=60)
        return json.loads(out)


class Changes:
    """What a router's kernel was told about routes, with times (s, of time.time())."""
    LINE = re.compile(r"^\[([^\]]+)\] (Deleted )?(?:unicast |unreachable )?(\S+)")

    def __init__(self, host):
        self.process = host.start("monitor", "ip", "-ts", "monitor", "route")
        self.begun = time.time()

    def seen(self, prefix, since=0.0):
        """[(time, "gone" or the line)] of one prefix."""
        found = []
        for line in self.process.log().splitlines():
            match = self.LINE.match(line)
            if match and match[3] == prefix:
                date, _, fraction = match[1].partition(".")
                at = time.mktime(time.strptime(date, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")
                if at >= since:
                    found.append((at, "gone" if match[2] else line))
        return found


class World:
    def __init__(self, folder, between="BGP", daemon="bird", bin=None, follow=False):
        """follow: the nodes' zone and site come from the master, signed, not from files of theirs."""
        self.between, self.daemon, self.bin, self.master = between, daemon, bin or BIN, None
        self.lab = net.Lab(folder)
        self.folder = self.lab.folder
        self.content = self.folder / "content"
        self.content.mkdir()
        (self.content / "hello.txt").write_text("hello\n")
        self.rate = "0"     # of downloads from the content servers, as nginx has it
        self.routers, self.nodes, self.clients, self.contents, self.changes = {}, {}, {}, {}, {}
        self.lay_out()
        if follow:
            self.master = Master(self.lab.hosts["master"])

    # -- building ---------------------------------------------------------------------------------------------------

    def lay_out(self):
        lab = self.lab
        for i, site in enumerate(SITES, 1):
            router = self.routers[site] = lab.host(f"r-{site}", forwards=True)
            # The default route of a node goes to the router; its service addresses are on its loopback interface.
            for link, port, host in ((1, "node", lab.host(site)), (2, "content", lab.host(f"www-{site}")),
                                     (3, "clients", lab.host(f"c-{site}"))):
                self.join(router, port, host, f"10.{i}.{link}", f"fd00:{i}:{link}::")
            self.contents[site], self.clients[site] = lab.hosts[f"www-{site}"], lab.hosts[f"c-{site}"]
        self.join(self.routers["ams"], "master", lab.host("master"), "10.2.4", "fd00:2:4::")
        for a, b in CORE:
            router_a, router_b = self.routers[SITES[a - 1]], self.routers[SITES[b - 1]]
            lab.cable(router_a, f"core{b}", [f"10.0.{a}{b}.{a}/24", f"fd00:0:{a}{b}::{a}/64"],
                      router_b, f"core{a}", [f"10.0.{a}{b}.{b}/24", f"fd00:0:{a}{b}::{b}/64"])

    def join(self, router, port, host, net4, net6):
        self.lab.cable(router, port, [f"{net4}.1/24", f"{net6}1/64"], host, "eth0", [f"{net4}.2/24", f"{net6}2/64"])
        self.lab.default_route(host, f"{net4}.1", f"{net6}1")

    def start(self, services=SERVICES, per_node=None):
        """Everything, until each site's clients are answered by their own node. per_node: SITE -> (services, routing)."""
        self.lab.make_up()
        for site in SITES:
            self.start_router(site)
            self.start_content(self.contents[site], self.contents[site].name, [""], self.rate)
        if self.master:
            self.master.begin(zone_text, SITE_MAP)
            self.start_content(self.master.host, "master", [""], root=self.master.repo)
        for site in SITES:
            node = self.nodes[site] = LabNode(self, self.lab.hosts[site], site, self.daemon)
            node.configure(*(per_node or {}).get(site, (services,)))
            node.launch()
        for site in SITES:
            self.nodes[site].wait_notification("READY=1", 90)
            self.nodes[site].start_routing()
        return self

    def start_router(self, site):
        i, host = SITES.index(site) + 1, self.routers[site]
        text = ROUTER_HEAD.format(i=i, folder=host.folder, sources="RTS_BGP" if self.between == "BGP"
                                  else "RTS_OSPF, RTS_OSPF_IA, RTS_OSPF_EXT1, RTS_OSPF_EXT2")
        text += self.router_bgp(i) if self.between == "BGP" else self.router_ospf(i)
        (host.folder / "bird.conf").write_text(text)
        self.changes[site] = Changes(host)
        host.bird = host.start("bird", "/usr/sbin/bird", "-f", "-c", host.folder / "bird.conf", "-s", host.folder / "bird.ctl")

    @staticmethod
    def router_bgp(i):
        sessions = [("node", f"10.{i}.1.1", f"10.{i}.1.2", f"fd00:{i}:1::1", f"fd00:{i}:1::2", 65000 + i, "from_node", "none")]
        for a, b in CORE:
            if i in (a, b):
                j = a if i == b else b
                # nyc is one more hop away from ams than fra is.
                sessions.append((f"core{j}", f"10.0.{a}{b}.{i}", f"10.0.{a}{b}.{j}", f"fd00:0:{a}{b}::{i}", f"fd00:0:{a}{b}::{j}",
                                 64500 + j, "from_west" if j < i else "from_east", "where source ~ [RTS_BGP, RTS_DEVICE]"))
        return "".join(ROUTER_BGP.format(name=name, family=family, local=local, remote=remote, as_here=64500 + i, as_there=as_there,
                                         filter=filter_, export=export)
                       for name, local4, remote4, local6, remote6, as_there, filter_, export in sessions
                       for family, local, remote in ((4, local4, remote4), (6, local6, remote6)))

    @staticmethod
    def router_ospf(i):
        costs = {(1, 2): 10, (2, 3): 20}
        core = "".join(f'\t\tinterface "core{a if i == b else b}" {{ type ptp; cost {costs[a, b]}; hello 1; dead count 4; }};\n'
                       for a, b in CORE if i in (a, b))
        return "".join(f"protocol ospf v{2 if family == 4 else 3} ospf{family} {{\n\tipv{family} {{ import all; export none; }};\n"
                       f'\tarea 0 {{\n{core}\t\tinterface "node" {{ cost 5; hello 1; dead count 4; }};\n'
                       '\t\tinterface "content", "clients", "master" { stub; };\n\t};\n}\n' for family in (4, 6))

    def start_content(self, host, name, addresses, rate="0", port=80, root=None):
        listen = "".join(f"listen {address + ':' if address else ''}{port}; " if "." in address or not address else
                         f"listen [{address}]:{port}; " for address in addresses)
        if addresses == [""]:
            listen += f"listen [::]:{port};"
        file = host.folder / f"nginx-{port}.conf"
        file.write_text("daemon off; user root;\n" + NGINX.format(folder=host.folder, listen=listen, root=root or self.content, name=name,
                                                                     rate=rate).replace("nginx.pid", f"nginx-{port}.pid"))
        return host.start(f"nginx-{port}", "/usr/sbin/nginx", "-p", host.folder, "-c", file)

    # -- asking -----------------------------------------------------------------------------------------------------

    def who(self, site, address=DNS[0], timeout=1.0):
        """The NSID of who answers DNS there to a client of the site, or None."""
        import dns.exception
        with self.clients[site].inside():
            try:
                reply = self.nodes[site].ask("www.lab.example", host=address, want_nsid=True, timeout=timeout)
            except (dns.exception.Timeout, OSError):
                return None
        return (Node.nsid(reply) or b"?").decode()

    def web(self, site, address=WEB[0], path="/hello.txt", timeout=2.0):
        """(X-Node, Location, status) of the node that answers HTTP there, or None."""
        raw = f"GET {path} HTTP/1.1\r\nHost: dl.lab.example\r\nConnection: close\r\n\r\n".encode()
        data = b""
        try:
            with self.clients[site].inside():
                with socket.create_connection((address, 80), timeout=timeout) as s:
                    s.sendall(raw)
                    while piece := s.recv(65536):
                        data += piece
        except OSError:
            return None
        head = data.partition(b"\r\n\r\n")[0].decode(errors="replace")
        fields = dict(line.split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        return fields.get("X-Node"), fields.get("Location"), head[9:12]

    def expect_nearest(self, what="all up", seconds=60, addresses=DNS, want=None):
        """Each site's clients meet their own node (or the one wanted); says how long it took."""
        begun = time.monotonic()
        for site in SITES:
            for address in addresses:
                node = (want or {}).get(site, site)
                if not net.wait_until(lambda: self.who(site, address) == node, seconds):
                    raise net.LabError(f"{what}: clients of {site} at {address} are answered by {self.who(site, address)}, not {node}")
        return time.monotonic() - begun

    def ready(self):
        took = self.expect_nearest("start", 90)
        for site in SITES:
            check.wait_for(f"{site} announces both services", self.nodes[site].is_announced, 60)
            for address in WEB:
                check.wait_for(f"{site}: redirects at {address}", lambda: (self.web(site, address) or ("",))[0] == site, 30)
        return took

    # -- the end ----------------------------------------------------------------------------------------------------

    def end(self, quick=False):
        """quick: something broke, and what the nodes would say at their ends is of no interest."""
        left = [node for node in self.nodes.values() if node.process is not None]
        for node in left:
            node.signal(signal.SIGCONT)
            if quick:
                node.process.kill()
                node.process.wait()
        # All at once: each drains first.
        threads = [threading.Thread(target=node.stop) for node in left if not quick]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.lab.end()

    def picture(self):
        return string.Template(PICTURE).safe_substitute(daemon={"bird": "BIRD 2", "frr": "FRR"}[self.daemon], between=self.between)
