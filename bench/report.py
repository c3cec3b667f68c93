#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What figment-bench has to say, for people, for programs and for gnuplot.

    report.py SAMPLES DIR              table on stdout, DIR/results.json, DIR/*.dat
    report.py --compare OLD NEW        two results.json, side by side

A row is two medians and their ratio, so turned that lower is better: for times and
sizes figment / peer, for rates the other way around. A sample that the machine's
other guests were in the way of is an outlier, which a median does not see; spread is
the interquartile range as a part of the median.
"""
import json
import os
import statistics
import sys


class Row:
    def __init__(self, name, unit, target):
        self.name, self.unit = name, unit
        self.target = float(target) or None
        self.samples = {"figment": [], "peer": []}

    def median(self, side):
        samples = self.samples[side]
        return statistics.median(samples) if samples else None

    def spread(self, side):
        samples = self.samples[side]
        if len(samples) < 4:
            return None
        low, _, high = statistics.quantiles(samples, n=4)
        return (high - low) / self.median(side) if self.median(side) else None

    def ratio(self):
        figment, peer = self.median("figment"), self.median("peer")
        if not figment or not peer:
            return None
        return peer / figment if self.unit.endswith("/s") else figment / peer

    def result(self):
        return {"name": self.name, "figment": self.median("figment"),
                "peer": self.median("peer"), "unit": self.unit,
                "ratio": self.ratio(), "target": self.target}


def read(path):
    rows, skips, plots = [], [], {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            kind, *words = line.rstrip("\n").split("\t")
            if kind == "row":
                rows.append(Row(*words))
            elif kind == "sample":
                rows[-1].samples[words[0]].append(float(words[1]))
            elif kind == "skip":
                skips.append(words)
            elif kind == "point":
                plot, series, x, y = words
                plots.setdefault(plot, {}).setdefault(series, []).append((x, y))
    return rows, skips, plots


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def percent(value):
    return "" if value is None else f"±{50 * value:.0f}%"


def verdict(row):
    if row.target is None or row.ratio() is None:
        return ""
    return "reached" if row.ratio() <= row.target else "MISSED"


def table(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join([line[0].ljust(widths[0])] +
                        [word.rjust(width) for word, width in zip(line[1:], widths[1:])]).rstrip())


def report(samples, directory):
    rows, skips, plots = read(samples)
    lines = [("work / peer", "figment", "", "peer", "", "unit", "ratio", "target", "")]
    for row in rows:
        lines.append((row.name, number(row.median("figment")), percent(row.spread("figment")),
                      number(row.median("peer")), percent(row.spread("peer")), row.unit,
                      f"{row.ratio():.2f}" if row.ratio() else "-",
                      f"{row.target:.2f}" if row.target else "-", verdict(row)))
    table(lines)
    for name, why in skips:
        print(f"not measured: {name}: {why}")
    with open(os.path.join(directory, "results.json"), "w", encoding="utf-8") as file:
        json.dump({"rows": [row.result() for row in rows]}, file, indent=1)
        file.write("\n")
    for plot, series in plots.items():
        with open(os.path.join(directory, plot + ".dat"), "w", encoding="utf-8") as file:
            file.write("\n\n".join(
                f'"{name}"\n' + "".join(f"{x} {y}\n" for x, y in points)
                for name, points in series.items()))
    return bool(rows)


def compare(old, new):
    with open(old, encoding="utf-8") as file:
        before = {row["name"]: row for row in json.load(file)["rows"]}
    with open(new, encoding="utf-8") as file:
        after = json.load(file)["rows"]
    lines = [("work", "before", "now", "unit", "change", "peer's change")]
    for row in after:
        was = before.get(row["name"])
        if not was or not was["figment"] or not row["figment"]:
            continue
        peer = row["peer"] / was["peer"] - 1 if row["peer"] and was["peer"] else None
        lines.append((row["name"].split(" / ")[0], number(was["figment"]), number(row["figment"]),
                      row["unit"], f"{100 * (row['figment'] / was['figment'] - 1):+.1f}%",
                      "" if peer is None else f"{100 * peer:+.1f}%"))
    table(lines)
    return len(lines) > 1


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--compare":
        sys.exit(not compare(*sys.argv[2:]))
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(not report(*sys.argv[1:]))
