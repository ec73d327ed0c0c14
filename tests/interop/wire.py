# SPDX-License-Identifier: Apache-2.0
"""DNS messages as bytes: questions of any shape are built here, and answers taken apart strictly and quickly (a run
reads some hundred thousand of them). Names are wire bytes in lower case, records tuples (owner, type, class, ttl,
rdata)."""
import struct

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18,
         "AAAA": 28,
    "LOC": 29, "SRV": 33, "NAPTR": 35, "DNAME": 39, "OPT": 41, "DS": 43, "SSHFP": 44, "RRSIG": 46, "NSEC": 47,
    "DNSKEY": 48, "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "CDS": 59, "CDNSKEY": 60, "CSYNC": 62, "ZONEMD": 63,
    "SVCB": 64, "HTTPS": 65, "TSIG": 250, "IXFR": 251, "AXFR": 252, "MAILB": 253, "MAILA": 254, "ANY": 255,
         "CAA": 257,
    "TYPE65280": 65280,
}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
CLASSES = {1: "IN", 3: "CH", 4: "HS", 254: "NONE", 255: "ANY"}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN",
          9: "NOTAUTH",
          16: "BADVERS", 23: "BADCOOKIE"}
QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x400, 0x200, 0x100, 0x80, 0x40, 0x20, 0x10
DO = 0x8000
NSID, EXPIRE, COOKIE, KEEPALIVE, PADDING, EDE, ZONEVERSION = 3, 9, 10, 11, 12, 15, 19

# Types whose RDATA may hold compressed names (RFC 3597, 4), as bytes before, names, and whether bytes follow.
_NAMES_IN = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1), 17: (0, 2), 18: (2, 1), 33: (6, 1), 39: (0, 1)}


def type_text(number):
    return TYPE_NAMES.get(number, f"TYPE{number}")


def name(text):
    """The wire form of a name in text; `\\ddd` and `\\x` are escapes."""
    labels, label, i = [], bytearray(), 0
    raw = text.encode("latin-1")
    if raw in (b".", b""):
        return b"\0"
    while i < len(raw):
        c = raw[i]
        if c == 0x5c:
            if raw[i + 1:i + 4].isdigit():
                label.append(int(raw[i + 1:i + 4]))
                i += 4
            else:
                label.append(raw[i + 1])
                i += 2
            continue
        if c == 0x2e:
            labels.append(bytes(label))
            label = bytearray()
        else:
            label.append(c)
        i += 1
    if label:
        labels.append(bytes(label))
    return b"".join(bytes([len(part)]) + part for part in labels) + b"\0"


def labels_of(wire):
    parts, at = [], 0
    while wire[at]:
        parts.append(wire[at + 1:at + 1 + wire[at]])
        at += 1 + wire[at]
    return parts


def name_of(parts):
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def name_text(wire):
    out = []
    for part in labels_of(wire):
        out.append("".join(chr(c) if 0x21 <= c <= 0x7e and c not in b'.\\"();@$' else f"\\{c:03d}" for c in part))
    return ".".join(out) + "."


def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def opt(size=1232, flags=0, version=0, options=b"", rcode=0, owner=b"\0", length=None):
    return owner + struct.pack("!HHBBHH", 41, size, rcode, version, flags,
                               len(options) if length is None else length) + options


def rr(owner, type, rdata=b"", ttl=0, rdclass=1):
    return owner + struct.pack("!HHIH", type, rdclass, ttl, len(rdata)) + rdata


def query(qname, qtype, flags=0, opcode=0, qclass=1, edns=b"", id=0, counts=None, question=None, tail=b""):
    """A query as asked; counts replaces what the header says, tail follows the last record."""
    if question is None:
        question = qname + struct.pack("!HH", qtype, qclass)
    header = struct.pack("!HHHHHH", id, flags | opcode << 11, *(counts or (1, 0, 0, 1 if edns else 0)))
    return header + question + edns + tail


def is_query(packet):
    """Whether a server has to say something: a whole header that is no response's."""
    return len(packet) >= 12 and not packet[2] & 0x80


class Malformed(Exception):
    pass


