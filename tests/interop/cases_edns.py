# SPDX-License-Identifier: Apache-2.0
"""EDNS compliance as RFC 8906, section 8, and the public testers have it, on UDP and TCP; cookies of all servers."""
import struct

import ask
import wire
from expect import (BADVERS, CLIENT, FORMERR, MULTI, NOERROR, NOTIMP, REFUSED, ZONE, Table, do, e, is_cookie, is_nsid,
                    q)
from wire import AA, AD, CD, COOKIE, DO, EXPIRE, NSID, RD, TC, Z, ZONEVERSION


def edns(run, ours, zones):
    """RFC 8906, section 8, as the public compliance testers try it, on UDP and TCP; then all options at once."""
    t = Table(ours)
    asked = b"".join((wire.option(NSID), CLIENT, wire.option(8, b"\0\1\0\0"), wire.option(EXPIRE)))
    for tcp in (False, True):
        t.expect("8.1.1", "plain SOA", q(ZONE, "SOA"), tcp, answer="SOA", flags=AA, edns=False)
        t.expect("8.1.2", "unknown type", q(ZONE, 1000), tcp, answer="", authority="SOA", flags=AA, edns=False)
        for flag in (CD, AD, Z):
            t.expect("8.1.3", f"header bit {flag:#x}", q(ZONE, "SOA", flag), tcp, answer="SOA", flags=AA, edns=False)
        t.expect("8.1.3.4", "RD", q(ZONE, "SOA", RD), tcp, answer="SOA", flags=AA | RD, edns=False)
        t.expect("8.1.4", "unknown opcode", q(ZONE, "SOA", opcode=15, counts=(0, 0, 0, 0), question=b""), tcp,
                 rcode=(NOTIMP,), opcode=15, question=False, answer="", edns=False)
        t.expect("8.2.1", "plain EDNS", e(ZONE, "SOA"), tcp, answer="SOA", flags=AA, edns=True)
        t.expect("8.2.2", "EDNS version 1", e(ZONE, "SOA", version=1), tcp, rcode=(BADVERS,), answer="", edns=True)
        t.expect("8.2.2", "EDNS version 255", e(ZONE, "SOA", version=255), tcp, rcode=(BADVERS,), answer="",
                 edns=True)
        t.expect("8.2.3", "unknown option", e(ZONE, "SOA", wire.option(100)), tcp, answer="SOA", flags=AA, edns=True,
                 hasnot=(100,))
        reply = t.expect("8.2.4", "unknown flag", e(ZONE, "SOA", flags=0x40), tcp, answer="SOA", flags=AA, edns=True)
        t.check("8.2.4", "unknown flag is not echoed", reply and reply.edns and reply.edns[2] == 0, reply)
        reply = t.expect("8.2.5", "version 1, unknown flag", e(ZONE, "SOA", version=1, flags=0x40), tcp,
                         rcode=(BADVERS,), answer="", edns=True)
        t.check("8.2.5", "unknown flag is not echoed", reply and reply.edns and reply.edns[2] == 0, reply)
        t.expect("8.2.6", "version 1, unknown option", e(ZONE, "SOA", wire.option(100), version=1), tcp,
                 rcode=(BADVERS,), answer="", edns=True, hasnot=(100,))
        reply = t.expect("8.2.7", "truncation", do(MULTI, "DNSKEY", 512), tcp, edns=True, flags=AA)
        t.check("8.2.7", "truncated on UDP only", reply and bool(reply.flags & TC) != tcp
                and (tcp or len(reply.raw) <= 512), reply)
        reply = t.expect("8.2.8", "DO", do(ZONE, "SOA"), tcp, answer="SOA RRSIG", edns=True)
        t.check("8.2.8", "DO comes back", reply and reply.edns and reply.edns[2] == DO, reply)
        reply = t.expect("8.2.9", "version 1 with DO", e(ZONE, "SOA", version=1, flags=DO), tcp, rcode=(BADVERS,),
                         answer="", edns=True)
        t.expect("8.2.10", "several options", e(ZONE, "SOA", asked), tcp, answer="SOA", flags=AA, edns=True,
                 has={NSID: is_nsid, COOKIE: is_cookie, EXPIRE: lambda data: len(data) == 4})
        t.expect("8.2.10", "several options, unknown between",
                 e(ZONE, "SOA", wire.option(65001, b"x") + asked + wire.option(100)), tcp, answer="SOA",
                 edns=True, has={NSID: is_nsid, COOKIE: is_cookie}, hasnot=(100, 65001))
        for size in (512, 1232, 4096, 65535):
            t.expect("8.2", f"EDNS size {size}", e(ZONE, "SOA", size=size), tcp, answer="SOA", flags=AA, edns=True)
    for tcp in (False, True):
        t.expect("9660", "ZONEVERSION", e(f"www.{ZONE}", "A", wire.option(ZONEVERSION)), tcp, answer="A",
                 has={ZONEVERSION: lambda data: data == struct.pack("!BBI", 2, 0, 2026010101)})
        t.expect("9660", "ZONEVERSION of what is not ours", e("not-here", "A", wire.option(ZONEVERSION)), tcp,
                 rcode=(REFUSED,), hasnot=(ZONEVERSION,))
        t.expect("9660", "ZONEVERSION with data", e(ZONE, "SOA", wire.option(ZONEVERSION, b"12345678")), tcp,
                 rcode=(FORMERR,))
    t.close(run, "edns, RFC 8906 section 8")


def cookies(run, servers):
    """Given the same secret all servers make the same cookies (RFC 9018), and take each other's."""
    made = {}
    crowd = ask.Crowd({server.name: server.port for server in servers})
    try:
        for _ in range(20):     # until all answer in the same second, which is part of a cookie
            found = crowd.udp([e(ZONE, "SOA", CLIENT)])
            made = {server: replies[0] and wire.Reply(replies[0]).option(COOKIE) for server, replies in found.items()}
            if len({cookie[12:16] for cookie in made.values() if cookie}) <= 1:
                break
        failures = []
        ours = made.get("ours") or b""
        for server, cookie in made.items():
            if cookie != ours:
                failures.append(f"cookies: {server} makes {cookie and cookie.hex()}, ours is {ours.hex()}")
        for server, replies in crowd.udp([e(ZONE, "SOA", wire.option(COOKIE, ours))]).items():
            reply = replies[0] and wire.Reply(replies[0])
            if not reply or reply.rcode != NOERROR:
                failures.append(f"cookies: {server} does not take ours:\n{reply and reply.text()}")
    finally:
        crowd.close()
    run.count(2 * len(made) - len(failures), failures, f"cookies of {' '.join(made)}: {len(failures)} failed")
