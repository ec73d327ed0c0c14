# SPDX-License-Identifier: Apache-2.0
"""The behaviours that operators try by hand: each row of the reference table as a case with what is expected of us,
also where peers do otherwise. Rows have the numbers of that table. Here: packets, EDNS, classes."""
import os
import socket
import struct
import time

import cases_tcp
import cases_zone
import peers
import wire
from expect import (BADCOOKIE, BADVERS, CLIENT, FORMERR, MULTI, NOERROR, NOTAUTH, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL,
                    ZONE, Table, do, e, is_cookie, is_ede, is_nsid, q)
from wire import AA, AD, CD, COOKIE, DO, EDE, EXPIRE, KEEPALIVE, NSID, RA, RD, TC, TYPES, Z


def table(run, ours, zones):
    t = Table(ours)
    for rows in (plain_rows, opcode_rows, edns_rows, size_rows, option_rows, chaos_rows, class_rows, transfer_rows,
                 broken_rows, cases_zone.any_rows, cases_zone.negative_rows, cases_zone.alias_rows,
                 cases_zone.cut_rows, cases_tcp.rows):
        rows(t)
    if os.geteuid() == 0:
        port_rows(t)
    else:
        run.skip("row 64: low source ports need root")
    unloaded_rows(run, t)
    t.close(run, "cases, the rows of the reference table")


def plain_rows(t):
    for tcp in (False, True):
        t.expect(1, "SOA without EDNS", q(ZONE, "SOA"), tcp, answer="SOA", flags=AA, edns=False)
        t.expect(2, "a type nobody knows", q(ZONE, 1000), tcp, answer="", authority="SOA", flags=AA, edns=False)
    for flag in (CD, AD, Z, CD | AD | Z):
        t.expect(3, f"query flags {flag:#x}", q(ZONE, "SOA", flag), answer="SOA", flags=AA)
    t.expect(4, "RD is copied, no recursion", q(ZONE, "SOA", RD), answer="SOA", flags=AA | RD)
    for flag in (AA, TC, RA, AA | TC | RA):
        t.expect(5, f"answer flags {flag:#x} in a query", q(ZONE, "SOA", flag), answer="SOA", flags=AA,
                 without=RA | TC | Z)
    for qname in ("nSeC.TeSt", "WWW.nsec.TEST", "wWw.NsEc.tEsT"):
        t.expect(40, f"the question of {qname} byte for byte", q(qname, "A"), flags=AA)


def opcode_rows(t):
    for opcode in (1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15):
        bare = q(ZONE, "SOA", opcode=opcode, counts=(0, 0, 0, 0), question=b"")
        for tcp in (False, True):
            for packet in (bare, q(ZONE, "SOA", opcode=opcode)):
                t.expect(6, f"opcode {opcode}", packet, tcp, rcode=(NOTIMP,), opcode=opcode, question=False,
                         answer="", authority="", additional="", without=AA | RA | Z | AD)
    t.expect(7, "NOTIFY from a stranger", q(ZONE, "SOA", opcode=4), rcode=(REFUSED, NOTAUTH), opcode=4, answer="",
             question=False)
    t.expect(8, "UPDATE", e(ZONE, "SOA", opcode=5), rcode=(REFUSED, NOTIMP, NOTAUTH), opcode=5, answer="",
             question=False)
    t.expect(9, "no question", q(ZONE, "SOA", counts=(0, 0, 0, 0), question=b""), rcode=(FORMERR,), question=False)
    t.expect(10, "no question, but a cookie", e(ZONE, "SOA", CLIENT, counts=(0, 0, 0, 1), question=b""),
             question=False, has={COOKIE: is_cookie})
    two = wire.name(ZONE) + struct.pack("!HH", 6, 1)
    t.expect(11, "two questions", q(ZONE, "SOA", counts=(2, 0, 0, 0), question=two + two), rcode=(FORMERR,),
             question=False)


