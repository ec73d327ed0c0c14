# SPDX-License-Identifier: Apache-2.0
"""The same packets to several servers at once. UDP goes in batches, each ended by a sentinel query: one socket's
packets meet one thread of a server, which answers in order, so what has not come before the sentinel's answer is not
coming. What a server did not answer in the crowd is asked once more with patience, before that is called silence; not
with hopeless packets, for which some limit the answers to errors."""
import selectors
import socket
import struct
import time

import wire

BATCH = 48              # with answers of 1232 bytes this stays below the default receive buffer
SENTINEL_SECONDS = 3
PATIENCE_SECONDS = 0.3
SENTINEL = wire.query(wire.name("sentinel.invalid"), 1)


def _udp(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.connect(("127.0.0.1", port))
    s.setblocking(False)
    return s


class Crowd:
    """ports: {server: UDP and TCP port on 127.0.0.1}."""

    def __init__(self, ports):
        self.ports = ports
        self.lines = {server: _udp(port) for server, port in ports.items()}
        self.next_id = 0

    def close(self):
        for line in self.lines.values():
            line.close()

    def _id(self):
        self.next_id = (self.next_id + 1) & 0x7fff
        return self.next_id

    def udp(self, packets, insist=None):
        """{server: [bytes or None for each packet]}; the first two bytes of each packet are replaced. insist: the
        servers whose silence is tried again; None: all."""
        found = {server: [None] * len(packets) for server in self.lines}
        for begin in range(0, len(packets), BATCH):
            self._batch(packets, range(begin, min(begin + BATCH, len(packets))), self.lines, found, 0)
        for server, line in self.lines.items():
            silent = [i for i, reply in enumerate(found[server]) if reply is None and len(packets[i]) >= 12
                      and not packets[i][2] & 0x80]
            if insist is not None and server not in insist:
                continue
            for begin in range(0, len(silent), 4 * BATCH):
                self._batch(packets, silent[begin:begin + 4 * BATCH], {server: line}, found, PATIENCE_SECONDS)
        return found

    def _batch(self, packets, indexes, lines, found, patience):
        ids = {self._id(): i for i in indexes}
        sentinel = (self._id() | 0x8000).to_bytes(2, "big")
        selector = selectors.DefaultSelector()
        for server, line in lines.items():
            for id, i in ids.items():
                self._send(line, id.to_bytes(2, "big") + packets[i][2:] if len(packets[i]) >= 2 else packets[i])
            self._send(line, sentinel + SENTINEL[2:])
            selector.register(line, selectors.EVENT_READ, server)
        waiting = set(lines)
        end = time.monotonic() + SENTINEL_SECONDS
        while waiting and time.monotonic() < end:
            for key, _ in selector.select(end - time.monotonic()):
                if self._drain(key.fileobj, found[key.data], ids, sentinel):
                    waiting.discard(key.data)
        if patience:
            end = time.monotonic() + patience
            while time.monotonic() < end:
                for key, _ in selector.select(end - time.monotonic()):
                    self._drain(key.fileobj, found[key.data], ids, sentinel)
        selector.close()

    @staticmethod
    def _send(line, packet):
        for _ in range(50):
            try:
                line.send(packet)
                return
            except (BlockingIOError, ConnectionRefusedError):
                time.sleep(0.001)

    @staticmethod
    def _drain(line, found, ids, sentinel):
        ended = False
        while True:
            try:
                data = line.recv(65535)
            except (BlockingIOError, ConnectionRefusedError):
                return ended
            if data[:2] == sentinel:
                ended = True
            i = ids.get(int.from_bytes(data[:2], "big"))
            if i is not None:
                found[i] = data

    def tcp(self, packets, together=40):
        """The same over TCP: so many at a time in one write on one connection, and the rest of those alone when the
        server closes it."""
        found = {}
        for server, port in self.ports.items():
            replies = found[server] = [None] * len(packets)
            for begin in range(0, len(packets), together):
                indexes = range(begin, min(begin + together, len(packets)))
                pipeline(port, packets, indexes, replies)
                for i in indexes:
                    if replies[i] is None and together > 1:
                        pipeline(port, packets, [i], replies, 1)
        return found


def pipeline(port, packets, indexes, replies, seconds=5):
    ids = {}
    stream = b""
    for id, i in enumerate(indexes, 1):
        ids[id] = i
        packet = id.to_bytes(2, "big") + packets[i][2:]
        stream += struct.pack("!H", len(packet)) + packet
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
            s.sendall(stream)
            left = len(ids)
            while left:
                frame = read_frame(s)
                if frame is None:
                    return
                i = ids.get(int.from_bytes(frame[:2], "big"))
                if i is not None:
                    left -= replies[i] is None
                    replies[i] = frame
    except OSError:
        return


def read_exact(s, size):
    data = b""
    while len(data) < size:
        piece = s.recv(size - len(data))
        if not piece:
            return None
        data += piece
    return data


def read_frame(s):
    """One message of a stream, None when it has ended."""
    length = read_exact(s, 2)
    return read_exact(s, int.from_bytes(length, "big")) if length else None
