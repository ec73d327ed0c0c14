# SPDX-License-Identifier: Apache-2.0
"""The zones that are compared: made here, signed at test time by the tools of BIND and ldns. `content` holds the
names of the reference table and every kind of node below every other kind; `random_tree` small random zones; the root
is the real one, signed anew with test keys. What is in a zone depends on nothing but its name and the seed; only keys
are fresh."""
import lzma
import pathlib
import random
import shutil
import subprocess

import wire

TOP = pathlib.Path(__file__).resolve().parents[2]
ROOTS = TOP.parent / "shared" / "data" / "root"
INCEPTION, EXPIRATION = "20240101000000", "20371231000000"
DIGEST = "2BB183AF5F22588179A53B0A98631FAD1A292118D0A2BA0A0A0A0A0A0A0A0A0A"
LONG = ".".join(["l" * 60] * 3)


class Zone:
    """name: text without the last dot ("." for the root). style: how it is signed, None when it is not."""

    def __init__(self, name, style=None, signer=None, salt=None, iterations=0, optout=False, keys="ecdsa", extra=""):
        self.name, self.style, self.signer = name, style, signer
        self.salt, self.iterations, self.optout, self.keys, self.extra = salt, iterations, optout, keys, extra
        self.lines = []
        self.file = None
        self.ksks = []          # key files whose DS a parent would have
        self.names = []         # wire names that are in it
        self.wire = wire.name(name)
        self.missing = set()    # servers that do not serve it

    @property
    def dot(self):
        return "." if self.name == "." else self.name + "."

    @property
    def kind(self):
        if self.style is None:
            return "unsigned"
        text = f"{self.style} {self.signer} {self.keys}"
        if self.style == "nsec3":
            text += f" salt {self.salt or '-'} iterations {self.iterations}{' opt-out' if self.optout else ''}"
        return text


def apex(minimum=300):
    return [f"@ 3600 SOA ns1 hostmaster 2026010101 7200 1800 1209600 {minimum}",
            "@ 3600 NS ns1", "@ 3600 NS ns2", "ns1 3600 A 192.0.2.1", "ns1 3600 AAAA 2001:db8::1",
            "ns2 3600 A 192.0.2.2",
            "@ 3600 MX 10 mail", "@ 3600 MX 20 mail.elsewhere.example.", "mail 3600 A 192.0.2.25"]


