# SPDX-License-Identifier: Apache-2.0
"""One question's answers side by side. Each aspect is judged by itself: ours must be what most of the peers say (a
tie that we are part of will do), or the difference must be explained."""
import collections
import copy

import explained
import wire

FLAGS = (("aa", wire.AA), ("tc", wire.TC), ("rd", wire.RD), ("ra", wire.RA), ("ad", wire.AD), ("cd", wire.CD),
         ("z", wire.Z))
SECTIONS = ("answer", "authority", "additional")
FITS = "TC is set where what must be in an answer does not fit; how much that is was judged over TCP (RFC 2181, 9)"


def aspects(reply):
    """{aspect: value} of a response; of silence only that."""
    if reply is None:
        return {"answered": False}
    found = {"answered": True, "opcode": reply.opcode, "rcode": reply.rcode, "question": reply.question,
             "edns": reply.edns and reply.edns[1:]}
    for text, bit in FLAGS:
        found[text] = bool(reply.flags & bit)
    for title, records in zip(SECTIONS, reply.sets):
        found[title] = records
    return found


class Difference:
    def __init__(self, question, aspect, ours, theirs):
        self.question, self.aspect, self.ours = question, aspect, ours
        self.theirs = theirs    # {peer: Reply}
        self.zone = question.zone
        self.qtype = int.from_bytes(ours.question[-4:-2], "big") if ours is not None else question.qtype

    def values(self):
        return {peer: aspects(reply).get(self.aspect) for peer, reply in self.theirs.items()}

    def text(self):
        """Our answer whole, and of theirs what is not the same."""
        where = f"{self.zone.dot} {self.zone.kind}" if self.zone else ""
        lines = [f"{self.aspect} differs ({where})",
                 f"  {self.question.text()}", "  ours: " + _shown(self.ours).replace("\n", "\n      ")]
        groups = collections.defaultdict(list)
        for peer, reply in self.theirs.items():
            groups[_against(self.ours, reply)].append(peer)
        for shown, peers in groups.items():
            lines.append(f"  {' '.join(peers)}: {shown}")
        return "\n".join(lines)


def _shown(reply):
    return "silence" if reply is None else reply.text()


def _against(ours, reply):
    if ours is None or reply is None or reply.fault:
        return _shown(reply).replace("\n", "\n      ")
    lines = [reply.text().split("\n")[0].split("; question")[0]]
    for title, mine, its in zip(SECTIONS, ours.sets, reply.sets):
        lines += [f"    - {title:10} {wire.record_text(record)}" for record in sorted(mine - its)]
        lines += [f"    + {title:10} {wire.record_text(record)}" for record in sorted(its - mine)]
    if (ours.edns and ours.edns[1:]) != (reply.edns and reply.edns[1:]):
        lines.append(f"    EDNS {reply.edns}")
    return "\n  ".join(lines) if len(lines) > 1 else lines[0]