def edns_rows(t):
    for tcp in (False, True):
        t.expect(12, "EDNS version 1", e(ZONE, "SOA", version=1), tcp, rcode=(BADVERS,), answer="", authority="",
                 edns=True, without=AA | RA | Z | AD)
        t.expect(13, "EDNS version 1 with NSID", e(ZONE, "SOA", wire.option(NSID), version=1), tcp, rcode=(BADVERS,),
                 edns=True, has={NSID: is_nsid})
        t.expect(13, "EDNS version 1 with a cookie", e(ZONE, "SOA", CLIENT, version=1), tcp, rcode=(BADVERS,),
                 edns=True, has={COOKIE: is_cookie})
        t.expect(14, "an unknown option", e(ZONE, "SOA", wire.option(100, b"abc")), tcp, answer="SOA", edns=True,
                 hasnot=(100,))
        reply = t.expect(15, "unknown EDNS flags", e(ZONE, "SOA", flags=0x7fff), tcp, answer="SOA", edns=True)
        t.check(15, "EDNS flags are not echoed", reply and reply.edns and reply.edns[2] == 0, reply)
    opts = wire.opt()
    for what, packet in (("two OPT", q(ZONE, "SOA", edns=opts + opts, counts=(1, 0, 0, 2))),
                         ("OPT with an owner", q(ZONE, "SOA", edns=wire.opt(owner=b"\1x\0"))),
                         ("OPT as an answer", q(ZONE, "SOA", counts=(1, 1, 0, 0), tail=opts)),
                         ("OPT as an authority", q(ZONE, "SOA", counts=(1, 0, 1, 0), tail=opts))):
        t.expect(16, what, packet, rcode=(FORMERR,), answer="", question=False)
    for what, packet in (("an option longer than OPT", e(ZONE, "SOA", b"\0\3\0\7")),
                         ("half an option header", e(ZONE, "SOA", b"\0\3\0")),
                         ("OPT longer than the packet", q(ZONE, "SOA", edns=wire.opt(length=9)))):
        t.expect(17, what, packet, rcode=(FORMERR,), answer="", question=False)
    reply = t.expect(18, "DO", do(ZONE, "SOA"), answer="SOA RRSIG", edns=True)
    t.check(18, "DO is echoed", reply and reply.edns and reply.edns[2] == DO, reply)
    for version in (1, 1, 0):
        t.expect(65, f"EDNS version {version} in turn", e(ZONE, "SOA", version=version),
                 rcode=(BADVERS,) if version else (NOERROR,), answer="" if version else "SOA", edns=True)


def size_rows(t):
    for size in (512, 100, 0):
        reply = t.expect(19, f"DNSKEY into {size} bytes", do(MULTI, "DNSKEY", size), answer="", flags=TC | AA,
                         edns=True)
        t.check(19, "at most 512 bytes", reply and len(reply.raw) <= 512, reply)
    reply = t.expect(19, "what fits into 512, asked for with 100", e(ZONE, "SOA", size=100), answer="SOA")
    t.expect(20, "big TXT without EDNS", q(f"big.{ZONE}", "TXT"), answer="", authority="", flags=TC | AA, edns=False)
    t.expect(21, "big TXT, 4096 offered", e(f"big.{ZONE}", "TXT", size=4096), answer="", flags=TC | AA, edns=True)
    reply = t.expect(22, "big TXT over TCP", q(f"big.{ZONE}", "TXT"), True, answer="TXT", without=TC | RA | Z)
    t.check(22, "all of it", reply and len(reply.sections[0]) == 13, reply)
    reply = t.expect(22, "22 kB of TXT over TCP", do(f"huge.{ZONE}", "TXT"), True, answer="TXT RRSIG",
                     without=TC | RA | Z)
    t.check(22, "all of it", reply and len(reply.sections[0]) == 91, reply)