def reference():
    """The names that the reference table asks for."""
    lines = apex() + [
        "@ 3600 TXT \"apex\"", "@ 300 CAA 0 issue \"ca.example\"", "@ 300 TYPE65280 \\# 4 01020304",
        "www 300 A 192.0.2.80", "www 300 AAAA 2001:db8::80", "www 300 TXT \"www\"",
        "any 300 A 192.0.2.7", "any 300 A 192.0.2.8", "any 300 AAAA 2001:db8::7", "any 300 TXT \"any\"",
                      "any 300 MX 5 mail",
        "b.a.ent 300 A 192.0.2.9", "*.wild 300 A 192.0.2.10", "*.wild 300 MX 1 mail", "host.wild 300 A 192.0.2.11",
        "cn1 300 CNAME www", "cn2 300 CNAME cn1", "cnnx 300 CNAME nope", "cnnx2 300 CNAME cnnx",
                      "cnent 300 CNAME ent",
        "cnout 300 CNAME www.elsewhere.example.", "cnother 300 CNAME www.plain.test.", "cnwild 300 CNAME x.wild",
        "cncut 300 CNAME h.signed", "cncutu 300 CNAME h.unsigned", "cndn 300 CNAME x.dn", "cnapex 300 CNAME @",
        "cnnodata 300 CNAME mail", "loop1 300 CNAME loop2", "loop2 300 CNAME loop1", "self 300 CNAME self",
        "*.cnwild 300 CNAME www", "*.cnwildnx 300 CNAME nope", "*.cnloop 300 CNAME y.cnloop",
                      "*.cnwildwild 300 CNAME q.wild",
        "dn 400 DNAME target", "www.target 300 A 192.0.2.12", "x.target 300 A 192.0.2.13",
                      "c.target 300 CNAME x.target",
        "*.w.target 300 A 192.0.2.14", "dnout 400 DNAME elsewhere.example.", "dnx 400 DNAME nowhere",
                      "dnn 400 DNAME dn",
        "dnw 400 DNAME wild", "dncut 400 DNAME signed", "dnloop 400 DNAME a.dnloop2", "dnloop2 400 DNAME dnloop",
        f"dnlong 400 DNAME {LONG}", "dn 300 TXT \"beside a DNAME\"", "dn 300 A 192.0.2.15",
        "signed 300 NS ns.signed", "signed 300 NS ns.elsewhere.example.", f"signed 300 DS 12345 13 2 {DIGEST}",
        f"signed 300 DS 12345 8 2 {DIGEST}", "ns.signed 300 A 192.0.2.16", "ns.signed 300 AAAA 2001:db8::16",
        "unsigned 300 NS ns.unsigned", "unsigned 300 NS ns1", "ns.unsigned 300 A 192.0.2.17",
        "sibling 300 NS ns.signed", "sibling 300 NS ns.unsigned", "noglue 300 NS ns.elsewhere.example.",
        "deep.cut.ent2 300 NS ns1", f"deep2.cut.ent2 300 NS ns1", f"deep2.cut.ent2 300 DS 1 13 2 {DIGEST}",
        "only.cut.ent3 300 NS ns2", "bigdeleg 300 NS nsa.bigdeleg",
        "svc 300 HTTPS 1 . alpn=h2", "svc 300 SVCB 1 svctarget alpn=h2 port=8443", "svctarget 300 A 192.0.2.18",
        "svctarget 300 AAAA 2001:db8::18", "svcalias 300 HTTPS 0 svctarget",
                      "svcout 300 HTTPS 0 svc.elsewhere.example.",
        "_sip._tcp 300 SRV 1 2 5060 mail", "_sip._tcp 300 SRV 2 2 5060 svctarget",
                      "unknown 300 TYPE65280 \\# 3 abcdef",
        "unknown 300 TYPE4711 \\# 0", "hinfo 300 HINFO \"a\" \"b\"", "rp 300 RP mail www",
                      "naptr 300 NAPTR 1 1 \"\" \"\" \"\" www",
        "loc 300 LOC 51 0 0 N 4 0 0 E 10m", "_443._tcp 300 TLSA 3 1 1 " + DIGEST, "sshfp 300 SSHFP 4 2 " + DIGEST,
        "ptr 300 PTR www", "afsdb 300 AFSDB 1 mail", f"{LONG} 300 A 192.0.2.19", "\\000odd\\.dot 300 A 192.0.2.20",
        "UPPER 300 A 192.0.2.21", "upper-target 300 CNAME uPPer", "eight\\200bit 300 A 192.0.2.22",
        "sub.*.inner 300 A 192.0.2.24", "caa 300 CAA 0 issue \";\"", "ttl 7 A 192.0.2.26",
    ]
    lines += [f"big 300 TXT \"{i:03d} {'x' * 120}\"" for i in range(13)]
    lines += [f"huge 300 TXT \"{i:03d} {'y' * 240}\"" for i in range(90)]
    lines += [f"manya 300 A 198.51.{100 + i // 250}.{i % 250}" for i in range(90)]
    for i in range(13):
        host = f"ns{chr(97 + i)}.bigdeleg"
        lines += [f"bigdeleg 300 NS {host}"] if i else []
        lines += [f"{host} 300 A 192.0.2.{100 + i}", f"{host} 300 AAAA 2001:db8::{100 + i}"]
    lines += [f"chain{i} 300 CNAME chain{i + 1}" for i in range(30)] + ["chain30 300 A 192.0.2.27"]
    return lines


