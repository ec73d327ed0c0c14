# SPDX-License-Identifier: Apache-2.0
"""What a redirect should be, written from docs/man/catchment.conf.5 and the RFCs without a look at the code, and with
other means: regular expressions, fractions, dictionaries. A site is the dictionary that stands in the configuration.
"""
import re
from fractions import Fraction

WORD = (1 << 64) - 1
PATH = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%(?![01]|7[Ff])[0-9A-Fa-f]{2})*")
QUERY = re.compile(rb"\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?\[\]{}|^`-]|%[0-9A-Fa-f]{2})*")
UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
READS = (b"GET", b"HEAD")


# ---- rendezvous hashing: integers, the same everywhere --------------------------------------------------------------

def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & WORD
    return value


def mix(value):
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9 & WORD
    value = (value ^ value >> 27) * 0x94d049bb133111eb & WORD
    return value ^ value >> 31 or 1


def minus_log2(value):
    """-log2(value / 2^64) in units of 2^-24, one binary digit after the other."""
    bits = value.bit_length()
    fraction, log = value << 64 - bits, bits - 1
    for _ in range(24):
        fraction = fraction * fraction >> 64
        log = log << 1 | fraction >> 63
        if not fraction >> 63:
            fraction <<= 1
    return (64 << 24) - log


def rendezvous(key, targets):
    def rank(place):
        target = targets[place]
        drawn = mix(key ^ fnv(target["expanded"].encode()))
        return Fraction(minus_log2(drawn), target.get("weight", 1)), -drawn, place
    return [targets[place] for place in sorted(range(len(targets)), key=rank)]


# ---- the parts of a URL ----------------------------------------------------------------------------------------------

def legal(target):
    path, mark, query = target.partition(b"?")
    return target[:1] == b"/" and PATH.fullmatch(path) and (not mark or QUERY.fullmatch(mark + query))


def normal(path):
    """Two spellings of one path (RFC 3986, 6.2.2): what files are found by."""
    def one(match):
        byte = bytes([int(match[1], 16)])
        return byte if byte in [UNRESERVED[i:i + 1] for i in range(len(UNRESERVED))] else b"%" + match[1].upper()
    return re.sub(rb"%([0-9A-Fa-f]{2})", one, path)


def expand(url, node, region):
    return url.rstrip("/").replace("{node}", node).replace("{region}", region)


def plain_host(field):
    return re.sub(r":\d*$", "", field).lower().removesuffix(".")


def find_site(sites, host):
    """The exact name, else the longest suffix, else "*"."""
    best = (-1, None)
    for site in sites:
        for pattern in site["hosts"]:
            if pattern == host:
                rank = 1000
            elif pattern == "*":
                rank = 0
            elif pattern.startswith("*.") and host.endswith(pattern[1:]) and len(host) > len(pattern) - 1:
                rank = len(pattern)
            else:
                continue
            best = max(best, (rank, site), key=lambda found: found[0])
    return best[1]


# ---- one answer --------------------------------------------------------------------------------------------------------

class Expected:
    """What is acceptable: a status, one of some Locations, header fields (None: not there)."""
    def __init__(self, status, locations=(), **fields):
        self.status, self.locations, self.fields = status, list(locations), fields

    def __repr__(self):
        return f"<{self.status} {self.locations} {self.fields}>"


def refused(status, **fields):
    return Expected(status, cache_control="no-store", **fields)


def find_file(site, path):
    """The content; None: none is there; False: the path is not the site's own."""
    below, longest = False, -1
    for rule in site.get("files", []):
        if rule["path"] == path.decode("latin-1"):
            return rule["model"]
        if rule["path"].endswith("*") and path.decode("latin-1").startswith(rule["path"][:-1]):
            below = True
    best = None
    for rule in site.get("files", []):
        prefix = rule["path"][:-1]
        if rule["path"].endswith("*") and path.decode("latin-1").startswith(prefix) and len(prefix) > longest:
            longest, best = len(prefix), rule["model"].get(path.decode("latin-1")[len(prefix):])
    return best if below else False


