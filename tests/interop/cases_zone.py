# SPDX-License-Identifier: Apache-2.0
"""Rows of the reference table about what a zone answers: ANY, denials, wildcards, aliases, delegations."""
import wire
from expect import NOERROR, NXDOMAIN, OPTOUT, PLAIN, SERVFAIL, YXDOMAIN, ZONE, ZONE3, count_of, do, e, q
from wire import AA, DO, RA, TC, TYPES, Z


def any_rows(t):
    for tcp in (False, True):
        for packet, count in ((e(f"any.{ZONE}", "ANY"), 1), (do(f"any.{ZONE}", "ANY"), 2)):
            reply = t.expect(38, "ANY", packet, tcp, flags=AA)
            t.check(38, "ANY gets one RRset", reply and 0 < len(reply.types(0)) <= count, reply)
        reply = t.expect(39, "RRSIG", do(f"www.{ZONE}", "RRSIG"), tcp, answer="RRSIG", authority="", flags=AA)
        t.expect(39, "RRSIG in an unsigned zone", do(f"www.{PLAIN}", "RRSIG"), tcp, answer="", authority="SOA",
                 flags=AA)


def negative_rows(t):
    def proofs(row, what, packet, zone, nsec, nsec3, **wants):
        reply = t.expect(row, what, packet, flags=AA, **wants)
        kind = "NSEC3" if zone == ZONE3 else "NSEC"
        t.check(row, f"{what}: number of {kind}", count_of(reply, kind) == (nsec3 if zone == ZONE3 else nsec), reply)

    for zone, kind in ((ZONE, "NSEC"), (ZONE3, "NSEC3")):
        proofs(41, f"NXDOMAIN, {kind}", do(f"nope.{zone}", "A"), zone, 2, 3, rcode=(NXDOMAIN,), answer="",
               authority=f"SOA {kind} RRSIG")
        proofs(42, f"NODATA, {kind}", do(f"www.{zone}", "MX"), zone, 1, 1, answer="", authority=f"SOA {kind} RRSIG")
        for ent in ("ent", "a.ent"):
            proofs(42, f"empty non-terminal, {kind}", do(f"{ent}.{zone}", "A"), zone, 1, 1, answer="",
                   authority=f"SOA {kind} RRSIG")
        for qname in ("foo.wild", "a.b.wild"):
            proofs(43, f"wildcard answer, {kind}", do(f"{qname}.{zone}", "A"), zone, 1, 1, answer="A RRSIG",
                   authority=f"{kind} RRSIG")
        proofs(44, f"wildcard NODATA, {kind}", do(f"foo.wild.{zone}", "TXT"), zone, 1, 3, answer="",
               authority=f"SOA {kind} RRSIG")
        t.expect(45, f"a name blocks the wildcard, {kind}", do(f"x.host.wild.{zone}", "A"), rcode=(NXDOMAIN,),
                 answer="", authority=f"SOA {kind} RRSIG")
        reply = t.expect(43, f"the wildcard itself, {kind}", do(f"*.wild.{zone}", "A"), answer="A RRSIG",
                         authority="")
        for packet, row in ((do(f"nope.{zone}", "A"), 59), (do(zone, 1000), 59)):
            reply = t.expect(row, f"TTL of a denial, {kind}", packet, rcode=(NOERROR, NXDOMAIN))
            for record in reply.sections[1] if reply else ():
                original = int.from_bytes(record[4][4:8], "big")
                if record[1] == TYPES["SOA"]:
                    t.check(row, "SOA has its MINIMUM as TTL", record[3] == 300, reply)
                elif record[1] == TYPES["RRSIG"] and record[4][:2] == b"\0\6":
                    t.check(row, "RRSIG of SOA: the same TTL, the original one inside",
                            (record[3], original) == (300, 3600), reply)
                elif record[1] in (TYPES["NSEC"], TYPES["NSEC3"]):
                    t.check(row, "NSEC has the TTL of a denial", record[3] == 300, reply)