# Every kind of node, as lines for the name @@.
KINDS = {
    "data": ["@@ 300 A 192.0.2.30", "@@ 300 TXT \"data\""],
    "cnd": ["@@ 300 CNAME www"],
    "cnx": ["@@ 300 CNAME none.here"],
    "cnw": ["@@ 300 CNAME some.wild"],
    "cnc": ["@@ 300 CNAME h.signed"],
    "dnm": ["@@ 300 DNAME target"],
    "cut": ["@@ 300 NS ns.@@", "@@ 300 NS ns1", "ns.@@ 300 A 192.0.2.31"],
    "cds": ["@@ 300 NS ns.elsewhere.example.", f"@@ 300 DS 7 13 2 {DIGEST}"],
    "ent": [],
}
BELOW = ("data", "cnd", "cnx", "dnm", "cut", "cds", "ent")


def combinations():
    """Each kind of node below each other, also as and below wildcards; `ent` gets its existence from what is
    below."""
    lines = []
    for above, above_lines in KINDS.items():
        occludes = above in ("cut", "cds", "dnm")
        top = f"k-{above}"
        lines += [line.replace("@@", top) for line in above_lines]
        if occludes:
            continue
        for kind in BELOW:
            node = f"{kind}.{top}"
            lines += [line.replace("@@", node) for line in KINDS[kind]]
            if kind == "ent":
                lines += [f"below.{node} 300 A 192.0.2.32"]
        top = f"w-{above}"
        lines += [line.replace("@@", top) for line in above_lines]
        for kind in ("data", "cnd", "cnx", "cnw", "cnc"):
            base = f"{kind}.{top}"
            lines += [line.replace("@@", f"*.{base}") for line in KINDS[kind]]
            lines += [f"in.{base} 300 TXT \"blocks\"", f"deeper.in2.{base} 300 TXT \"an ENT blocks\""]
            lines += [line.replace("@@", f"cut.{base}") for line in KINDS["cut"]]
    return lines


def random_tree(seed):
    """A zone of random nodes over few labels, so that every relation of names is met."""
    r = random.Random(seed)
    lines = apex(r.choice((60, 300, 7200)))
    alphabet = ("a", "b", "c", "*")
    names = set()
    for _ in range(26):
        depth = r.choice((1, 1, 2, 2, 3, 4))
        names.add(".".join(r.choice(alphabet) for _ in range(depth)))
    kinds = {}
    for node in sorted(names, key=lambda text: (text.count("."), text)):
        above = node.split(".")[1:]
        if any(kinds.get(".".join(above[i:])) in ("cut", "cds", "dnm") for i in range(len(above))):
            continue
        kind = r.choice(("data", "data", "data", "mx", "cname", "cname", "cut", "cds", "dnm"))
        if node.startswith("*") and kind in ("cut", "cds", "dnm"):
            kind = "cname"      # RFC 4592, 4.2 and 4.4: not defined
        kinds[node] = kind
        target = r.choice((r.choice(sorted(names)), r.choice(sorted(names)).replace("*", "c"), "ns1", "nope",
                           "out.example."))
        if kind == "mx":
            lines += [f"{node} 300 MX 1 {target}", f"{node} 300 AAAA 2001:db8::{len(kinds)}"]
        elif kind == "cname":
            lines.append(f"{node} 300 CNAME {target}")
        elif kind == "dnm":
            lines.append(f"{node} 300 DNAME {target}")
        else:
            lines += [line.replace("@@", node) for line in KINDS[kind]]
    return lines


def nested(signed_child):
    """A zone whose children kid and kidu and grandchild are served beside it."""
    lines = apex() + ["www 300 A 192.0.2.40", "* 300 A 192.0.2.41", "cnkid 300 CNAME www.kid",
                      "cnkidu 300 CNAME x.kidu",
                      "kid 300 NS ns.kid", "ns.kid 300 A 192.0.2.42", "kidu 300 NS ns.kidu",
                      "ns.kidu 300 A 192.0.2.43",
                      "grand.ent 300 NS ns1", "dnkid 300 DNAME kid", "absent 300 NS ns1",
                      f"absent 300 DS 9 13 2 {DIGEST}"]
    return lines + ([f"kid 300 DS 55555 13 2 {DIGEST}"] if signed_child else [])


def child():
    return apex(60) + ["www 300 A 192.0.2.50", "*.wild 300 A 192.0.2.51", "up 300 CNAME www.plain.test."]


