# SPDX-License-Identifier: Apache-2.0
"""The servers compared: ours and those of the distribution, each started with the same zones, from configuration
written here, in a folder of its own, on a free loopback port; ended by its process id. Nothing of the system's
services is used."""
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time

import ask
import wire

TOP = pathlib.Path(__file__).resolve().parents[2]
IDENTITY, VERSION = "node-one", "Compared 1.0"
COOKIE_SECRET = "000102030405060708090a0b0c0d0e0f"
START_SECONDS = 60


def free_port():
    """A port that nobody has on UDP and TCP, below those the kernel gives to clients."""
    while True:
        port = random.SystemRandom().randint(10000, 30000)
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as s:
                    s.bind(("127.0.0.1", port))
            return port
        except OSError:
            continue


class Peer:
    """One server. zones: {name in text without the last dot, "." for the root: file}."""
    name = program = ""
    where = ("/usr/sbin", "/usr/local/sbin", "/usr/bin")

    def __init__(self, folder, zones):
        self.folder = pathlib.Path(folder) / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.zones = zones
        self.port = free_port()
        self.process = None

    @classmethod
    def found(cls):
        path = os.pathsep.join((os.environ.get("PATH", ""), *cls.where))
        return shutil.which(cls.program, path=path)

    def configure(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def start(self):
        self.configure()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([str(word) for word in self.command()], stdin=subprocess.DEVNULL,
                                            stdout=log,
                                            stderr=log, cwd=self.folder, start_new_session=True,
                                            env=self.environment())
        return self

    def environment(self):
        return {**os.environ, "LC_ALL": "C"}

    def wait(self):
        """Until every zone answers, or the first START_SECONDS are over; gives the zones that do not."""
        end = time.monotonic() + START_SECONDS
        missing = list(self.zones)
        while missing and time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            try:
                crowd = ask.Crowd({self.name: self.port})
                asked = [wire.query(wire.name(zone), 6) for zone in missing]
                raw = crowd.udp(asked)[self.name]
                crowd.close()
            except OSError:
                raw = [None] * len(missing)
            again = [zone for zone, reply in zip(missing, raw)
                     if reply is None or wire.Reply(reply).rcode != 0 or not reply[2] & 4]
            if again == missing and any(raw) and time.monotonic() > end - START_SECONDS + 15:
                break       # it answers, and these zones are not coming
            missing = again
            if missing:
                time.sleep(0.1)
        return missing

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        """The exit code; -9 when it had to be killed."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)     # its session holds it and its children only
            return self.process.wait()


class Nsd(Peer):
    name = program = "nsd"

    def configure(self):
        zones = "".join(f"zone:\n\tname: \"{zone}\"\n\tzonefile: \"{file}\"\n" for zone, file in self.zones.items())
        (self.folder / "nsd.conf").write_text(f"""server:
	ip-address: 127.0.0.1@{self.port}
	server-count: 1
	database: ""
	username: ""
	zonesdir: "{self.folder}"
	pidfile: "{self.folder}/nsd.pid"
	xfrdfile: "{self.folder}/xfrd.state"
	zonelistfile: "{self.folder}/zone.list"
	xfrdir: "{self.folder}"
	cookie-secret-file: "{self.folder}/cookies"
	identity: "{IDENTITY}"
	nsid: "ascii_{IDENTITY}"
	version: "{VERSION}"
	answer-cookie: yes
	cookie-secret: {COOKIE_SECRET}
	minimal-responses: yes
	confine-to-zone: yes
	rrl-ratelimit: 0
	tcp-timeout: 30
	verbosity: 1
remote-control:
	control-enable: no
{zones}""")

    def command(self):
        return [self.found(), "-d", "-c", self.folder / "nsd.conf"]


class Knotd(Peer):
    name = program = "knotd"

    def configure(self):
        zones = "".join(f"  - domain: \"{zone}\"\n    file: \"{file}\"\n" for zone, file in self.zones.items())
        (self.folder / "knot.conf").write_text(f"""server:
    rundir: "{self.folder}"
    listen: 127.0.0.1@{self.port}
    identity: "{IDENTITY}"
    nsid: "{IDENTITY}"
    version: "{VERSION}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    tcp-reuseport: off
control:
    listen: "{self.folder}/knot.sock"
database:
    storage: "{self.folder}"
log:
  - target: stderr
    any: warning
mod-cookies:
  - id: cookies
    secret: "0x{COOKIE_SECRET}"
    badcookie-slip: 1
template:
  - id: default
    storage: "{self.folder}"
    semantic-checks: off
    journal-content: none
    zonefile-load: whole
    zonefile-sync: -1
    global-module: mod-cookies/cookies
zone:
{zones}""")

    def command(self):
        return [self.found(), "-c", self.folder / "knot.conf"]


class Named(Peer):
    name = program = "named"

    def configure(self):
        zones = "".join(f'zone "{zone}" {{ type primary; file "{file}"; }};\n' for zone, file in self.zones.items())
        (self.folder / "named.conf").write_text(f"""options {{
	directory "{self.folder}";
	listen-on port {self.port} {{ 127.0.0.1; }};
	listen-on-v6 {{ none; }};
	pid-file none;
	session-keyfile none;
	managed-keys-directory "{self.folder}";
	lock-file none;
	recursion no;
	dnssec-validation no;
	empty-zones-enable no;
	notify no;
	allow-transfer {{ none; }};
	allow-query {{ any; }};
	server-id "{IDENTITY}";
	version "{VERSION}";
	hostname "{IDENTITY}";
	cookie-secret "{COOKIE_SECRET}";
	answer-cookie yes;
	minimal-responses yes;
	minimal-any yes;
	check-names primary ignore;
	check-integrity no;
	check-mx ignore;
	check-srv-cname ignore;
	check-mx-cname ignore;
	check-sibling no;
	check-wildcard no;
	check-dup-records ignore;
	max-udp-size 1232;
	edns-udp-size 1232;
}};
controls {{ }};
logging {{ category lame-servers {{ null; }}; category query-errors {{ null; }}; }};
{zones}""")

    def command(self):
        return [self.found(), "-g", "-n", "1", "-c", self.folder / "named.conf"]


class Ours(Peer):
    """The build under test. What a build does not know yet is left out of its configuration."""
    name, program = "ours", "catchmentd"
    bin = None

    @classmethod
    def found(cls):
        path = pathlib.Path(cls.bin) / "catchmentd"
        return str(path) if path.exists() else None

    def configure(self):
        zones = "".join(f"  - {{name: \"{zone}\", file: \"{file}\"}}\n" for zone, file in self.zones.items())
        (self.folder / "state").mkdir(exist_ok=True)
        (self.folder / "cookie.key").write_text(COOKIE_SECRET + "\n")
        (self.folder / "cookie.key").chmod(0o600)
        base = f"""node: {{name: {IDENTITY}, version: "{VERSION}"}}
state-dir: {self.folder}/state
control-socket: {self.folder}/control.sock
workers: 1
dns:
  listen: [127.0.0.1@{self.port}]
  udp-max-payload: 1232
"""
        cookies = f"  cookies: {{secrets: [{self.folder}/cookie.key]}}\n"
        self.config = self.folder / "node.yaml"
        self.config.write_text(base + cookies + "zones:\n")
        self.cookies = self._takes()
        self.config.write_text(base + (cookies if self.cookies else "") + "zones:\n" + zones)

    def _takes(self):
        # A list of zones that is empty is a fault of its own: only what is said about the cookies counts.
        done = subprocess.run([self.found(), "--check", "-c", str(self.config)], capture_output=True, text=True)
        return "cookies" not in done.stdout + done.stderr

    def environment(self):
        return {**super().environment(), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "exitcode=99"),
                "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1:exitcode=99")}

    def command(self):
        plain = [self.found(), "-c", str(self.config)]
        # Sanitizers do not stand the widest randomness of addresses.
        if shutil.which("setarch") and not subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode:
            return ["setarch", "-R", *plain]
        return plain


PEERS = {cls.name: cls for cls in (Nsd, Knotd, Named)}
