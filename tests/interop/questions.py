# SPDX-License-Identifier: Apache-2.0
"""What is asked: names of the zones and names derived from them, times types and ways to ask; and packets that are
wrong in random ways. The seed decides all of it."""
import random

import wire

TYPES = [wire.TYPES[text] for text in (
    "A", "AAAA", "NS", "SOA", "MX", "TXT", "CNAME", "DNAME", "DS", "DNSKEY", "NSEC", "NSEC3", "NSEC3PARAM", "RRSIG",
                                       "ANY",
    "CDS", "CDNSKEY", "SVCB", "HTTPS", "SRV", "TYPE65280")]
# Ways to ask: flags, EDNS, DO, UDP size. The first three are asked most.
WAYS = (
    (0, False, False, 0), (0, True, False, 1232), (0, True, True, 1232), (wire.RD, True, True, 4096),
    (wire.CD, True, True, 1232), (wire.AD, True, False, 1232), (wire.RD | wire.AD, False, False, 0),
        (wire.Z, False, False, 0),
    (0, True, True, 512), (0, True, False, 0), (wire.AA | wire.RA, True, False, 700),
)


class Question:
    __slots__ = ("packet", "tcp", "zone", "qname", "qtype", "flags", "edns", "do", "size", "mutant", "about")

    def __init__(self, packet, tcp=False, zone=None, qname=None, qtype=0, flags=0, edns=False, do=False, size=0,
                 mutant=False,
                 about=""):
        self.packet, self.tcp, self.zone, self.qname, self.qtype = packet, tcp, zone, qname, qtype
        self.flags, self.edns, self.do, self.size, self.mutant, self.about = flags, edns, do, size, mutant, about

    def text(self):
        """To be typed behind `dig @ADDRESS -p PORT`; a packet that dig cannot send as a line for Python."""
        if self.mutant or self.qname is None:
            prefix = len(self.packet).to_bytes(2, "big").hex() if self.tcp else ""
            return (f"{self.about}: python3 -c 'import socket as s; u = s.socket(2, {1 if self.tcp else 2}); "
                    f"u.connect((\"127.0.0.1\", PORT)); u.send(bytes.fromhex(\"{prefix}{self.packet.hex()}\")); "
                    "print(u.recv(65535).hex())'")
        words = ["+norec +noad +nocookie"]
        for bit, word in ((wire.RD, "+rec"), (wire.AD, "+ad"), (wire.CD, "+cd"), (wire.Z, "+zflag"),
                          (wire.AA, "+aaflag"),
                          (wire.RA, "+raflag")):
            if self.flags & bit:
                words.append(word)
        words.append(f"+bufsize={self.size}" if self.edns else "+noedns")
        words += ["+dnssec"] if self.do else []
        words.append("+tcp" if self.tcp else "+ignore")
        return " ".join((*words, f"'{wire.name_text(self.qname)}'", wire.type_text(self.qtype)))


def ask(qname, qtype, way=WAYS[2], tcp=False, zone=None):
    flags, edns, do, size = way
    packet = wire.query(qname, qtype, flags, edns=wire.opt(size, wire.DO if do else 0) if edns else b"")
    return Question(packet, tcp, zone, qname, qtype, flags, edns, do, size)


def mixed_case(r, qname):
    return wire.name_of([bytes(c ^ 0x20 if chr(c).isalpha() and c < 128 and r.random() < 0.5 else c for c in part)
                         for part in wire.labels_of(qname)])


def derived(r, base, zone):
    """A name near this one: above, below, beside, far below, under the wildcard."""
    parts = wire.labels_of(base)
    apex = len(wire.labels_of(zone.wire))
    form = r.randrange(10)
    if form == 0 and len(parts) > apex:
        parts = parts[r.randint(1, len(parts) - apex):]
    elif form in (1, 2):
        parts = [r.choice((b"nx", b"x", b"www", b"a", b"zzz", b"\0"))] + parts
    elif form == 3:
        parts = [r.choice((b"a", b"b", b"c")) for _ in range(r.randint(2, 5))] + parts
    elif form == 4 and len(parts) > apex:
        first = parts[0]
        parts = [r.choice((first + b"0", first[:-1] or b"q", b"-" + first,
                           bytes([first[0] ^ 1]) + first[1:]))[:63]] + parts[1:]
    elif form == 5:
        parts = [b"*"] + parts
    elif form == 6 and len(parts) > apex:
        parts = [b"*"] + parts[1:]
    elif form == 7:
        while len(wire.name_of(parts)) < 190:
            parts = [b"z" * r.randint(20, 60)] + parts
        room = 254 - len(wire.name_of(parts))
        parts = ([b"m" * min(room, 63)] if room > 0 else []) + parts
    elif form == 8:
        parts = [r.choice((b"_tcp", b"_dmarc", b"ns", b"in"))] + parts[len(parts) > apex:]
    else:
        parts = [bytes(r.randrange(256) for _ in range(r.randint(1, 20)))] + parts[len(parts) > apex
                and r.randrange(2):]
    found = wire.name_of(parts)
    return found if len(found) <= 255 else base


