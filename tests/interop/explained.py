# SPDX-License-Identifier: Apache-2.0
"""Where ours is not what most peers say, and is right: each with a predicate, an RFC section and one sentence. A
predicate is given a compare.Difference and looks at its aspect, question, ours and theirs ({peer: Reply or None})."""
import wire

RULES = []
A, NS, CNAME, MX, AAAA, SRV, DNAME, DS, RRSIG, NSEC, NSEC3, SVCB, HTTPS, ANY = 1, 2, 5, 15, 28, 33, 39, 43, 46, 47, 50, 64, 65, 255
SECTIONS = ("answer", "authority", "additional")


def rule(rfc, sentence, aspects=None):
    def keep(predicate):
        RULES.append((predicate, aspects and aspects.split(), f"{sentence} ({rfc})"))
        return predicate
    return keep


def reason(difference):
    """Why the difference stands, None when nobody knows."""
    for predicate, aspects, text in RULES:
        if aspects is not None and difference.aspect not in aspects:
            continue
        if difference.ours is None or not any(difference.theirs.values()):
            continue
        if predicate(difference):
            return text
    return None


def peers_of(d):
    return [reply for reply in d.theirs.values() if reply is not None]


def signed_by(record):
    """The type an RRSIG covers."""
    return int.from_bytes(record[4][:2], "big")


def aliases(reply):
    return [record for record in reply.sections[0] if record[1] == CNAME]


def is_below(name, above):
    return name != above and name.endswith(above) and above in {name[at:] for at in starts(name)}


def starts(name):
    at = 0
    while name[at]:
        yield at
        at += 1 + name[at]
    yield at


@rule("RFC 8482, 4.1", "ANY is answered with one RRset of the server's choice",
      "answer authority additional rcode")
def any_is_one_set(d):
    sets = {record[:2] for record in d.ours.sections[0] if record[1] not in (RRSIG, CNAME, DNAME)}
    # With none there is an alias, at which ours ends, or TC.
    return d.qtype == ANY and len(sets) <= 1 and bool(d.ours.sections[0] or d.ours.flags & wire.TC)


@rule("RFC 8482, 7", "RRSIG is answered with the signatures of one RRset of the server's choice",
      "answer authority additional")
def rrsig_is_one_set(d):
    covered = {signed_by(record) for record in d.ours.sections[0] if record[1] == RRSIG}
    last = covered - {CNAME, DNAME}     # without those of the aliases on the way
    return d.qtype == RRSIG and bool(covered and len(last) <= 1 or d.ours.flags & wire.TC)


@rule("RFC 1034, 4.3.2 step 3a", "a question for NSEC or RRSIG where only a CNAME stands follows it",
      "answer authority additional rcode")
def meta_follows_alias(d):
    return d.qtype in (NSEC, RRSIG) and aliases(d.ours) and any(
        aliases(reply) != aliases(d.ours) and not aliases(reply) for reply in peers_of(d))


def chain_length(d):
    """How many aliases the zone has from the question's name on; loops count to the end."""
    records = d.question.zone.records if d.question.zone else {}
    qname, steps = d.ours.question[:-4].lower(), 0
    while steps < 40 and isinstance(records.get((qname, CNAME)), set):
        qname, steps = next(iter(records[qname, CNAME])).lower(), steps + 1
    return steps


@rule("RFC 1034, 3.6.2", "how many aliases are followed is each server's choice: ours are 16",
      "answer authority additional rcode")
def long_chain(d):
    longest = max(len(aliases(reply)) for reply in (d.ours, *peers_of(d)))
    return chain_length(d) >= 5 and (len(aliases(d.ours)) in (0, 17) or longest == len(aliases(d.ours)))


@rule("RFC 1034, 3.6.2", "a loop of aliases is told once around with NOERROR; SERVFAIL would be asked again",
      "rcode answer authority")
def loop(d):
    owners = {record[0] for record in aliases(d.ours)}
    return bool(owners) and any(record[4] in owners for record in aliases(d.ours)) and d.ours.rcode == 0


@rule("RFC 1034, 4.3.2 step 3b", "an alias into a delegated part is followed by the referral", "authority additional")
def alias_into_cut(d):
    return (bool(aliases(d.ours)) and NS in d.ours.types(1)
            and any(not reply.sections[1] and reply.sets[0] == d.ours.sets[0] for reply in peers_of(d)))


@rule("RFC 9471, 3.1", "a referral without all of its in-domain glue is truncated", "tc")
def glue_sets_tc(d):
    if not d.ours.flags & wire.TC:
        return False
    return any(missing_glue(d.question.zone, reply) for reply in peers_of(d) if not reply.flags & wire.TC)


