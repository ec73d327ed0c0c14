# SPDX-License-Identifier: Apache-2.0
"""Large zones as master files, and small changes in them. Signatures are of the right length and form, and nobody's: what a
publisher and a node do with a signed zone does not depend on whether a resolver would believe it."""
import base64
import bisect
import hashlib
import random

B32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
_random = random.Random(65)


def signature(covers, labels, apex):
    return (f"RRSIG {covers} 13 {labels} 300 20380101000000 20250101000000 12345 {apex} "
            + base64.b64encode(_random.randbytes(64)).decode())


class Plain:
    """count records without DNSSEC: addresses, a few aliases."""

    def __init__(self, apex, count):
        self.apex, self.serial = apex, 1
        self.lines = [f"h{i} A 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}" if i % 8 else f"h{i} CNAME h{i + 1}"
                      for i in range(count - 2)]

    def text(self):
        return (f"$ORIGIN {self.apex}\n$TTL 300\n@ SOA ns host {self.serial} 1d 2h 4w 5m\n@ NS ns.example.net.\n"
                + "\n".join(self.lines) + "\n")

    def change(self):
        """Another address for one name."""
        self.serial += 1
        at = self.serial * 7919 % len(self.lines) | 1
        self.lines[at] = f"h{at} A 192.0.2.{self.serial % 256}"


class Signed:
    """count records: four for each name (address, NSEC3, a signature over each), one chain of NSEC3s without salt."""

    def __init__(self, apex, count):
        self.apex, self.serial = apex, 1
        self.owners = {}        # hash: (name, types)
        self.sets = {}          # name: its lines
        self.wire_apex = b"".join(bytes([len(label)]) + label.encode() for label in apex.rstrip(".").split(".")) + b"\0"
        for i in range((count - 10) // 4):
            self.put(f"h{i}", f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}")
        self.owners[self.hash("@")] = ("@", "NS SOA RRSIG DNSKEY NSEC3PARAM")
        self.order = sorted(self.owners)
        self.chain = {}
        for place in range(len(self.order)):
            self.link(place)
        self.keys = (f"@ DNSKEY 257 3 13 {base64.b64encode(_random.randbytes(64)).decode()}\n@ NSEC3PARAM 1 0 0 -\n"
                     f"@ NS ns.example.net.\n" + "".join(f"@ {signature(kind, 2, apex)}\n" for kind in ("DNSKEY", "NSEC3PARAM", "NS")))

    def hash(self, name):
        wire = self.wire_apex if name == "@" else bytes([len(name)]) + name.encode() + self.wire_apex
        return base64.b32encode(hashlib.sha1(wire).digest()).translate(B32).decode()

    def put(self, name, address):
        self.sets[name] = f"{name} A {address}\n{name} {signature('A', 3, self.apex)}"
        self.owners[self.hash(name)] = (name, "A RRSIG")

    def link(self, place):
        here, after = self.order[place], self.order[(place + 1) % len(self.order)]
        self.chain[here] = f"{here} NSEC3 1 0 0 - {after} {self.owners[here][1]}\n{here} {signature('NSEC3', 3, self.apex)}"

    def text(self):
        return (f"$ORIGIN {self.apex}\n$TTL 300\n@ SOA ns host {self.serial} 1d 2h 4w 5m\n@ {signature('SOA', 2, self.apex)}\n"
                + self.keys + "\n".join(self.sets.values()) + "\n" + "\n".join(self.chain.values()) + "\n")

    def change(self):
        """Another address for one name: its RRset and the signature over it."""
        self.serial += 1
        self.put(f"h{self.serial * 7919 % (len(self.sets) // 2)}", f"192.0.2.{self.serial % 256}")

    def add(self):
        """A name that is new: its records, its NSEC3, and the one before, which now leads to it."""
        self.serial += 1
        name = f"new{self.serial}"
        self.put(name, f"192.0.2.{self.serial % 256}")
        place = bisect.bisect(self.order, self.hash(name))
        self.order.insert(place, self.hash(name))
        self.link(place)
        self.link(place - 1)
