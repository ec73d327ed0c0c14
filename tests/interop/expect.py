# SPDX-License-Identifier: Apache-2.0
"""What a case is made of: questions as bytes, and a table that asks one server and keeps what was not as expected."""
import ask
import peers
import wire
from wire import AD, COOKIE, DO, RA, TYPES, Z

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN, NOTAUTH = 0, 1, 2, 3, 4, 5, 6, 9
BADVERS, BADCOOKIE = 16, 23
ZONE, ZONE3, PLAIN, OPTOUT, MULTI = "nsec.test", "n3.test", "plain.test", "optout.test", "multi.test"
CLIENT = wire.option(COOKIE, b"CLIENT__")


class Table:
    """Asks one server and keeps what was not as expected."""

    def __init__(self, server):
        self.server = server
        self.crowd = ask.Crowd({server.name: server.port})
        self.made = 0
        self.failures = []

    def raw(self, packet, tcp=False):
        if tcp:
            found = self.crowd.tcp([packet])[self.server.name][0]
        else:
            found = self.crowd.udp([packet])[self.server.name][0]
        return None if found is None else wire.Reply(found)

    def check(self, row, what, fact, reply=None, detail=""):
        self.made += 1
        if not fact:
            shown = "silence" if reply is None and not detail else "" if reply is None else reply.text()
            self.failures.append(f"row {row}: {what} {detail}\n      " + shown.replace("\n", "\n      "))
        return bool(fact)

    def expect(self, row, what, packet, tcp=False, rcode=(NOERROR,), answer=None, authority=None, additional=None,
               flags=0, without=RA | Z | AD, edns=None, question=True, opcode=0, **options):
        """One question and what its answer must be. answer, authority, additional: the exact set of types there,
        None: any. flags: must be set; without: must not. edns: whether there is an OPT. Gives the reply."""
        reply = self.raw(packet, tcp)
        if reply is None:
            self.check(row, what, False)
            return None
        wrong = []
        if reply.fault:
            wrong.append(f"malformed: {reply.fault}")
        if reply.rcode not in rcode:
            wrong.append(f"RCODE is {reply.rcode_text}")
        if reply.opcode != opcode:
            wrong.append("the opcode is not that of the query")
        if reply.flags & flags != flags:
            wrong.append("a flag is missing")
        if reply.flags & without:
            wrong.append("a flag is set that must not be")
        if edns is not None and (reply.edns is not None) != edns:
            wrong.append("OPT is missing" if edns else "an OPT that was not asked for")
        if reply.edns and reply.edns[1] != 0:
            wrong.append("EDNS version is not 0")
        if question and reply.question != packet[12:12 + len(reply.question)] or question and not reply.question:
            wrong.append("the question is not there, byte for byte")
        for title, section, wanted in (("answer", 0, answer), ("authority", 1, authority),
                                       ("additional", 2, additional)):
            if wanted is not None and reply.types(section) != {TYPES[text] for text in wanted.split()}:
                wrong.append(f"the {title} section holds " + (" ".join(map(wire.type_text,
                        sorted(reply.types(section)))) or "nothing"))
        for code, wanted in options.get("has", {}).items():
            data = reply.option(code)
            if data is None or not wanted(data):
                wrong.append(f"option {code} is {'missing' if data is None else data.hex()}")
        for code in options.get("hasnot", ()):
            if reply.option(code) is not None:
                wrong.append(f"option {code} should not be there")
        self.check(row, what, not wrong, reply, "; ".join(wrong))
        return reply

    def silent(self, row, what, packet):
        self.check(row, what, self.raw(packet) is None, detail="it was answered")

    def close(self, run, title):
        self.crowd.close()
        run.count(self.made - len(self.failures), self.failures,
                  f"{title}: {self.made} expectations, {len(self.failures)} failed")


def q(name, qtype, flags=0, **named):
    return wire.query(wire.name(name), TYPES.get(qtype, qtype) if isinstance(qtype, str) else qtype, flags, **named)


def e(name, qtype, options=b"", size=1232, flags=0, version=0, **named):
    return q(name, qtype, edns=wire.opt(size, flags, version, options), **named)


def do(name, qtype, size=1232):
    return e(name, qtype, size=size, flags=DO)


def is_nsid(data):
    return data == peers.IDENTITY.encode()


def is_cookie(data):
    return len(data) == 24 and data[:8] == b"CLIENT__" and data[8] == 1


def is_ede(*codes):
    return lambda data: len(data) >= 2 and int.from_bytes(data[:2], "big") in codes


def count_of(reply, rtype):
    return sum(record[1] == TYPES[rtype] for record in reply.sections[1]) if reply else -1
