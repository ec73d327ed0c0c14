# SPDX-License-Identifier: Apache-2.0
"""The Prometheus text format 0.0.4, read strictly: what a scraper or promtool would stumble over is a fault."""
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


class Family:
    def __init__(self):
        self.type = self.help = None
        self.samples = {}       # (name, labels as a sorted tuple) -> value
        self.closed = False     # another family has begun


def labels_of(text, where):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        assert match, f"{where}: labels"
        assert match[1] not in labels, f"{where}: the label {match[1]} twice"
        labels[match[1]] = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), match[2])
        at = match.end()
        if at < len(text):
            assert text[at] == ",", f"{where}: between labels"
            at += 1
    return tuple(sorted(labels.items()))


def family_name(name, families):
    for ending in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(ending)
        if base != name and base in families and families[base].type == "histogram":
            return base
    return name


def parse(text):
    """Name -> Family. AssertionError on anything that is not as it must be."""
    assert text.endswith("\n"), "the last line ends"
    families, current = {}, None
    for number, line in enumerate(text.split("\n")[:-1], 1):
        where = f"line {number}: {line!r}"
        if line.startswith("# "):
            _, keyword, name, rest = line.split(" ", 3)
            assert keyword in ("HELP", "TYPE") and NAME.fullmatch(name), where
            if name != current:
                assert name not in families, f"{where}: the family is elsewhere already"
                current = name
            family = families.setdefault(name, Family())
            assert not family.samples, f"{where}: behind a sample"
            assert getattr(family, keyword.lower()) is None, f"{where}: twice"
            assert keyword == "HELP" or rest in TYPES, where
            assert keyword == "TYPE" or rest, where
            setattr(family, keyword.lower(), rest)
            continue
        match = re.fullmatch(r"([^{ ]+)(?:\{(.*)\})? (\S+)", line)
        assert match and NAME.fullmatch(match[1]), where
        name = family_name(match[1], families)
        assert name == current, f"{where}: not in its family"
        key = (match[1], labels_of(match[2] or "", where))
        assert key not in families[name].samples, f"{where}: twice"
        families[name].samples[key] = float(match[3])
    for name, family in families.items():
        assert family.type and family.help, f"{name}: without TYPE or HELP"
        if family.type == "counter":
            assert name.endswith("_total"), f"{name}: a counter ends in _total"
            assert all(value >= 0 for value in family.samples.values()), f"{name}: below 0"
        if family.type == "histogram":
            check_histogram(name, family)
    return families


def check_histogram(name, family):
    buckets = [(dict(labels)["le"], value) for (sample, labels), value in family.samples.items()
               if sample == name + "_bucket"]
    bounds = [float(le) for le, _ in buckets]
    values = [value for _, value in buckets]
    assert bounds == sorted(set(bounds)) and bounds[-1] == float("inf"), f"{name}: bounds"
    assert values == sorted(values), f"{name}: not cumulative"
    assert values[-1] == family.samples[(name + "_count", ())], f"{name}: +Inf is not the count"
    assert (name + "_sum", ()) in family.samples, f"{name}: no sum"


def value(families, name, **labels):
    """Of the one sample with these labels; None without."""
    wanted = set(labels.items())
    found = [v for f in families.values() for (n, l), v in f.samples.items() if n == name and wanted <= set(l)]
    return sum(found) if found else None
