# SPDX-License-Identifier: Apache-2.0
"""Validates answers of our server: dnspython checks every signature of an answer, delv and drill whole chains from a
trust anchor that is the test key."""
import shutil
import subprocess

import dns.dnssec
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

import wire

SECONDS = 20
# A name to ask of the zones that have the reference names, with what must come of it.
ASKED = (("www", "A"), ("www", "MX"), ("nope", "A"), ("a.ent", "A"), ("foo.wild", "A"), ("foo.wild", "TXT"),
         ("x.host.wild", "A"),
         ("cn2", "A"), ("cnnx", "A"), ("cnwild", "A"), ("x.dn", "A"), ("h.unsigned", "A"), ("unsigned", "DS"),
         ("signed", "DS"),
         ("q.cnd.w-data", "A"), ("q.cnw.w-ent", "A"), ("", "SOA"), ("", "DNSKEY"), ("", "NS"))


class Checker:
    def __init__(self, run, server, name):
        self.run, self.server, self.name = run, server, name
        self.made = 0
        self.failures = []
        self.keys = {}      # {zone: RRset of its DNSKEY, proven by itself}

    def fail(self, text):
        self.failures.append(f"{self.name}: {text}")

    def ask(self, qname, qtype):
        query = dns.message.make_query(qname, qtype, want_dnssec=True, payload=1232)
        query.flags = 0
        return dns.query.udp_with_fallback(query, "127.0.0.1", SECONDS, self.server.port)[0]

    def key_of(self, zone):
        if zone not in self.keys:
            answer = self.ask(zone, "DNSKEY").answer
            keys = next((rrset for rrset in answer if rrset.rdtype == dns.rdatatype.DNSKEY), None)
            self.keys[zone] = keys
        return self.keys[zone]

    def signatures(self, qname, qtype, secure=True):
        """Every RRset of the answer and authority section that should be signed is, and its signatures verify."""
        self.made += 1
        reply = self.ask(qname, qtype)
        title = f"{qname} {qtype}"
        dnames = [rrset for rrset in reply.answer if rrset.rdtype == dns.rdatatype.DNAME]
        referral = not reply.flags & dns.flags.AA
        for section in (reply.answer, reply.authority):
            for rrset in section:
                if rrset.rdtype == dns.rdatatype.RRSIG:
                    continue
                found = next((other for other in section if other.rdtype == dns.rdatatype.RRSIG
                              and other.covers == rrset.rdtype
                              and other.name == rrset.name), None)
                if found is None:
                    synthesized = rrset.rdtype == dns.rdatatype.CNAME and any(rrset.name.is_subdomain(d.name)
                            for d in dnames)
                    delegation = rrset.rdtype == dns.rdatatype.NS and section is reply.authority
                    if secure and not synthesized and not delegation:
                        self.fail(f"{title}: {rrset.name} {rrset.rdtype.name} is not signed\n{reply}")
                    continue
                for rrsig in found:
                    keys = self.key_of(rrsig.signer)
                    try:
                        dns.dnssec.validate(rrset, dns.rrset.from_rdata(found.name, found.ttl, rrsig),
                                            {rrsig.signer: keys})
                    except Exception as error:
                        self.fail(f"{title}: {rrset.name} {rrset.rdtype.name}: {error!r}\n{reply}")
        if referral and not any(rrset.rdtype == dns.rdatatype.NS for rrset in reply.authority):
            self.fail(f"{title}: neither authoritative nor a referral\n{reply}")

    def command(self, words, good, what):
        """A tool must say it is good. good: a function of its output."""
        self.made += 1
        try:
            done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=SECONDS,
                                  cwd=self.run.folder)
        except subprocess.TimeoutExpired:
            self.fail(f"{' '.join(map(str, words))}: no end after {SECONDS} s")
            return
        output = done.stdout + done.stderr
        if not good(output):
            self.fail(f"{what}\n      {' '.join(map(str, words))}\n      " + output[-1500:].replace("\n", "\n      "))

    def delv(self, anchor, zone, qname, qtype, wanted):
        if shutil.which("delv"):
            self.command(["delv", "@127.0.0.1", "-p", self.server.port, "-a", anchor, f"+root={zone}", qname, qtype],
                         lambda output: wanted in output, f"delv: {qname} {qtype} should be {wanted!r}")

    def drill(self, key, qname, qtype):
        if shutil.which("drill"):
            # A signature chase from the name up to the key it is given.
            self.command(["drill", "-S", "-k", key, "-p", self.server.port, qname, qtype, "@127.0.0.1"],
                         lambda output: ";; Chase successful" in output,
                         f"drill -S: {qname} {qtype}")

    def end(self):
        self.run.count(self.made - len(self.failures), self.failures,
                       f"{self.name}: {self.made} validations, {len(self.failures)} failed")


