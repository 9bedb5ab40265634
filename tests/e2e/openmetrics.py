#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: openmetrics.py <TEXT: is it OpenMetrics 1.0? Prints each sample as "NAME{LABELS} VALUE", labels sorted.

Strict where the standard is, as far as our text goes: no timestamps, exemplars, summaries. Exit status 1: it is none,
and a line on standard error says why. With --check-itself: texts that are wrong must be told from those that are right.
"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "info": ("_info",),
    "histogram": ("_bucket", "_count", "_sum"),
}


class Wrong(Exception):
    pass


def must(good, text):
    if not good:
        raise Wrong(text)


def unescape(text):
    must(re.fullmatch(r'(?:[^\\"\n]|\\[\\"n])*', text), "an escape that is none: " + text)
    return re.sub(r'\\(.)', lambda m: "\n" if m[1] == "n" else m[1], text)


def labels_of(text):
    labels = {}
    rest = text
    while rest:
        m = re.match(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^\\"]|\\.)*)"(,(?=.)|$)', rest)
        must(m, "labels: " + text)
        must(m[1] not in labels, "a label twice: " + text)
        labels[m[1]] = unescape(m[2])
        rest = rest[m.end():]
    return labels


class Family:
    def __init__(self, name, kind):
        must(kind in SUFFIXES, f"{name}: type {kind}")
        must(not name.endswith(("_total", "_info", "_bucket", "_count", "_sum", "_created")), f"{name}: a suffix of samples")
        self.name, self.kind, self.unit, self.help = name, kind, None, None
        self.samples = []

    def suffix(self, sample):
        fits = [s for s in SUFFIXES[self.kind] if sample == self.name + s]
        must(fits, f"{sample}: no sample of {self.name}, a {self.kind}")
        return fits[0]

    def add(self, name, labels, text):
        suffix = self.suffix(name)
        value = float(text)
        must(("le" in labels) == (suffix == "_bucket"), f"{name}: le")
        must(self.kind == "gauge" or value >= 0, f"{name}: below 0")
        must(self.kind != "info" or text == "1", f"{name}: an info is 1")
        must(suffix not in ("_bucket", "_count") or text.isdigit(), f"{name}: {text} is no count")
        key = (name, tuple(sorted(labels.items())))
        must(key not in [s[:2] for s in self.samples], f"{name}: the same sample twice")
        self.samples.append((*key, text))

    def check_histogram(self):
        groups = {}
        for name, labels, text in self.samples:
            labels = dict(labels)
            le = labels.pop("le", None)
            group = groups.setdefault(tuple(labels.items()), {"le": []})
            if le is None:
                group[name] = text
            else:
                group["le"].append((le, int(text)))
        for group in groups.values():
            bounds = [le for le, _ in group["le"]]
            counts = [n for _, n in group["le"]]
            must(bounds and bounds[-1] == "+Inf", f"{self.name}: no +Inf at the end")
            for le in bounds[:-1]:
                must("." in le and repr(float(le)) == le, f"{self.name}: the bound {le} is not as it has to be written")
            numbers = [float(le) for le in bounds]
            must(numbers == sorted(set(numbers)), f"{self.name}: bounds do not rise")
            must(counts == sorted(counts), f"{self.name}: counts fall")
            must(str(counts[-1]) == group.get(self.name + "_count"), f"{self.name}: +Inf is not the count")
            must(self.name + "_sum" in group, f"{self.name}: no sum")

    def check(self):
        must(self.help is not None, f"{self.name}: no HELP")
        must(not self.unit or self.name.endswith("_" + self.unit), f"{self.name}: the unit {self.unit} is not in the name")
        if self.kind == "histogram":
            self.check_histogram()


def parse(text):
    must(text.endswith("\n# EOF\n"), "no EOF")
    families, now = {}, None
    for line in text[:-len("# EOF\n")].split("\n")[:-1]:
        m = re.fullmatch(rf"# (TYPE|UNIT|HELP) ({NAME}) (.+)", line)
        if m and m[1] == "TYPE":
            must(m[2] not in families, f"{m[2]}: in two places")
            now = families[m[2]] = Family(m[2], m[3])
        elif m:
            must(now and now.name == m[2] and not now.samples, f"{m[2]}: {m[1]} stands elsewhere")
            must(getattr(now, m[1].lower()) is None, f"{m[2]}: {m[1]} twice")
            setattr(now, m[1].lower(), m[3] if m[1] == "UNIT" else unescape(m[3].replace('"', '\\"')))
        else:
            m = re.fullmatch(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?)", line)
            must(m, "no line of this format: " + line)
            must(now, "a sample without a TYPE: " + line)
            now.add(m[1], labels_of(m[2] or ""), m[3])
    for family in families.values():
        family.check()
    return families


GOOD = '''# TYPE a_seconds histogram
# UNIT a_seconds seconds
# HELP a_seconds Times.
a_seconds_bucket{x="1",le="0.5"} 1
a_seconds_bucket{x="1",le="1.0"} 2
a_seconds_bucket{x="1",le="+Inf"} 3
a_seconds_count{x="1"} 3
a_seconds_sum{x="1"} 7.25
# TYPE b counter
# HELP b Things.
b_total{c="q\\"\\\\\\n"} 1
# TYPE d info
# HELP d Us.
d_info{v="1"} 1
# TYPE e gauge
# HELP e Now.
e -1
# EOF
'''
BAD = [
    ("# EOF\n", ""), ("# EOF\n", "# EOF"), ("e -1\n", "e -1\n\n"), ("b_total{", "b{"), ("# TYPE b ", "# TYPE b_total "),
    ('le="1.0"', 'le="1"'), ('le="1.0"', 'le="0.4"'), ('le="+Inf"', 'le="2.0"'), ("+Inf\"} 3", "+Inf\"} 4"),
    ("1.0\"} 2", "1.0\"} 0"), ("# UNIT a_seconds seconds", "# UNIT a_seconds bytes"), ("# HELP e Now.\n", ""),
    ("d_info{v=\"1\"} 1", "d_info{v=\"1\"} 2"), ("b_total{c=\"q\\\"", "b_total{c=\"q\""), ("} 1\n# TYPE d", "} -1\n# TYPE d"),
    ("# TYPE e gauge\n", ""), ("e -1\n", "e -1\ne 2\n"), ("e -1\n", "e -1\nb_total 3\n"), ("a_seconds_sum{x=\"1\"} 7.25\n", ""),
    ("{x=\"1\",le=\"0.5\"}", "{x=\"1\",}"), ("c=\"q\\\"\\\\\\n\"", "c=\"\\t\""), ("e -1", "e one"), ("# TYPE e gauge", "# TYPE e gouge"),
]


def check_itself():
    assert parse(GOOD)["b"].samples == [("b_total", (("c", 'q"\\\n'),), "1")]
    for before, after in BAD:
        assert before in GOOD, before
        try:
            parse(GOOD.replace(before, after, 1))
        except Wrong:
            continue
        sys.exit(f"taken for good: {after!r} in place of {before!r}")


def main():
    if sys.argv[1:] == ["--check-itself"]:
        check_itself()
        return
    try:
        families = parse(sys.stdin.buffer.read().decode("utf-8"))
    except (Wrong, UnicodeDecodeError) as error:
        sys.exit(f"no OpenMetrics: {error}")
    for family in families.values():
        for name, labels, text in family.samples:
            shown = ",".join(f"{key}={value!r}" for key, value in labels).replace("'", "")
            print(f"{name}{{{shown}}} {text}" if shown else f"{name} {text}")


main()