def of_zones(zones, seed, count):
    """Every name of every zone at least twice (without and with DO), then a random choice up to count."""
    r = random.Random(f"names {seed}")
    asked, seen = [], set()

    def add(qname, qtype, way, tcp, zone):
        key = (qname, qtype, way, tcp)
        if key not in seen and len(asked) < count:
            seen.add(key)
            asked.append(ask(qname, qtype, way, tcp, zone))

    small = sum(len(zone.names) for zone in zones) * 4 < count
    for zone in zones:
        for qname in zone.names if small else ():
            add(qname, r.choice((1, 1, 28, 16)), WAYS[2], False, zone)
            add(qname, r.choice(TYPES), r.choice(WAYS[:3]), False, zone)
    for zone in zones:
        for qtype in TYPES:
            for way in WAYS[:3]:
                add(zone.wire, qtype, way, False, zone)
    weights = [max(len(zone.names), 40) ** 0.5 for zone in zones]
    tries = 0
    while len(asked) < count and tries < count * 20:
        tries += 1
        zone = r.choices(zones, weights)[0]
        base = r.choice(zone.hashes if zone.hashes and r.random() < 0.04 else zone.names)
        qname = derived(r, base, zone) if r.random() < 0.65 else base
        if r.random() < 0.1:
            qname = mixed_case(r, qname)
        way = WAYS[r.choice((0, 1, 2, 2, 2, 2, r.randrange(len(WAYS))))]
        qtype = r.choice(TYPES) if r.random() < 0.6 else 1
        add(qname, qtype, way, r.random() < 0.07, zone)
    return asked


def mutants(zones, seed, count):
    """Packets with something wrong: made from good queries by changing bytes, or from parts that do not fit."""
    r = random.Random(f"mutants {seed}")
    makers = (_flip, _flip, _cut, _counts, _options, _records, _headers, _labels, _trailing, _noise)
    found = []
    for _ in range(count):
        zone = r.choice(zones)
        base = ask(r.choice(zone.names), r.choice(TYPES), r.choice(WAYS), zone=zone)
        maker = r.choice(makers)
        packet = maker(r, base, zone)
        if len(packet) >= 3 and packet[2] & 0x80 and r.random() < 0.9:
            packet = packet[:2] + bytes([packet[2] & 0x7f]) + packet[3:]
        found.append(Question(packet, zone=zone, mutant=True, about=maker.__name__[1:]))
    return found


def _flip(r, base, zone):
    packet = bytearray(base.packet)
    for _ in range(r.choice((1, 1, 1, 2, 3, 8))):
        at = r.randrange(2, len(packet))
        packet[at] = r.choice((packet[at] ^ 1 << r.randrange(8), r.randrange(256), 0, 255))
    return bytes(packet)


def _cut(r, base, zone):
    return base.packet[:r.randrange(2, len(base.packet))]


def _counts(r, base, zone):
    packet = bytearray(base.packet)
    at = r.choice((4, 6, 8, 10))
    packet[at:at + 2] = r.choice((0, 1, 2, 3, 255, 65535, r.randrange(65536))).to_bytes(2, "big")
    return bytes(packet)


def _options(r, base, zone):
    options = b"".join(wire.option(r.choice((3, 8, 9, 10, 11, 12, 15, 19, 100, 65001, r.randrange(65536))),
                                   r.randbytes(r.choice((0, 0, 1, 2, 4, 8, 9, 16, 24, 40, 41))))
                       for _ in range(r.choice((1, 1, 2, 5))))
    wrong = len(options) + r.choice((0, 0, 0, 0, 1, -1, 4, -4, 1000))
    edns = wire.opt(r.choice((0, 100, 512, 1232, 4096, 65535)), r.choice((0, 0x8000, 0x80, 0xffff)),
                    r.choice((0, 0, 0, 0, 1, 255)), options, length=max(wrong, 0))
    return wire.query(base.qname, base.qtype, edns=edns)


def _records(r, base, zone):
    """Records where a query has none; OPT at wrong places."""
    pieces = [wire.opt(1232), wire.opt(1232, owner=b"\1x\0"), wire.rr(base.qname, 1, b"\1\2\3\4"),
              wire.rr(b"\xc0\x0c", 1, b"\1\2\3\4"),
              wire.rr(zone.wire, 6, b"\0\0" + bytes(20)), wire.rr(b"\0", 250, bytes(20), rdclass=255),
              wire.rr(b"\xc0\x0c", 1, b"")]
    counts, tail = [1, 0, 0, 0], b""
    for section in (1, 2, 3):
        for _ in range(r.choice((0, 0, 1, 2))):
            counts[section] += 1
            tail += r.choice(pieces)
    return wire.query(base.qname, base.qtype, counts=counts, tail=tail)


def _headers(r, base, zone):
    return (base.packet[:2] + r.randbytes(2) + base.packet[4:]) if r.random() < 0.6 else wire.query(
        base.qname, r.choice((0, 41, 128, 249, 250, 251, 252, 253, 254, 255, r.randrange(65536))),
        opcode=r.choice((0, 0, 0, 1, 2, 3, 6, 15)), qclass=r.choice((1, 1, 3, 4, 254, 255, 0, r.randrange(65536))),
        edns=r.choice((b"", wire.opt())))


def _labels(r, base, zone):
    """Names that are too long, have pointers or labels of unknown types."""
    odd = r.choice((b"\xc0\x0c", b"\xc0\x00", b"\xc0\xff", b"\x40a\0", b"\x80a\0", b"\x41\1\0", b"\x3f" + b"a" * 10,
                    b"\1a" * 140 + b"\0",
                    (b"\x3f" + b"b" * 63) * 4 + b"\0", b"\1a\xc0\x0c", b"\1a" * 127 + b"\0", b"\1a" * 128 + b"\0",
                    b""))
    return wire.query(b"", 0, question=odd + b"\0\1\0\1", edns=r.choice((b"", wire.opt())))


def _trailing(r, base, zone):
    return base.packet + r.randbytes(r.choice((1, 2, 11, 100, 600)))


def _noise(r, base, zone):
    return r.randbytes(r.choice((2, 5, 11, 12, 13, 16, 17, 20, 40, 100, 512, 1400)))