def option_rows(t):
    for tcp in (False, True):
        for payload in (b"", b"payload"):
            asked = wire.option(NSID, payload)
            for what, packet, rcode in (
                    ("an answer", e(ZONE, "SOA", asked), NOERROR),
                                        ("NXDOMAIN", e(f"nope.{ZONE}", "A", asked), NXDOMAIN),
                    ("REFUSED", e("not-here", "SOA", asked), REFUSED),
                                        ("NOTIMP", e(ZONE, "SOA", asked, opcode=15), NOTIMP),
                    ("FORMERR", e(ZONE, "SOA", asked, counts=(0, 0, 0, 1), question=b""), FORMERR),
                    ("a referral", e(f"x.signed.{ZONE}", "A", asked), NOERROR),
                                        ("CHAOS", e("id.server", "TXT", asked, qclass=3), NOERROR),
                    ("TC", e(f"big.{ZONE}", "TXT", asked), NOERROR)):
                t.expect(23, f"NSID on {what}", packet, tcp, rcode=(rcode,), opcode=packet[2] >> 3 & 15,
                         question=False, has={NSID: is_nsid})
        reply = t.expect(24, "a cookie", e(ZONE, "SOA", CLIENT), tcp, answer="SOA", has={COOKIE: is_cookie})
        good = reply and reply.option(COOKIE)
        if good:
            t.expect(24, "our own cookie again", e(ZONE, "SOA", wire.option(COOKIE, good)), tcp, answer="SOA",
                     has={COOKIE: is_cookie})
        t.expect(25, "a cookie of somebody else", e(ZONE, "SOA",
                                                    wire.option(COOKIE, b"CLIENT__" + b"\1" + b"junk" * 3 + b"123")),
                 tcp, rcode=(NOERROR, BADCOOKIE), has={COOKIE: is_cookie})
        for length in (0, 1, 7, 9, 15, 41):
            t.expect(26, f"a cookie of {length} bytes", e(ZONE, "SOA", wire.option(COOKIE, b"x" * length)), tcp,
                     rcode=(FORMERR,), answer="")
        t.expect(27, "EXPIRE", e(ZONE, "SOA", wire.option(EXPIRE)), tcp, answer="SOA",
                 has={EXPIRE: lambda data: data == struct.pack("!I", 1209600)})
        for payload in (b"\0\1\x18\0\xc0\0\2", b"\0\1\x18\x18\xc0\0\2", b"\0\7\x18\0\xc0\0\2"):
            reply = t.expect(28, "client subnet", e(ZONE, "SOA", wire.option(8, payload)), tcp,
                             rcode=(NOERROR, FORMERR))
            data = reply and reply.option(8)
            t.check(28, "no scope for a client subnet", data is None or data[3] == 0, reply)
    t.expect(29, "keepalive over TCP", e(ZONE, "SOA", wire.option(KEEPALIVE)), True, answer="SOA",
             has={KEEPALIVE: lambda data: len(data) == 2 and data != b"\0\0"})
    t.expect(29, "keepalive over UDP", e(ZONE, "SOA", wire.option(KEEPALIVE)), answer="SOA", hasnot=(KEEPALIVE,))


def chaos_rows(t):
    text = bytes([len(peers.IDENTITY)]) + peers.IDENTITY.encode()
    version = bytes([len(peers.VERSION)]) + peers.VERSION.encode()
    for row, qname, wanted in ((30, "id.server", text), (30, "hostname.bind", text), (30, "ID.SERVER", text),
                               (30, "HostName.Bind", text),
                               (31, "version.server", version), (31, "version.bind", version),
                               (31, "VERSION.BIND", version)):
        reply = t.expect(row, f"CH TXT {qname}", q(qname, "TXT", qclass=3), answer="TXT")
        record = reply and reply.sections[0] and reply.sections[0][0]
        t.check(row, f"CH TXT {qname}: text, TTL 0", record and record[2:] == (3, 0, wanted), reply)
    t.expect(32, "CH TXT foo", e("foo", "TXT", qclass=3), rcode=(REFUSED,), answer="", has={EDE: is_ede(20, 21)})
    for qclass in (4, 77):
        t.expect(32, f"class {qclass}", e(ZONE, "SOA", qclass=qclass), rcode=(REFUSED,), answer="",
                 has={EDE: is_ede(20, 21)})


def class_rows(t):
    reply = t.expect(33, "class ANY", q(ZONE, "SOA", qclass=255), rcode=(NOERROR, FORMERR, REFUSED))
    t.check(33, "class ANY is never authoritative", reply and not reply.flags & AA, reply)
    for qname, qtype in (("not-here", "SOA"), (".", "NS"), ("test", "NS"), ("www.example.com", "A")):
        t.expect(34, f"{qname} {qtype}, not ours", e(qname, qtype), rcode=(REFUSED,), answer="", authority="",
                 additional="", without=AA | RA | Z | AD, has={EDE: is_ede(20)})


def transfer_rows(t):
    t.expect(36, "AXFR over UDP", q(ZONE, "AXFR"), rcode=(NOTIMP, FORMERR, REFUSED), answer="")
    t.expect(37, "AXFR from a stranger", q(ZONE, "AXFR"), True, rcode=(REFUSED, NOTAUTH), answer="")
    soa = wire.rr(wire.name(ZONE), 6, b"\0\0" + struct.pack("!5I", 1, 1, 1, 1, 1))
    t.expect(37, "IXFR from a stranger", q(ZONE, "IXFR", counts=(1, 0, 1, 0), tail=soa), True,
             rcode=(REFUSED, NOTAUTH), answer="")
    t.expect(37, "AXFR of what is not ours", q("not-here", "AXFR"), True, rcode=(REFUSED, NOTAUTH), answer="")