def missing_glue(zone, reply):
    """What a referral lacks of the addresses below its cut, as (name, type)."""
    if reply.flags & wire.AA or NS not in reply.types(1) or not zone or not zone.records:
        return set()
    cut = next(record[0] for record in reply.sections[1] if record[1] == NS)
    hosts = {record[4] for record in reply.sections[1] if record[1] == NS and is_below(record[4], cut)}
    wanted = {(host, rtype) for host in hosts for rtype in (A, AAAA) if (host, rtype) in zone.records}
    return wanted - {record[:2] for record in reply.sections[2]}


@rule("RFC 2181, 9", "what a truncated answer says beside TC is not looked at: the client asks again over TCP",
      "rcode aa")
def truncated(d):
    return bool(d.ours.flags & wire.TC)


def _targets(reply):
    found = set()
    for section in (0, 1):
        for owner, rtype, _, _, rdata in reply.sections[section]:
            if rtype == NS:
                found.add(rdata)
            elif rtype == MX:
                found.add(rdata[2:])
            elif rtype == SRV:
                found.add(rdata[6:])
            elif rtype in (SVCB, HTTPS):
                found.add(rdata[2:].lower())
                found.add(owner)
    return found


@rule("RFC 9471, 2", "addresses that are no glue below the cut are a courtesy, which a server may leave out",
      "additional")
def courtesy(d):
    ours, targets = d.ours.sets[2], _targets(d.ours)
    signed = {(record[0], signed_by(record)) for record in ours if record[1] == RRSIG}
    cuts = {record[0] for record in d.ours.sections[1] if record[1] == NS}
    for record in ours:
        if record[1] not in (A, AAAA, RRSIG, SVCB, HTTPS) or not any(
                record[0] == target or target.endswith(record[0]) for target in targets | {record[0]}):
            return False
    limit = 65535 if d.question.tcp else max(512, min(d.question.size or 512, 1232))
    for reply in peers_of(d):
        for record in reply.sets[2] - ours:
            if record[1] == RRSIG and (record[0], signed_by(record)) not in signed and any(
                    mine[:2] == (record[0], signed_by(record)) for mine in ours):
                if len(d.ours.raw) + 200 < limit:
                    return False        # RFC 4035, 3.1.1: a signed RRset brings its signatures
            elif any(is_below(record[0], cut) for cut in cuts):
                return False            # glue that is needed
    return True


# What is wrong with a packet

def opcode(d):
    return d.question.packet[2] >> 3 & 15


@rule("RFC 4035, 3.1.6", "an authoritative server SHOULD clear CD", "cd")
def clears_cd(d):
    return not d.ours.flags & wire.CD


@rule("RFC 1035, 4.1.1", "RD is copied into the response, whatever it says", "rd")
def copies_rd(d):
    return bool(d.ours.flags & wire.RD) == bool(d.question.packet[2] & 1)


@rule("RFC 8906, 3.2", "an error may come with the question or without it", "question")
def question_in_error(d):
    return d.ours.rcode not in (0, 3) and d.ours.question in (b"", d.question.packet[12:12 + len(d.ours.question)])


@rule("RFC 8906, 3.1.4", "an opcode that is not known gets NOTIMP before anything behind it is read", "rcode edns")
def unknown_opcode(d):
    return opcode(d) not in (0, 4) and d.ours.rcode == 4


@rule("RFC 1996, 3.10", "a NOTIFY from a stranger is refused; which RCODE says so differs", "rcode edns aa answer")
def notify(d):
    return opcode(d) == 4 and d.ours.rcode in (1, 5, 9)


@rule("RFC 6891, 6.1.3", "BADVERS is said before options are judged, whose meaning in that version nobody knows",
      "rcode edns")
def badvers_first(d):
    return d.ours.rcode == 16 and d.ours.edns is not None and d.ours.edns[1] == 0


@rule("RFC 1035, 3.2.5", "class ANY names no zone: refused, as every class that is not served",
      "rcode aa answer authority additional")
def other_class(d):
    return d.ours.rcode == 5 and d.ours.question[-2:] not in (b"\0\1", b"")


@rule("RFC 7873, 5.2.3", "a server cookie that is not ours is answered like none, with a fresh one",
      "rcode aa answer authority additional")
def cookie(d):
    return any(reply.rcode == 23 for reply in peers_of(d)) and d.ours.rcode != 23


