# SPDX-License-Identifier: Apache-2.0
"""Network namespaces, the cables between them and the processes in them. All carry this process's number in their names
(catchmentlab-PID-HOST) and are gone when it ends, however it ends; what a killed run left is removed by the next one."""
import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

PREFIX = "catchmentlab-"
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class LabError(Exception):
    pass


def missing():
    """Why namespaces cannot be made here, or None."""
    if os.geteuid() != 0:
        return "the lab needs root"
    if not shutil.which("ip"):
        return "no ip (iproute2)"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "no /dev/net/tun"
    name = f"{PREFIX}{os.getpid()}-try"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if done.returncode == 0:
        done = subprocess.run(["ip", "-n", name, "link", "add", "try0", "type", "veth", "peer", "name", "try1"],
                              capture_output=True, text=True)
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return None if done.returncode == 0 else f"no network namespaces here: {done.stderr.strip()}"


def ip(*words, host=None):
    command = ["ip", *(["-n", host.namespace] if host else []), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def ip_batch(options, lines):
    """Many ip commands at once; each must succeed."""
    command = ["ip", *" ".join(options).split(), "-batch", "-"]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")


def remove_leftovers():
    """Namespaces of runs whose process is gone."""
    for path in pathlib.Path("/run/netns").glob(PREFIX + "*"):
        found = re.match(re.escape(PREFIX) + r"(\d+)-", path.name)
        if found and not pathlib.Path("/proc", found[1]).exists():
            remove_namespace(path.name)


def remove_namespace(name):
    pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", name], capture_output=True)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One process in a host; its output goes to a file in the host's folder."""

    def __init__(self, host, name, command, env=None):
        self.name, self.host = name, host
        self.log_path = host.folder / f"{name}.log"
        with self.log_path.open("ab") as log:
            self.popen = subprocess.Popen(host.command(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env={**os.environ, **(env or {})}, preexec_fn=_die_with_parent)

    @property
    def pid(self):
        return self.popen.pid

    def runs(self):
        return self.popen.poll() is None

    def send(self, number):
        self.popen.send_signal(number)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def end(self, number=signal.SIGTERM, seconds=5):
        if not self.runs():
            return
        for one in (number, signal.SIGCONT):
            self.send(one)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Host:
    """A namespace with a folder for its files."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.namespace = f"{PREFIX}{os.getpid()}-{name}"
        self.folder = lab.folder / name
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.processes = []
        self.begun = []      # its addresses and default routes

    def command(self, words):
        """Wrapped so that it runs here; `ip` becomes it, so the process number is the command's own."""
        return ["ip", "netns", "exec", self.namespace, *map(str, words)]

    def start(self, name, *words, env=None):
        process = Process(self, name, words, env)
        self.processes.append(process)
        return process

    def run(self, *words, seconds=30):
        return subprocess.run(self.command(words), capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)

    @contextlib.contextmanager
    def inside(self):
        """This thread is in the host meanwhile: sockets made here stay here."""
        with open(f"/run/netns/{self.namespace}", "rb") as there:
            if _libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise LabError(f"setns: {os.strerror(ctypes.get_errno())}")
            try:
                yield
            finally:
                if _libc.setns(_home, CLONE_NEWNET) != 0:
                    os.abort()      # everything after it would happen in the wrong place

    def configure(self, lines):
        """Addresses and routes, each (4 or 6, words behind `ip -4` or `ip -6`)."""
        for family in (4, 6):
            chosen = [line for one, line in lines if one == family]
            ip_batch([f"-n {self.namespace}", f"-{family}"], chosen)

    def link(self, port, up):
        ip("link", "set", "dev", port, "up" if up else "down", host=self)
        if up:
            self.configure(self.begun)  # setting it down has taken its routes and IPv6 addresses away


class Lab:
    """All hosts of one topology. Leaving it ends every process and removes every namespace."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.hosts = {}
        self.cables = []

    def host(self, name, forwards=False):
        host = self.hosts[name] = Host(self, name)
        host.forwards = forwards
        return host

    def cable(self, a, port_a, addresses_a, b, port_b, addresses_b):
        """addresses: each ADDRESS/LENGTH; both families."""
        self.cables.append((a, port_a, b, port_b))
        for host, port, addresses in ((a, port_a, addresses_a), (b, port_b, addresses_b)):
            for address in addresses:
                family = 6 if ":" in address else 4
                host.begun.append((family, f"address replace {address} dev {port}{' nodad' if family == 6 else ''}"))

    @staticmethod
    def default_route(host, *gateways):
        for gateway in gateways:
            host.begun.append((6 if ":" in gateway else 4, f"route replace default via {gateway}"))

    def make_up(self):
        for host in self.hosts.values():
            ip("netns", "add", host.namespace)
        for host in self.hosts.values():
            self.settle(host)
        ip_batch([], [f"link add name {port_a} netns {a.namespace} type veth peer name {port_b} netns {b.namespace}"
                      for a, port_a, b, port_b in self.cables])
        for host in self.hosts.values():
            ports = [port for a, port_a, b, port_b in self.cables for one, port in ((a, port_a), (b, port_b)) if one is host]
            ip_batch([f"-n {host.namespace}"], [f"link set dev {port} up" for port in ("lo", *ports)])
            host.configure(host.begun)

    @staticmethod
    def settle(host):
        """What the kernel of a router or a host is told; /proc/sys/net is the namespace's own."""
        with host.inside():
            for family, key, value in (("ipv4", "forwarding", host.forwards), ("ipv6", "forwarding", host.forwards),
                                       ("ipv4", "rp_filter", 0), ("ipv6", "accept_dad", 0), ("ipv6", "accept_ra", 0)):
                for scope in ("all", "default"):
                    pathlib.Path("/proc/sys/net", family, "conf", scope, key).write_text(str(int(value)))

    def end(self):
        for host in reversed(self.hosts.values()):
            for process in host.processes:
                if process.runs():
                    for number in (signal.SIGTERM, signal.SIGCONT):
                        process.send(number)
        for host in reversed(self.hosts.values()):
            for process in host.processes:
                process.end(seconds=2)
            remove_namespace(host.namespace)


def wait_until(fact, seconds, pause=0.05):
    """The last value of fact(), true or not."""
    end = time.monotonic() + seconds
    while True:
        value = fact()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)