def alias_rows(t):
    for zone in (ZONE, ZONE3, PLAIN):
        signed = "" if zone == PLAIN else " RRSIG"
        kind = "" if zone == PLAIN else " NSEC3 RRSIG" if zone == ZONE3 else " NSEC RRSIG"
        reply = t.expect(46, "a chain of CNAME", do(f"cn2.{zone}", "A"), answer="CNAME A" + signed, flags=AA)
        t.check(46, "both aliases", reply and sum(r[1] == 5 for r in reply.sections[0]) == 2, reply)
        t.expect(46, "CNAME asked for", do(f"cn2.{zone}", "CNAME"), answer="CNAME" + signed, flags=AA)
        t.expect(47, "CNAME into nothing", do(f"cnnx.{zone}", "A"), rcode=(NXDOMAIN,), answer="CNAME" + signed,
                 authority="SOA" + kind, flags=AA)
        t.expect(47, "CNAME to a name without the type", do(f"cnnodata.{zone}", "TXT"), answer="CNAME" + signed,
                 authority="SOA" + kind)
        for qname in ("cnout", "cnother"):
            t.expect(48, f"{qname}: a CNAME out of the zone", do(f"{qname}.{zone}", "A"),
                     answer="CNAME" + signed if not (
                zone == PLAIN and qname == "cnother") else None, flags=AA)
        for qname in ("loop1", "self", "x.cnloop"):
            reply = t.expect(49, f"{qname}: a loop", do(f"{qname}.{zone}", "A"), rcode=(NOERROR, SERVFAIL))
            t.check(49, "each alias once", reply and not reply.twice and len(reply.sections[0]) <= 4, reply)
        t.expect(50, "below a DNAME", do(f"x.dn.{zone}", "A"), answer="DNAME CNAME A" + signed, flags=AA)
        reply = t.expect(50, "CNAME below a DNAME", do(f"x.dn.{zone}", "CNAME"), answer="DNAME CNAME" + signed,
                         flags=AA)
        t.check(50, "the CNAME has the TTL of the DNAME", reply and all(r[3] == 400 for r in reply.sections[0]),
                reply)
        t.expect(50, "at a DNAME, its A", do(f"dn.{zone}", "A"), answer="A" + signed, flags=AA)
        t.expect(50, "at a DNAME, no data", do(f"dn.{zone}", "MX"), answer="", authority="SOA" + kind, flags=AA)
        long = ".".join(["q" * 30] * 4)
        t.expect(51, "a DNAME too long", do(f"{long}.dnlong.{zone}", "A"), rcode=(YXDOMAIN,), answer="DNAME" + signed,
                 flags=AA)


def cut_rows(t):
    for zone, kind in ((ZONE, "NSEC"), (ZONE3, "NSEC3"), (OPTOUT, "NSEC3")):
        for qname in ("h.signed", "signed", "ns.signed", "a.b.c.signed"):
            t.expect(52, f"{qname} is delegated, signed", do(f"{qname}.{zone}", "A"), answer="",
                     authority="NS DS RRSIG", without=AA | RA | Z, additional="A AAAA")
        reply = t.expect(53, f"insecure delegation, {kind}", do(f"h.unsigned.{zone}", "A"), answer="",
                         authority=f"NS {kind} RRSIG", without=AA | RA | Z)
        t.check(53, "number of proofs", count_of(reply, kind) == (2 if zone == OPTOUT else 1), reply)
        for qname, qtype in (("signed", "NS"), ("ns.signed", "A"), ("signed", "ANY"), ("signed", "SOA"),
                             ("x.signed", "DS")):
            t.expect(54, f"{qname} {qtype}: referral", q(f"{qname}.{zone}", qtype), answer="", authority="NS",
                     without=AA | RA | Z)
        t.expect(55, "DS at a cut", do(f"signed.{zone}", "DS"), answer="DS RRSIG", flags=AA)
        t.expect(55, "no DS at a cut", do(f"unsigned.{zone}", "DS"), answer="", authority=f"SOA {kind} RRSIG",
                 flags=AA)
        t.expect(55, "DS below a cut", do(f"x.signed.{zone}", "DS"), answer="", authority="NS DS RRSIG",
                 without=AA | RA | Z)
    t.expect(56, "DS of a child served here too", do("kid.par.test", "DS"), answer="DS RRSIG", flags=AA)
    t.expect(56, "no DS of a child served here too", do("kidu.par.test", "DS"), answer="", authority="SOA NSEC RRSIG",
             flags=AA)
    reply = t.expect(56, "DS of a zone whose parent is not here", do(ZONE, "DS"), answer="",
                     authority="SOA NSEC RRSIG", flags=AA)
    t.check(56, "the SOA is its own", reply and all(r[0] == wire.name(ZONE) for r in reply.sections[1] if r[1] == 6),
            reply)
    t.expect(56, "the child's data from the child", do("www.kid.par.test", "A"), answer="A RRSIG", flags=AA)
    reply = t.expect(57, "13 NS, 26 addresses into 512 bytes", e(f"h.bigdeleg.{ZONE}", "A", size=512), answer="",
                     without=AA | RA | Z)
    t.check(57, "all glue or TC", reply and (reply.flags & TC or len(reply.sections[2]) == 26), reply)
    reply = t.expect(57, "13 NS, 26 addresses over TCP", e(f"h.bigdeleg.{ZONE}", "A"), True, authority="NS",
                     additional="A AAAA", without=AA | RA | Z | TC)
    t.check(57, "all glue", reply and len(reply.sections[2]) == 26, reply)
    reply = t.raw(do(f"nope.{ZONE3}", "A"))
    hashed = next((r[0] for r in reply.sections[1] if r[1] == TYPES["NSEC3"]), None) if reply else None
    if t.check(58, "an NSEC3 to ask for", hashed, reply):
        packet = wire.query(hashed, 1, edns=wire.opt(1232, DO))
        t.expect(58, "a name that only NSEC3 owns", packet, rcode=(NXDOMAIN,), answer="", authority="SOA NSEC3 RRSIG",
                 flags=AA)
        packet = wire.query(hashed, TYPES["NSEC3"], edns=wire.opt(1232, DO))
        t.expect(58, "its NSEC3", packet, rcode=(NXDOMAIN,), answer="", authority="SOA NSEC3 RRSIG", flags=AA)