def records_of(packet):
    """[(section 1 to 3, type)] of the records of a query, as far as it can be read; None when it cannot."""
    found, at = [], 12
    try:
        for section, number in enumerate(packet[4:12:2]):
            for _ in range(number << 8 | packet[5 + 2 * section]):
                while packet[at]:
                    if packet[at] >= 0xc0:
                        at += 1
                        break
                    at += 1 + packet[at]
                at += 1
                if section == 0:
                    at += 4
                    continue
                found.append((section, int.from_bytes(packet[at:at + 2], "big")))
                at += 10 + int.from_bytes(packet[at + 8:at + 10], "big")
                if at > len(packet):
                    return None
        return found
    except IndexError:
        return None


@rule("RFC 8906, 3.1", "records that a query has no use for are stepped over, not judged",
      "rcode aa answer authority additional edns")
def needless_records(d):
    records = records_of(d.question.packet)
    if not d.question.mutant or records is None or any(rtype == 250 for _, rtype in records):
        return False
    return d.ours.rcode in (0, 3, 5, 6) and any((section, rtype) != (3, 41) for section, rtype in records)


@rule("RFC 8906, 3.1", "bytes behind the last record are ignored", "rcode")
def trailing(d):
    return d.question.mutant and d.ours.rcode in (0, 3, 5, 6) and records_of(d.question.packet[:-1]) is not None


@rule("RFC 1035, 4.1.4", "a pointer in the question's name points to no name before it", "rcode edns aa question")
def pointer(d):
    at, packet = 12, d.question.packet
    while at < len(packet) and 0 < packet[at] < 64:
        at += 1 + packet[at]
    return d.ours.rcode == 1 and at < len(packet) and packet[at] >= 0xc0


@rule("RFC 1035, 3.2.3", "MAILA and MAILB are obsolete", "rcode aa answer authority additional edns")
def mail(d):
    return d.qtype in (253, 254) and d.ours.rcode == 4


@rule("RFC 5936, 5", "a transfer is refused to strangers before anything is looked up for it",
      "rcode aa answer authority additional")
def transfer(d):
    return d.qtype in (251, 252) and d.ours.rcode == 5


@rule("RFC 6891, 7", "a FORMERR has an OPT when the OPT of the query could be read", "edns")
def formerr_with_opt(d):
    return d.ours.rcode == 1 and d.ours.edns is not None and d.ours.edns[1:] in ((0, 0), (0, wire.DO))


def options_of(packet):
    """[(code, length)] of the options of a query whose only record is an OPT."""
    at = 12
    while packet[at]:
        at += 1 + packet[at]
    at += 5 + 11
    found = []
    while at + 4 <= len(packet):
        code, length = int.from_bytes(packet[at:at + 2], "big"), int.from_bytes(packet[at + 2:at + 4], "big")
        found.append((code, length))
        at += 4 + length
    return found


@rule("RFC 9660, 3, RFC 7314, 3", "EXPIRE and ZONEVERSION of a query are empty: data in them is malformed",
      "rcode")
def malformed_option(d):
    return d.question.mutant and d.ours.rcode == 1 and any(
        code in (wire.EXPIRE, wire.ZONEVERSION) and length for code, length in options_of(d.question.packet))


@rule("RFC 5155, 7.2.5", "a wildcard that stands in for the name is shown to have no DS, too", "authority")
def wildcard_without_ds(d):
    for reply in peers_of(d):
        more = d.ours.sets[1] - reply.sets[1]
        if (d.qtype == DS and d.ours.rcode == 0 and not reply.sets[1] - d.ours.sets[1]
                and {record[1] for record in more} == {NSEC3, RRSIG} and len({record[0] for record in more}) == 1):
            return True
    return False


@rule("RFC 4035, 3.1.3.4", "NODATA at a wildcard that is an empty non-terminal has the NSEC that shows it, too",
      "authority")
def empty_wildcard(d):
    asked = [d.ours.question[:-4].lower(), *(record[4] for record in aliases(d.ours))]
    for reply in peers_of(d):
        more = d.ours.sets[1] - reply.sets[1]
        if not reply.sets[1] - d.ours.sets[1] and {record[1] for record in more} == {NSEC, RRSIG} and all(
                _shows_empty_wildcard(record[4], asked) for record in more if record[1] == NSEC):
            return d.ours.rcode == 0
    return False


def _shows_empty_wildcard(rdata, asked):
    """The next name of the NSEC is below a wildcard that stands for one of the names."""
    following = rdata[:rdata.index(b"\0") + 1].lower()
    return any(at and following[at:at + 2] == b"\1*" and is_below(qname, following[at + 2:])
               for at in starts(following) for qname in asked)