def broken_rows(t):
    response = q(ZONE, "SOA", wire.QR)
    for what, packet in (("a response", response), ("11 bytes", response[:11]), ("QR in a short packet", b"\1\2\x80"),
                         ("an empty packet", b"")):
        t.silent(60, what, packet)
    tail = struct.pack("!HH", 1, 1)
    for what, question in (("a label of type 01", b"\x40a\0" + tail), ("a label of type 10", b"\x80a\0" + tail),
                           ("a pointer to itself", b"\xc0\x0c" + tail),
                           ("a pointer beyond the end", b"\xc0\xff" + tail),
                           ("a name of 257 bytes", b"\1a" * 128 + b"\0" + tail),
                           ("a name that does not end", b"\3abc"), ("no class", wire.name(ZONE) + b"\0\1"),
                           ("no type", wire.name(ZONE))):
        t.expect(61, what, q(ZONE, "A", question=question), rcode=(FORMERR,), answer="", question=False)
    record = wire.rr(wire.name("x"), 1, b"\1\2\3\4")
    for what, packet in (("bytes behind", q(ZONE, "SOA", tail=b"behind")),
                         ("a record as answer", q(ZONE, "SOA", counts=(1, 1, 0, 0), tail=record)),
                         ("a record as authority", q(ZONE, "SOA", counts=(1, 0, 1, 0), tail=record)),
                         ("a record as additional", q(ZONE, "SOA", counts=(1, 0, 0, 1), tail=record)),
                         ("OPT and a record", q(ZONE, "SOA", counts=(1, 0, 0, 2), tail=record + wire.opt()))):
        t.expect(62, what, packet, rcode=(NOERROR, FORMERR))
    t.expect(62, "fewer records than the header says", q(ZONE, "SOA", counts=(1, 0, 0, 3), tail=record),
             rcode=(FORMERR,), question=False)
    signature = wire.name("hmac-sha256.") + struct.pack("!HIHH", 0, int(time.time()), 300,
                                                        32) + bytes(32) + struct.pack("!HHH", 0, 0, 0)
    tsig = wire.rr(wire.name("nobody."), TYPES["TSIG"], signature, rdclass=255)
    reply = t.expect(63, "TSIG with an unknown key", q(ZONE, "SOA", counts=(1, 0, 0, 1), tail=tsig), rcode=(NOTAUTH,),
                     answer="")
    t.check(63, "BADKEY says so", reply and TYPES["TSIG"] in reply.types(2) and any(
        r[4].endswith(struct.pack("!HH", 17, 0)) for r in reply.sections[2]), reply)
    t.expect(63, "TSIG that is not last", q(ZONE, "SOA", counts=(1, 0, 0, 2), tail=tsig + record), rcode=(FORMERR,),
             answer="", question=False)
    t.expect(63, "two TSIG", q(ZONE, "SOA", counts=(1, 0, 0, 2), tail=tsig + tsig), rcode=(FORMERR,), answer="",
             question=False)


def port_rows(t):
    for port in (7, 13, 19, 37):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            s.connect(("127.0.0.1", t.server.port))
            s.settimeout(0.2)
            s.send(b"\1\2" + q(ZONE, "SOA")[2:])
            try:
                s.recv(4096)
                answered = True
            except OSError:
                answered = False
            t.check(64, f"nothing goes to port {port}", not answered, detail="it was answered")


def unloaded_rows(run, t):
    """A node of its own, one of whose zones cannot be loaded."""
    folder = run.folder / "unloaded"
    folder.mkdir()
    (folder / "good.zone").write_text("@ 3600 SOA ns h 1 2 3 4 5\n@ 3600 NS ns\nns 3600 A 192.0.2.1\n")
    (folder / "bad.zone").write_text("@ 3600 SOA ns h 1 2 3 4 5\nthis is no record\n")
    node = peers.Ours(folder, {"good.test": folder / "good.zone", "bad.test": folder / "bad.zone"})
    node.start()
    try:
        for _ in range(100):
            time.sleep(0.05)
            second = Table(node)
            if node.process.poll() is not None or second.crowd.udp([q("good.test", "SOA")])["ours"][0]:
                break
            second.crowd.close()
        if not t.check(35, "a node starts with one zone broken", node.process.poll() is None,
                       detail=node.log()[-400:]):
            return
        second.expect(35, "a zone that could not be loaded", e("www.bad.test", "A"), rcode=(SERVFAIL,), answer="",
                      authority="", without=AA | RA | Z, has={EDE: is_ede(14)})
        second.expect(35, "the others are served", e("good.test", "SOA"), answer="SOA")
        second.crowd.close()
        t.made += second.made
        t.failures += second.failures
    finally:
        node.stop()
