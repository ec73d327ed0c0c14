#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The vectors of test_lthash.c, from the definition in sync/lthash.h, with nothing but hashlib and RFC 8439's text."""
import hashlib
import struct


def chacha20(key, length):
    def turn(a, b, c, d):
        for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            v = s[z] ^ s[x]
            s[z] = (v << bits | v >> (32 - bits)) & 0xFFFFFFFF

    out = b""
    for block in range(length // 64):
        start = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key) + (block, 0, 0, 0))
        s = start[:]
        for _ in range(10):
            for turned in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                turn(*turned)
        out += struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(s, start)))
    return out


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.rstrip(".").split(".") if label) + b"\0"


def record(owner, kind, ttl, rdata):
    return name(owner) + struct.pack("!HHIH", kind, 1, ttl, len(rdata)) + rdata


def lanes(wire):
    key = hashlib.blake2b(b"catchment rr 1\0" + wire, digest_size=32).digest()
    return struct.unpack("<1024H", chacha20(key, 2048))


def state(records):
    total = [0] * 1024
    for wire in records:
        total = [(a + b) & 0xFFFF for a, b in zip(total, lanes(wire))]
    return struct.pack("<1024H", *total)


SOA = record("example.", 6, 3600, name("ns.example.") + name("h.example.") + struct.pack("!5I", 7, 3600, 600, 86400, 60))
NS = record("example.", 2, 3600, name("ns.example."))
A = record("ns.example.", 1, 300, bytes([192, 0, 2, 1]))
TXT = record("www.example.", 16, 300, b"\x02hi")

for title, records in (("nothing", []), ("A", [A]), ("zone", [SOA, NS, A]), ("with TXT", [SOA, NS, A, TXT])):
    print(title, hashlib.blake2b(state(records), digest_size=32).hexdigest(), state(records)[:8].hex())