class Reply:
    """A response taken apart. fault says what is wrong with its form, None when nothing is."""
    __slots__ = ("raw", "id", "flags", "opcode", "rcode", "counts", "question", "sections", "edns", "options",
                 "fault",
                 "twice", "_sets")

    def __init__(self, raw):
        self.raw = raw
        self.fault = None
        self.question = b""
        self.sections = ([], [], [])
        self.edns = None            # (UDP size, version, flags)
        self.options = []
        self.twice = False          # a record stands in it more than once
        self._sets = None
        self.id = self.flags = self.opcode = self.rcode = 0
        self.counts = (0, 0, 0, 0)
        try:
            self._read()
        except (IndexError, struct.error):
            self.fault = "ends too early"
        except Malformed as fault:
            self.fault = str(fault)

    def _read(self):
        raw = self.raw
        self.id, flags, *counts = struct.unpack_from("!HHHHHH", raw)
        self.flags = flags & 0x87f0
        self.opcode = flags >> 11 & 15
        self.rcode = flags & 15
        self.counts = tuple(counts)
        self.flags &= ~0x7800
        names, at = {}, 12
        for _ in range(counts[0]):
            begin = at
            _, at = self._name(at, names)
            at += 4
            if at > len(raw):
                raise Malformed("ends in the question")
            self.question += raw[begin:at]
        for section, count in enumerate(counts[1:]):
            records = self.sections[section]
            for _ in range(count):
                owner, at = self._name(at, names)
                rtype, rclass, ttl, length = struct.unpack_from("!HHIH", raw, at)
                at += 10
                if at + length > len(raw):
                    raise Malformed("RDATA beyond the end")
                if rtype == 41:
                    self._opt(section, owner, rclass, ttl, raw[at:at + length])
                else:
                    records.append((owner, rtype, rclass, ttl, self._rdata(rtype, at, length, names)))
                at += length
            if len(set(records)) != len(records):
                self.twice = True
        if at != len(raw):
            raise Malformed(f"{len(raw) - at} bytes behind the last record")

    def _opt(self, section, owner, size, ttl, data):
        if section != 2 or owner != b"\0" or self.edns is not None:
            raise Malformed("an OPT where none belongs")
        self.rcode |= (ttl >> 24) << 4
        self.edns = (size, ttl >> 16 & 0xff, ttl & 0xffff)
        at = 0
        while at < len(data):
            code, length = struct.unpack_from("!HH", data, at)
            if at + 4 + length > len(data):
                raise Malformed("an option beyond the OPT")
            self.options.append((code, data[at + 4:at + 4 + length]))
            at += 4 + length

    def _name(self, at, names):
        raw = self.raw
        begin, pieces, end, steps = at, [], None, 0
        while True:
            known = names.get(at)
            if known is not None and end is not None:
                pieces.append(known)
                break
            length = raw[at]
            if length >= 0xc0:
                target = (length & 0x3f) << 8 | raw[at + 1]
                if target >= at or target < 12:
                    raise Malformed("a pointer that does not point back")
                if end is None:
                    end = at + 2
                at = target
                steps += 1
                if steps > 127:
                    raise Malformed("pointers without end")
                continue
            if length > 63:
                raise Malformed("a label of an unknown type")
            if length == 0:
                pieces.append(b"\0")
                if end is None:
                    end = at + 1
                break
            pieces.append(raw[at:at + 1 + length])
            at += 1 + length
        wire = b"".join(pieces).lower()
        if len(wire) > 255:
            raise Malformed("a name of more than 255 bytes")
        names[begin] = wire
        return wire, end

    def _rdata(self, rtype, at, length, names):
        form = _NAMES_IN.get(rtype)
        if form is None or length == 0:
            return self.raw[at:at + length]
        before, count = form
        end = at + length
        out = self.raw[at:at + before]
        at += before
        for _ in range(count):
            wire, at = self._name(at, names)
            out += wire
        if at > end:
            raise Malformed("a name beyond its RDATA")
        return out + self.raw[at:end]

    @property
    def sets(self):
        if self._sets is None:
            self._sets = tuple(frozenset(records) for records in self.sections)
        return self._sets

    def option(self, code):
        return next((data for number, data in self.options if number == code), None)

    def types(self, section):
        return {record[1] for record in self.sections[section]}

    @property
    def rcode_text(self):
        return RCODES.get(self.rcode, str(self.rcode))

    def flag_text(self):
        pairs = ((QR, "qr"), (AA, "aa"), (TC, "tc"), (RD, "rd"), (RA, "ra"), (Z, "z"), (AD, "ad"), (CD, "cd"))
        return " ".join(text for bit, text in pairs if self.flags & bit)

    def text(self):
        """As a person reads it, a line a record."""
        lines = [f"{self.rcode_text} opcode {self.opcode} flags {self.flag_text() or 'none'}; {len(self.raw)} bytes; "
                 f"question {self.question.hex() if self.fault else question_text(self.question)}"]
        if self.fault:
            lines.append(f"MALFORMED: {self.fault}: {self.raw.hex()}")
        for title, records in zip(("answer", "authority", "additional"), self.sections):
            for record in sorted(records):
                lines.append(f"{title:10} {record_text(record)}")
        if self.edns:
            size, version, flags = self.edns
            options = " ".join(f"{code}:{data.hex()}" for code, data in self.options)
            lines.append(f"OPT size {size} version {version} flags {flags:#06x} {options}")
        return "\n".join(lines)


def question_text(question):
    try:
        return " ".join((name_text(question[:-4]), CLASSES.get(int.from_bytes(question[-2:], "big"), "CLASS"
                         + str(int.from_bytes(question[-2:], "big"))),
                         type_text(int.from_bytes(question[-4:-2], "big"))))
    except IndexError:
        return question.hex() or "none"


def record_text(record):
    owner, rtype, rclass, ttl, rdata = record
    try:
        import dns.rdata
        shown = dns.rdata.from_wire(rclass, rtype, rdata, 0, len(rdata)).to_text()
    except Exception:
        shown = f"\\# {len(rdata)} {rdata.hex()}"
    if len(shown) > 90:
        shown = shown[:86] + " ..."
    return f"{name_text(owner)} {ttl} {CLASSES.get(rclass, rclass)} {type_text(rtype)} {shown}"