def anchor_file(folder, zone):
    """What delv -a wants, and the DNSKEY file for drill -k."""
    lines = []
    for path in zone.ksks:
        line = next(line for line in path.read_text().splitlines() if not line.startswith(";"))
        owner, rdata = line.split(" DNSKEY ")
        flags, protocol, algorithm, *key = rdata.split()
        lines.append(f'{owner.split()[0]} static-key {flags} {protocol} {algorithm} "{"".join(key)}";')
    path = folder / f"anchor-{'root' if zone.name == '.' else zone.name}"
    path.write_text("trust-anchors {\n" + "\n".join(lines) + "\n};\n")
    return path


def _can_verify(run):
    try:
        import cryptography     # noqa: F401: what dnspython verifies with
    except ImportError:
        run.skip("python3-cryptography is not installed: no signature can be verified")
        return False
    for tool in ("delv", "drill"):
        if not shutil.which(tool):
            run.skip(f"{tool} is not installed")
    return True


def zones(run, server, zone_list):
    """Each signed zone of the first group."""
    if not _can_verify(run):
        return
    checker = Checker(run, server, "validate")
    for zone in zone_list:
        if zone.style is None:
            continue
        children = tuple(other.wire for other in zone_list if other is not zone and other.wire.endswith(zone.wire))
        anchor = anchor_file(run.folder, zone)
        full = wire.name(f"cnwild.{zone.name}") in zone.names
        for label, qtype in ASKED if full else (("www", "A"), ("nope", "A"), ("", "SOA"), ("", "DNSKEY"),
                                                ("x.wild", "A")):
            if zone.name == "multi.test" and label.endswith(("cnd.w-data", "cnw.w-ent")):
                continue        # it has the reference names only
            qname = f"{label}.{zone.dot}" if label else zone.dot
            checker.signatures(qname, qtype)
            if label.startswith("h."):
                checker.delv(anchor, zone.dot, qname, qtype, "resolution failed")     # nobody serves the child
            elif not zone.name.startswith("r") or zone.name == "rsa.test":
                checker.delv(anchor, zone.dot, qname, qtype, _verdict(checker, zone, qname, qtype))
        for name in zone.names[::7]:
            if not name.endswith(children or b"?"):
                checker.signatures(wire.name_text(name), "A")
    checker.end()


def _verdict(checker, zone, qname, qtype):
    """What delv has to say: that it is proven; but with opt-out an answer from a wildcard is not, since the proof
    that nothing is closer is not (RFC 5155, 12.2.1)."""
    reply = checker.ask(qname, qtype)
    authority = {rrset.rdtype for rrset in reply.authority}
    if zone.optout and reply.answer and dns.rdatatype.NSEC3 in authority and dns.rdatatype.SOA not in authority:
        return "; unsigned answer"
    return "; fully validated" if reply.answer else "; negative response, fully validated"


def root(run, server, zone_list):
    """The root: its own names, TLDs signed and not, names that are not there."""
    if not _can_verify(run):
        return
    zone = zone_list[0]
    checker = Checker(run, server, f"validate root {zone.signer} {zone.style}")
    anchor = anchor_file(run.folder, zone)
    for qname, qtype in ((".", "SOA"), (".", "NS"), (".", "DNSKEY"), ("org.", "DS"), ("net.", "DS"), ("de.", "DS"),
                         ("nope-nope.", "A"),
                         ("a.b.nope-nope.", "A"), (".", "TXT"), ("aa.", "A"), ("zzzzz.", "DS"), ("arpa.", "DS")):
        checker.signatures(qname, qtype)
        checker.delv(anchor, ".", qname, qtype, _verdict(checker, zone, qname, qtype))
        if zone.style == "nsec" or checker.ask(qname, qtype).rcode() != dns.rcode.NXDOMAIN:
            checker.drill(zone.ksks[0], qname, qtype)   # its chase does not know NXDOMAIN with NSEC3, whoever answers
    tlds = [name for name in zone.names if len(wire.labels_of(name)) == 1]
    for name in tlds[::40]:
        checker.signatures(wire.name_text(name), "DS")
        checker.signatures(wire.name_text(name), "NS")
    checker.end()
