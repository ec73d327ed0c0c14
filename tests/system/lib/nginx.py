# SPDX-License-Identifier: Apache-2.0
"""Real nginx content servers for a scenario: each a process group of its own that can be killed, frozen and started
again at the same ports.

    with Nginx("listen 127.0.0.1:8001; root $dir/www;") as content: ...
"""
import os
import pathlib
import shutil
import signal
import socket
import string
import subprocess
import tempfile
import time

import check

CONFIG = """
daemon off; worker_processes 1; pid $dir/pid; error_log $dir/error.log warn;
events { worker_connections 512; }
http {
    access_log $dir/access.log combined;
    client_body_temp_path $dir/t; proxy_temp_path $dir/t; fastcgi_temp_path $dir/t; uwsgi_temp_path $dir/t; scgi_temp_path $dir/t;
    types { text/plain txt; } default_type application/octet-stream;
    server { $server }
}
"""


def need():
    if not shutil.which("nginx"):
        check.skip("nginx is not installed: it is the content server")


class Nginx:
    def __init__(self, server, **values):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nginx."))
        self.folder.chmod(0o755)
        self.www = self.folder / "www"
        self.www.mkdir()
        self.process = None
        values = {"dir": self.folder, **values}
        values["server"] = string.Template(server).safe_substitute(values)
        self.port = values.get("port")
        (self.folder / "nginx.conf").write_text(string.Template(CONFIG).safe_substitute(values))

    def write(self, name, text):
        path = self.www / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(path.name + ".new").write_bytes(text if isinstance(text, bytes) else text.encode())
        path.with_name(path.name + ".new").rename(path)

    def start(self):
        self.process = subprocess.Popen(["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf"],
                                        stdin=subprocess.DEVNULL, start_new_session=True,
                                        stdout=(self.folder / "out").open("ab"), stderr=subprocess.STDOUT)
        end = time.monotonic() + 20
        while self.port and time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        check.true("nginx started", not self.port, (self.folder / "out").read_text() + self.errors())
        return self

    def group(self, number):
        os.killpg(self.process.pid, number)

    def freeze(self):
        """It still has its sockets, and the kernel still accepts for it, but nobody answers."""
        self.group(signal.SIGSTOP)

    def thaw(self):
        self.group(signal.SIGCONT)

    def kill(self):
        if self.process is None:
            return
        try:
            self.group(signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None

    def log(self):
        path = self.folder / "access.log"
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def errors(self):
        path = self.folder / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def __enter__(self):
        return self.start()

    def __exit__(self, *ignored):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        return False