def make_all(seed, random_zones=8):
    """The zones of the first group."""
    full = reference() + combinations()
    zones = []

    def add(name, lines, *args, **named):
        zone = Zone(name, *args, **named)
        zone.lines = lines
        zones.append(zone)

    add("plain.test", full)
    add("nsec.test", full, "nsec", "dnssec-signzone")
    add("nsec-l.test", full, "nsec", "ldns-signzone")
    add("n3.test", full, "nsec3", "dnssec-signzone")
    add("n3-l.test", full, "nsec3", "ldns-signzone", salt="ab", iterations=1)
    add("n3i5.test", full, "nsec3", "dnssec-signzone", salt="aabbccdd", iterations=5)
    add("optout.test", full, "nsec3", "dnssec-signzone", optout=True)
    add("optout-l.test", full, "nsec3", "ldns-signzone", optout=True, salt="0011", iterations=5)
    add("multi.test", reference(), "nsec", "dnssec-signzone", keys="ecdsa+rsa")
    add("rsa.test", child(), "nsec3", "ldns-signzone", keys="rsa")
    add("ed.test", child(), "nsec", "dnssec-signzone", keys="ed25519")
    add("zskroll.test", child(), "nsec", "dnssec-signzone", extra="zsk-published")
    add("zskdouble.test", child(), "nsec", "dnssec-signzone", extra="zsk-double")
    add("kskroll.test", child(), "nsec3", "dnssec-signzone", extra="ksk-double")
    add("zonemd.test", child(), "nsec", "ldns-signzone", extra="zonemd")
    add("cds.test", child(), "nsec", "dnssec-signzone", extra="cds")
    for name, args in (("par.test", ("nsec", "dnssec-signzone")), ("par3.test", ("nsec3", "dnssec-signzone")),
                       ("paroo.test", ("nsec3", "ldns-signzone"))):
        add(name, nested(True), *args, optout=name == "paroo.test")
        add(f"kid.{name}", child(), "nsec3" if name == "par.test" else "nsec", "ldns-signzone")
        add(f"kidu.{name}", child())
        add(f"grand.ent.{name}", child(), "nsec", "dnssec-signzone")
    add("paru.test", nested(False))
    add("kid.paru.test", child(), "nsec", "ldns-signzone")
    for i in range(random_zones):
        style = (None, "nsec", "nsec3", "nsec3")[i % 4]
        add(f"r{i}.test", random_tree(f"{seed}/{i}"), style,
            style and ("dnssec-signzone", "ldns-signzone")[i // 4 % 2],
            optout=i % 4 == 3, salt=(None, "c0ffee")[i % 2], iterations=i % 3)
    return zones


def root_zone(signer, style="nsec", optout=False):
    """The newest real root zone without its signatures, or None where there is none."""
    files = sorted(ROOTS.glob("*.zone.xz")) if ROOTS.is_dir() else []
    if not files:
        return None
    zone = Zone(".", style, signer, optout=optout)
    with lzma.open(files[-1], "rt") as text:
        for line in text:
            fields = line.split(None, 4)
            if len(fields) == 5 and fields[3] not in ("RRSIG", "NSEC", "DNSKEY", "ZONEMD", "NSEC3PARAM"):
                zone.lines.append(line.rstrip())
    return zone


# Signing

def have(program):
    return shutil.which(program) is not None


def _run(command, folder):
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


ALGORITHMS = {"ecdsa": [("ECDSAP256SHA256", ())], "rsa": [("RSASHA256", ("-b", "2048"))],
              "ed25519": [("ED25519", ())],
              "ecdsa+rsa": [("ECDSAP256SHA256", ()), ("RSASHA256", ("-b", "2048"))]}


def _key(zone, folder, algorithm, options, ksk):
    return _run(["dnssec-keygen", "-q", "-a", algorithm, *options, *(("-f", "KSK") if ksk else ()), zone.dot],
                folder).strip()


def make_keys(zone, folder):
    """(KSKs that sign, ZSKs that sign, keys that are only published)."""
    ksks, zsks, published = [], [], []
    for algorithm, options in ALGORITHMS[zone.keys]:
        ksks.append(_key(zone, folder, algorithm, options, True))
        zsks.append(_key(zone, folder, algorithm, options, False))
        if zone.extra == "ksk-double":
            ksks.append(_key(zone, folder, algorithm, options, True))
        if zone.extra == "zsk-double":
            zsks.append(_key(zone, folder, algorithm, options, False))
        if zone.extra == "zsk-published":
            published.append(_key(zone, folder, algorithm, options, False))
    return ksks, zsks, published


def _key_line(folder, key):
    return next(line for line in (folder / f"{key}.key").read_text().splitlines() if not line.startswith(";"))


def write(zone, folder):
    """The master file of a zone, signed where it is to be; sets zone.file and zone.names."""
    folder = pathlib.Path(folder)
    stem = "root" if zone.name == "." else zone.name
    plain = folder / f"{stem}.zone"
    lines = [f"$ORIGIN {zone.dot}", "$TTL 3600", *zone.lines]
    if zone.style is None:
        plain.write_text("\n".join(lines) + "\n")
        zone.file = plain
        return
    ksks, zsks, published = make_keys(zone, folder)
    keys = [_key_line(folder, key) for key in (*ksks, *zsks, *published)]
    if zone.extra == "cds":
        for key in ksks:
            ds = _run(["dnssec-dsfromkey", "-2", f"{key}.key"], folder).split(" DS ")[1].strip()
            lines.append(f"@ 300 CDS {ds}")
            lines.append("@ 300 CDNSKEY " + _key_line(folder, key).split(" DNSKEY ")[1])
    plain.write_text("\n".join([*lines, *keys]) + "\n")
    zone.ksks = [folder / f"{key}.key" for key in ksks]
    zone.file = folder / f"{stem}.signed"
    if zone.signer == "dnssec-signzone":
        command = ["dnssec-signzone", "-o", zone.dot, "-f", zone.file, "-O", "full", "-s", INCEPTION, "-e",
                   EXPIRATION, "-P",
                   "-x", "-d", folder]
        if zone.style == "nsec3":
            command += ["-3", zone.salt or "-", "-H", zone.iterations]
            command += ["-A"] if zone.optout else []
        for key in ksks:
            command += ["-k", key]
        _run([*command, plain, *zsks], folder)
    else:
        command = ["ldns-signzone", "-i", INCEPTION, "-e", EXPIRATION, "-o", zone.dot, "-f", zone.file]
        if zone.extra == "zonemd":
            command += ["-z", "sha384"]
        if zone.style == "nsec3":
            command += ["-n", "-t", zone.iterations, *(("-s", zone.salt) if zone.salt else ())]
            command += ["-p"] if zone.optout else []
        _run([*command, plain, *ksks, *zsks], folder)


def read_names(zone):
    """The owners in a zone's file, from one-record lines; and which of them own NSEC3 only."""
    import dns.zone
    if zone.name == ".":
        owners, hashes, records = set(), set(), {}
        for line in zone.file.read_text().splitlines():
            if line[:1] in (";", "", "$", " ", "\t", "@"):
                continue
            fields = line.split(None, 4)
            wired = wire.name(fields[0]).lower()
            owners.add(wired)
            if len(fields) > 3 and fields[3] == "NSEC3":
                hashes.add(wired)
            elif len(fields) > 3 and fields[3] in ("A", "AAAA"):
                records[wired, wire.TYPES[fields[3]]] = True
        zone.names, zone.hashes = sorted(owners - hashes | {b"\0"}), sorted(hashes)
        zone.records = records      # of the root only what is asked for: which addresses there are
        return
    parsed = dns.zone.from_file(str(zone.file), origin=zone.dot, relativize=False, check_origin=False)
    owners, hashes, records = set(), set(), {}
    for owner, node in parsed.items():
        wired = owner.canonicalize().to_wire()
        for rdataset in node:
            records.setdefault((wired, int(rdataset.rdtype)), set()).update(
                rdata.to_wire() for rdata in rdataset)
        (hashes if {50} == {int(s.rdtype) for s in node} - {46} else owners).add(wired)
    zone.names, zone.hashes, zone.records = sorted(owners), sorted(hashes), records