class Verdicts:
    """What a group of questions came to."""

    def __init__(self, name):
        self.name = name
        self.asked = self.same = 0
        self.deviating = collections.Counter()      # peers that stood alone against ours
        self.explained = collections.Counter()
        self.silent = collections.Counter()
        self.failures = []
        self.again = []         # (question, our answer): whether it fits differs, so it is asked over TCP, whole
        self.kinds = collections.Counter()          # unexplained, by aspect

    def fail(self, question, what, reply=None):
        self.kinds[what.split(":")[0]] += 1
        shown = "" if reply is None else "\n      " + reply.text().replace("\n", "\n      ")
        self.failures.append(f"{what}\n  {question.text()}{shown}")

    def judge(self, question, raw, missing=()):
        """raw: {server: bytes or None}, ours among them."""
        self.asked += 1
        ours = raw["ours"] and wire.Reply(raw["ours"])
        theirs = {peer: data and wire.Reply(data) for peer, data in raw.items() if peer != "ours"
                  and peer not in missing}
        if ours is not None and not self._sound(question, ours):
            return
        if ours is None and wire.is_query(question.packet):
            self.fail(question, "no answer")
            return
        mine = aspects(ours)
        # Who says nothing has no opinion: some drop what they cannot read, some limit the answers to errors.
        self.silent.update(peer for peer, reply in theirs.items() if reply is None and ours is not None)
        others = {peer: aspects(reply) for peer, reply in theirs.items() if reply is not None and not reply.fault}
        if all(values == mine for values in others.values()):
            self.same += 1
            return
        unexplained, reasons = [], set()
        for aspect, value in mine.items():
            # Where the RCODE is another, that is what is judged; the sections then are another's too.
            said = {peer: values[aspect] for peer, values in others.items() if aspect in values
                    and (values["rcode"] == mine["rcode"] or aspect not in (*SECTIONS, "aa", "edns"))}
            against = [peer for peer, other in said.items() if other != value]
            if not against:
                continue
            if aspect in SECTIONS and self._truncated(ours, theirs):
                continue
            agreeing = len(said) - len(against)
            most = max(collections.Counter(other for other in said.values() if other != value).values())
            # One voice is no majority: of a packet that others drop, or where only one peer is installed.
            if agreeing >= most or len(said) == 1 and (question.mutant or len(raw) == 2):
                self.deviating.update(against)
                continue
            difference = Difference(question, aspect, ours, {peer: theirs[peer] for peer in said})
            reason = explained.reason(difference)
            if reason is None:
                unexplained.append(difference)
            else:
                reasons.add(reason)
        if [difference.aspect for difference in unexplained] == ["tc"] and not question.tcp:
            self.again.append((question, ours))
            unexplained = []
        if unexplained:
            self.kinds[" ".join(difference.aspect for difference in unexplained)] += 1
            self.failures.append(" and ".join(d.aspect for d in unexplained[:-1]) + (" and "
                    if unexplained[1:] else "")
                                 + unexplained[-1].text())
        self.explained.update(reasons)

    def settle(self, question, short, raw, missing=()):
        """TC differs: over TCP, where all fits, the answers are judged; then ours has TC exactly when that is
        right."""
        whole = raw["ours"] and wire.Reply(raw["ours"])
        if whole is None:
            self.fail(question, "no answer over TCP", whole)
            return
        failed = len(self.failures)
        self.asked -= 1
        over_tcp = copy.copy(question)
        over_tcp.tcp = True
        self.judge(over_tcp, raw, missing)
        if len(self.failures) != failed:
            return
        limit = max(512, min(short.question and question.size or 512, 1232)) if not question.mutant else 512
        if short.flags & wire.TC and len(whole.raw) <= limit:
            self.fail(question, f"TC, but the whole answer has {len(whole.raw)} bytes", whole)
        elif not short.flags & wire.TC and short.sets[:2] != whole.sets[:2]:
            self.fail(question, "no TC, but it is not the whole answer", whole)
        else:
            self.explained[FITS] += 1

    @staticmethod
    def _truncated(ours, theirs):
        """What is left in a truncated answer says nothing; that it is truncated is compared by itself."""
        return bool(ours.flags & wire.TC) or any(reply is not None and reply.flags & wire.TC
                                                 for reply in theirs.values())

    def _sound(self, question, reply):
        """What holds for every response of ours, whatever was asked."""
        packet = question.packet
        wrong = None
        if reply.fault:
            wrong = f"malformed: {reply.fault}"
        elif not reply.flags & wire.QR:
            wrong = "no response: QR is not set"
        elif reply.twice:
            wrong = "a record twice"
        elif reply.question and reply.question != packet[12:12 + len(reply.question)]:
            wrong = "the question is not the one asked, byte by byte"
        elif reply.flags & wire.TC and any(reply.sections):
            wrong = "truncated, but not empty"
        elif not question.tcp and len(reply.raw) > (1232 if question.mutant else max(512, min(question.size, 1232))):
            wrong = f"longer than asked for: {len(reply.raw)} bytes"
        elif reply.flags & (wire.RA | wire.Z):
            wrong = "RA or Z is set"
        elif not wire.is_query(packet):
            wrong = "an answer to what is no query"
        elif not reply.flags & wire.TC and explained.missing_glue(question.zone, reply):
            wrong = "glue is missing, and TC"
        if wrong:
            self.fail(question, wrong, reply)
        return wrong is None

    def summary(self, peers):
        words = [f"{self.name}: {self.asked} questions, {self.same} alike"]
        if self.deviating:
            words.append("alone against ours: " + " ".join(f"{peer} {self.deviating[peer]}" for peer in peers
                                                           if peer != "ours"))
        if self.silent:
            words.append("silent: " + " ".join(f"{peer} {self.silent[peer]}" for peer in peers if peer != "ours"))
        if self.explained:
            words.append(f"{sum(self.explained.values())} explained")
        words.append(f"{len(self.failures)} unexplained")
        return ", ".join(words)
