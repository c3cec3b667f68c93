# SPDX-License-Identifier: GPL-2.0-only
#
# DOC: is this what `figment trace` should write?
#
#	python3 trace_check.py perfetto FILE JOBS FLOWS
#	python3 trace_check.py svg FILE JOBS
#
# Strictly: JSON without what only Python takes for JSON, each event with the fields
# that the Trace Event format asks of its phase and no others, slices that nest,
# flows that begin and end inside of a slice. Says what is wrong and ends with 1.

import json
import math
import sys
import xml.etree.ElementTree as xml

FIELDS = {
    "M": {"name", "pid", "args"},
    "b": {"cat", "name", "id", "pid", "tid", "ts"},
    "e": {"cat", "name", "id", "pid", "tid", "ts"},
    "X": {"cat", "name", "pid", "tid", "ts", "dur", "args"},
    "s": {"cat", "name", "id", "pid", "tid", "ts"},
    "f": {"cat", "name", "id", "pid", "tid", "ts", "bp"},
}


def check(condition, *what):
    if not condition:
        print("trace_check:", *what)
        sys.exit(1)


def no_constant(name):
    check(False, name, "is not JSON")


def unique(pairs):
    keys = [key for key, _ in pairs]
    check(len(keys) == len(set(keys)), "a key comes twice:", keys)
    return dict(pairs)


def check_event(event):
    phase = event.get("ph")
    check(phase in FIELDS, "no such phase:", event)
    optional = {"tid"} if phase == "M" else set()
    has = set(event) - {"ph"} - optional
    check(has == FIELDS[phase], "fields:", event)
    check(isinstance(event["name"], str) and event["name"], "no name:", event)
    for field in ("pid", "tid", "id"):
        value = event.get(field, 0)
        check(type(value) is int and value >= 0, field, "of", event)
    for field in ("ts", "dur"):
        value = event.get(field, 0)
        check(isinstance(value, (int, float)) and math.isfinite(value) and value >= 0,
              field, "of", event)


def check_names(events):
    processes, threads = {}, {}
    for event in events:
        if event["name"] == "process_name":
            name = event["args"]["name"]
            check(processes.setdefault(event["pid"], name) == name, "two names:", event)
        elif event["name"] == "thread_name":
            thread = event["pid"], event["tid"]
            check(thread not in threads, "two names:", event)
            threads[thread] = event["args"]["name"]
        else:
            check(event["name"] == "process_sort_index", "no such metadata:", event)
    return processes, threads


def check_pairs(begins, ends, what):
    keys = [(event["cat"], event["id"]) for event in begins]
    check(len(keys) == len(set(keys)), what, "begin twice")
    check(sorted(keys) == sorted((event["cat"], event["id"]) for event in ends),
          what, "do not match")
    begins = {(event["cat"], event["id"]): event for event in begins}
    for event in ends:
        begin = begins[event["cat"], event["id"]]
        check(begin["ts"] <= event["ts"], what, "end before they begin:", event)


def check_nesting(slices):
    """Perfetto drops a slice that overlaps the one before it in its thread."""
    ends = {}
    for event in sorted(slices, key=lambda e: (e["ts"], -e["dur"])):
        thread = event["pid"], event["tid"]
        # Both were rounded to a nanosecond.
        check(ends.get(thread, 0) <= event["ts"] + 0.0015, "slices overlap:", event)
        ends[thread] = event["ts"] + event["dur"]


def check_flow(event, slices):
    check(any(s["pid"] == event["pid"] and s["tid"] == event["tid"] and
              s["ts"] <= event["ts"] <= s["ts"] + s["dur"] for s in slices),
          "a flow's end is in no slice:", event)


def perfetto(path, jobs, flows):
    with open(path, encoding="ascii") as file:
        trace = json.load(file, parse_constant=no_constant, object_pairs_hook=unique)
    check(set(trace) == {"displayTimeUnit", "traceEvents"}, "keys:", list(trace))
    check(trace["displayTimeUnit"] in ("ms", "ns"), "displayTimeUnit")
    events = trace["traceEvents"]
    for event in events:
        check_event(event)
    by = {phase: [e for e in events if e["ph"] == phase] for phase in FIELDS}
    processes, threads = check_names(by["M"])
    for event in events:
        if event["ph"] != "M":
            check(event["pid"] in processes, "a process without a name:", event)
            check((event["pid"], event["tid"]) in threads, "a thread without:", event)
    check(len(by["X"]) == int(jobs), len(by["X"]), "jobs")
    check(len(by["s"]) == int(flows), len(by["s"]), "flows")
    check_pairs(by["b"], by["e"], "waits")
    check_pairs(by["s"], by["f"], "flows")
    check(len(by["b"]) == int(jobs), "jobs that wait")
    check_nesting(by["X"])
    for event in by["s"] + by["f"]:
        check_flow(event, by["X"])
    errors = [e["args"]["error"] for e in by["X"] if e["args"]["error"]]
    print("processes", sorted(processes.values()), "threads", sorted(threads.values()),
          "errors", errors)


def svg(path, jobs):
    space = "{http://www.w3.org/2000/svg}"
    root = xml.parse(path).getroot()
    check(root.tag == space + "svg", "it is no SVG:", root.tag)
    width, height = float(root.get("width")), float(root.get("height"))
    titles = [t.text for t in root.iterfind(f"{space}g/{space}title")]
    check(len(titles) == int(jobs), len(titles), "jobs are drawn")
    for box in root.iter(space + "rect"):
        if "%" in box.get("width"):
            continue
        x, y = float(box.get("x", 0)), float(box.get("y", 0))
        w, h = float(box.get("width")), float(box.get("height"))
        check(x >= 0 and y >= 0 and w >= 0 and h > 0 and x + w <= width + 0.5 and
              y + h <= height + 0.5, "outside of the picture:", box.attrib)
    print("errors", sum("error" in title for title in titles))


if __name__ == "__main__":
    {"perfetto": perfetto, "svg": svg}[sys.argv[1]](*sys.argv[2:])
