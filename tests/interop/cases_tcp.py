# SPDX-License-Identifier: Apache-2.0
"""What the reference table says of TCP."""
import socket
import struct
import time

import ask
import wire
from expect import FORMERR, ZONE, q


def rows(t):
    """TCP as RFC 7766 has it: any segmentation, many queries, half-close."""
    good = b"\0\7" + q(ZONE, "SOA")[2:]
    framed = struct.pack("!H", len(good)) + good

    def talk(what, pieces, wanted, half_close=False, pause=0.0):
        replies = []
        try:
            with socket.create_connection(("127.0.0.1", t.server.port), timeout=3) as s:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for piece in pieces:
                    s.sendall(piece)
                    time.sleep(pause)
                if half_close:
                    s.shutdown(socket.SHUT_WR)
                while len(replies) < wanted:
                    frame = ask.read_frame(s)
                    if frame is None:
                        break
                    replies.append(wire.Reply(frame))
        except OSError as error:
            t.check("TCP", what, False, detail=f"{error}, after {len(replies)} answers")
            return replies
        t.check("TCP", what, len(replies) == wanted and all(r.rcode == 0 for r in replies),
                detail=f"{len(replies)} answers")
        return replies

    five = b"".join(struct.pack("!H", len(good)) + bytes([0, i]) + good[2:] for i in range(5))
    replies = talk("five queries in one segment", [five], 5)
    t.check("TCP", "answers in the order of the queries", [reply.id for reply in replies] == [0, 1, 2, 3, 4],
            detail="not in order")
    talk("the length in two segments", [framed[:1], framed[1:]], 1, pause=0.02)
    talk("a byte at a time", [bytes([c]) for c in framed], 1, pause=0.001)
    talk("half-close behind the query", [framed], 1, half_close=True)
    talk("half-close behind five", [five], 5, half_close=True)
    bad = b"\0\1" + q(ZONE, "SOA", counts=(0, 0, 0, 0), question=b"")[2:]
    try:
        with socket.create_connection(("127.0.0.1", t.server.port), timeout=3) as s:
            s.sendall(struct.pack("!H", len(bad)) + bad + framed)
            first, second = ask.read_frame(s), ask.read_frame(s)
            t.check("TCP", "FORMERR, then a good query", first and first[3] & 15 == FORMERR and second
                    and second[3] & 15 == 0, detail=repr(second))
    except OSError as error:
        t.check("TCP", "FORMERR, then a good query", False, detail=str(error))
    for what, junk in (("a frame of no bytes", b"\0\0"), ("a frame of 11 bytes", b"\0\x0b" + bytes(11))):
        try:
            with socket.create_connection(("127.0.0.1", t.server.port), timeout=3) as s:
                s.sendall(junk)
                t.check("TCP", f"{what} ends the connection", s.recv(100) == b"", detail="something came back")
        except ConnectionResetError:
            t.check("TCP", what, True)
        except OSError as error:
            t.check("TCP", f"{what} ends the connection", False, detail=str(error))