def take_wishes(site, query):
    """The query without what is meant for us, the nodes to avoid, and whether a document is asked for."""
    if not query or not (site.get("mirrors") or site.get("fallback")):
        return query, [], False
    kept, avoided, document = [], [], False
    for parameter in query[1:].split(b"&"):
        if parameter in (b"meta4", b"mirrorlist"):
            document = True
        elif parameter.startswith(b"avoid=") and parameter[6:].strip(b","):
            avoided += [name for name in parameter[6:].split(b",") if name]
        else:
            kept.append(parameter)
    if len(kept) == len(query[1:].split(b"&")):
        return query, avoided, document
    rest = b"&".join(kept)
    return (b"?" + rest if rest else b""), avoided, document


def strip(site, path):
    """None: the path is not below the prefix."""
    prefix = site.get("strip-prefix", "").rstrip("/").encode()
    path = re.sub(rb"^/+", b"/", path)
    if not prefix:
        return path
    return path[len(prefix):] if path == prefix or path.startswith(prefix + b"/") else None


def location(target, host, path, query):
    base = target["expanded"].replace("{host}", host)
    return (base.encode() + b"/" + path.lstrip(b"/") + query).decode("latin-1")


def usable(targets, family, avoided, node):
    names = [re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), name).decode("latin-1") for name in avoided]
    return [target for target in targets
            if target["up"] and target["families"] & {family} and target.get("node", node) not in names]


def choices(site, family, avoided, path, node):
    """The targets that may be chosen: one when the path decides, else each that can be drawn."""
    own = usable(site.get("targets", []), family, avoided, node)
    key = fnv(path.lstrip(b"/"))
    if own:
        return rendezvous(key, own)[:1] if site.get("balance") == "path" else own
    others = usable(site.get("fallback", []), family, avoided, None)
    return (rendezvous(key, others) if site.get("fallback-balance") == "path" else others)[:1]


def expect(sites, node, method, target, host_field, family):
    if not legal(target):
        return refused(400)
    if method == b"OPTIONS" and target == b"*":
        return Expected(204, allow="GET, HEAD, OPTIONS", cache_control=None)
    host = plain_host(host_field)
    site = find_site(sites, host)
    if site is None:
        return refused(404)
    path, mark, query = target.partition(b"?")
    query = mark + query
    writes = site.get("writes")
    allow = "GET, HEAD, OPTIONS" + (", POST, PUT, PATCH, DELETE" if writes else "")

    content = find_file(site, normal(path))
    if content is not False:
        if method == b"OPTIONS":
            return Expected(204, allow="GET, HEAD, OPTIONS", cache_control=None)
        if method not in READS:
            return refused(405, allow="GET, HEAD, OPTIONS")
        if content is None:
            return refused(404)
        return Expected(200, body=b"" if method == b"HEAD" else content, x_content_type_options="nosniff",
                        content_length=str(len(content)), accept_ranges="bytes")
    if method == b"OPTIONS":
        return Expected(204, allow=allow, cache_control=None)
    if method not in READS and (not writes or method == b"TRACE"):
        return refused(405, allow=allow)
    if method not in READS:
        behind = strip(site, path)
        return refused(404) if behind is None else Expected(
            307, [location(writes, host, behind, query)], cache_control="no-store", link=None)
    query, avoided, document = take_wishes(site, query)
    behind = strip(site, path)
    if behind is None:
        return refused(404)
    cache = f"private, max-age={site['max-age']}" if site.get("max-age") else "no-store"
    if document:
        return Expected(200, cache_control=cache, x_content_type_options="nosniff")
    if not site.get("targets") and not site.get("fallback"):
        return refused(404)
    found = choices(site, family, avoided, behind, node)
    if not found:
        return Expected(503, cache_control="no-store", retry_after=range(5, 11))
    return Expected(site.get("status", 302), [location(t, host, behind, query) for t in found], cache_control=cache,
                    strict_transport_security=None, allow=None)
