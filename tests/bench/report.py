# SPDX-License-Identifier: Apache-2.0
"""docs/benchmarks.md from the bench's medians: tables, and each bar with met or missed."""
import os
import platform
import re
import subprocess

import stage

MIB = 1 << 20
CODECS = ["none", "zstd 1", "gzip 1", "gzip 3", "gzip 6"]
CORES = os.cpu_count()


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return lines + ["| " + " | ".join(r) + " |" for r in rows] + [""]


def verdict(value, bar, at_least=False, digits=2):
    met = value >= bar if at_least else value <= bar
    return f"{value:.{digits}f}", f"{'≥' if at_least else '≤'} {bar:.{digits}f}", "met" if met else "**missed**"


class Report:
    def __init__(self, samples, facts):
        self.s, self.facts, self.lines, self.bars = samples, facts, [], []

    def add(self, *lines):
        self.lines += list(lines)

    def bar(self, what, value, limit, **how):
        self.bars.append([what, *verdict(value, limit, **how)])

    def floor(self, codec):
        return self.s["bare consumer"]["cpu"] + self.s[f"floor {codec}"]["cpu"]

    def codecs(self):
        s, rows = self.s, []
        self.add("## Codecs", "", f"{self.facts['rows']:,} JSON rows, {self.facts['bytes'] / 1e9:.2f} GB, lz4 in "
                 f"Kafka, 4 partitions; 4 objects a partition, `memory = \"{stage.MEMORY // MIB}MiB\"`, one "
                 "uploader unless said. The floor: the bare consumer, the codec's own library over the same bytes in "
                 "1 MiB blocks, SHA-256 over what comes out.", "")
        for c in CODECS:
            v, k, floor = s[f"versitygw {c}"], s[f"sink {c}"], self.floor(c)
            rows.append([f"kafka2s3, {c}", f"{v['cpu']:.2f}", f"{k['cpu']:.2f}", f"{floor:.2f}",
                         f"{v['cpu'] / floor:.2f}", f"{v['wall']:.2f}", f"{k['wall']:.2f}",
                         f"{max(v['peak'], k['peak']) / MIB:.0f}"])
            self.bar(f"CPU with {c}, 1.3 times its floor (s)", v["cpu"], 1.3 * floor)
        two = s["sink zstd 1, 2 uploaders"]
        rows.append(["kafka2s3, zstd 1, `uploaders = 2`", "", f"{two['cpu']:.2f}", f"{self.floor('zstd 1'):.2f}", "",
                     "", f"{two['wall']:.2f}", f"{two['peak'] / MIB:.0f}"])
        bare, kcat, batcher = s["bare consumer"], s["kcat"], s["Python batcher"]
        rows.append(["bare consumer", "", f"{bare['cpu']:.2f}", "", "", "", f"{bare['wall']:.2f}",
                     f"{bare['peak'] / MIB:.0f}"])
        rows.append(["kcat -C -e", "", f"{kcat['cpu']:.2f}", "", "", "", f"{kcat['wall']:.2f}", ""])
        rows.append(["Python batcher, gzip 6", f"{batcher['cpu']:.2f}", "", "", "", f"{batcher['wall']:.2f}", "", ""])
        self.add(*table(["", "CPU s, versitygw", "CPU s, sink", "floor, CPU s", "of the floor", "wall s, versitygw",
                         "wall s, sink", "peak MiB"], rows))
        self.add(*table(["codec alone", "CPU s", "SHA-256, CPU s", "ratio"],
                        [[c, f"{s[f'floor {c}']['codec']:.2f}", f"{s[f'floor {c}']['sha256']:.2f}",
                          f"{self.facts['bytes'] / s[f'floor {c}']['bytes']:.2f}"] for c in CODECS]))
        for c in CODECS[:2]:
            self.bar(f"CPU with {c}, kcat's and the codec's (s)", s[f"versitygw {c}"]["cpu"],
                     kcat["cpu"] + s[f"floor {c}"]["cpu"])
        for c, run, factor in (("none", s["sink none"], 1.3), ("zstd 1", two, 1.5)):
            least = max(bare["wall"], (self.floor(c) + run["broker"] + run["place"]) / CORES)
            how = ", 2 uploaders" if run is two else ""
            self.bar(f"wall with {c}{how} to the sink, {factor} times what the parts take (s)", run["wall"],
                     factor * least)
        peak = max(v["peak"] for k, v in s.items() if k.startswith(("versitygw", "sink")))
        self.bar("peak RSS, `memory` and 48 MiB (MiB)", peak / MIB, stage.MEMORY / MIB + 48, digits=0)

        self.add("What the wall has beyond the last part is the wait for the group's commit, which comes before "
                 "anything is published: it is held for two heartbeats after a rebalance, and there is at most one a "
                 "second.", "")
        self.add(*table(["to the sink", "the last part, wall s", "the last object, wall s"],
                        [[c, f"{r['sent']:.2f}", f"{r['wall']:.2f}"] for c, r in
                         (("none", s["sink none"]), ("zstd 1, 2 uploaders", two)) if r["sent"] > 0]))

    def profile(self):
        rows = [[f"{thread}: {where}", f"{share:.0f} %"] for thread, where, share in self.facts["profile"]
                if share >= 1]
        self.add("## Where the CPU goes", "", "Without compression, to the sink, by `perf`. The floor has what the "
                 "client's threads (`rdk:`), libcrypto and the release of each record take; it has no JSON check, no "
                 "copy of the line, no hand-over between threads, and sends nothing.", "")
        self.add(*table(["thread and library", "of all CPU"], rows))

    def latency(self):
        rows = []
        self.add("## 50 ms added to each S3 answer", "")
        for c in CODECS[:2]:
            near, far = self.s[f"0 ms {c}"], self.s[f"50 ms {c}"]
            rows.append([c, f"{near['wall']:.2f}", f"{far['wall']:.2f}", f"{100 * near['wall'] / far['wall']:.0f} %"])
            self.bar(f"rate with 50 ms, {c} (% of that without)", 100 * near["wall"] / far["wall"], 80, at_least=True,
                     digits=0)
        self.add(*table(["", "wall s", "wall s, 50 ms", "rate kept"], rows))

    def replay(self):
        ours, theirs, rows = self.s["replay"], self.s["kcat -P"], self.facts["replay rows"]
        self.add("## Replay", "", f"{rows:,} rows of CSV as fast as Kafka takes them; kcat with the rows as JSON.", "")
        self.add(*table(["", "CPU s", "wall s", "rows a second"],
                        [[n, f"{r['cpu']:.2f}", f"{r['wall']:.2f}", f"{rows / r['wall']:,.0f}"]
                         for n, r in (("kafka2s3 replay", ours), ("kcat -P", theirs))]))
        self.bar("replay (rate, of kcat -P's)", theirs["wall"] / ours["wall"], 0.5, at_least=True)

    def partitions(self):
        rows, size = [], self.facts["bytes"] / self.facts["rows"] - 1
        self.add("## Partitions", "", "The same bytes over more and more partitions, without compression, to the sink; "
                 f"rolls by an age of 3 s; {size:.0f} bytes a record. The bar on the peak is for the 4 partitions "
                 "above: beside `memory` the client has structures of its own for each partition, as a bare consumer "
                 "has (`tests/real/test_memory.py` holds the peak of 1,000 partitions against one).", "")
        for name in sorted((n for n in self.s if n.startswith("partitions-")), key=lambda n: int(n.split("-")[1])):
            r, count = self.s[name], self.facts[name]
            rows.append([name.split("-")[1], f"{r['cpu']:.2f}", f"{r['cpu'] / count * 1e9:,.0f}",
                         f"{r['cpu'] / count / size * 1e9:.2f}", f"{r['peak'] / MIB:.0f}"])
        self.add(*table(["partitions", "CPU s", "CPU ns a record", "CPU ns a byte", "peak MiB"], rows))

    def messages(self):
        rows = []
        self.add("## Message sizes", "", "About the same bytes in messages of other sizes, without compression, to the "
                 "sink, 4 partitions.", "")
        for name in sorted((n for n in self.s if n.startswith("messages-")), key=lambda n: int(n.split("-")[1])):
            r, bare, (count, size) = self.s[name], self.s[f"bare {name}"], self.facts[name]
            rows.append([f"{size / count:,.0f} bytes", f"{count:,}", f"{r['cpu']:.2f}", f"{bare['cpu']:.2f}",
                         f"{r['cpu'] / count * 1e9:,.0f}", f"{r['cpu'] / size * 1e9:.2f}"])
        self.add(*table(["message", "records", "CPU s", "bare consumer, CPU s", "CPU ns a record", "CPU ns a byte"],
                        rows))


def first_match(path, pattern):
    with open(path) as f:
        found = re.search(pattern, f.read(), re.MULTILINE)
    return found.group(1).strip() if found else "?"


def said(*argv):
    out = subprocess.run([str(a) for a in argv], capture_output=True, text=True, cwd=stage.TOP).stdout
    return out.strip().splitlines()[0] if out.strip() else "?"


def library(name):
    return f"{name} {said('pkg-config', '--modversion', name)}"


def kcat_version():
    out = subprocess.run(["kcat", "-V"], capture_output=True, text=True).stdout
    found = re.search(r"Version (\S+)", out)
    return f"kcat {found.group(1) if found else '?'}"


def versions():
    libraries = ", ".join(library(n) for n in ("rdkafka", "libcurl", "libcrypto", "libdeflate", "libzstd"))
    memory = int(first_match("/proc/meminfo", r"MemTotal:\s+(\d+)")) // (1 << 20)
    return [f"- {first_match('/proc/cpuinfo', r'model name.*: (.*)')}, {CORES} cores, {memory} GiB, "
            f"{first_match('/etc/os-release', r'^PRETTY_NAME=.(.*).$')}, Linux {platform.release()}",
            f"- {said(stage.DAEMON, 'version')}, commit {said('git', 'rev-parse', '--short=10', 'HEAD')}, "
            f"{said('gcc', '--version')}; {libraries}",
            f"- Apache Kafka 4.1.0 with {said('java', '--version')}; versitygw v1.8.0; "
            f"{kcat_version()}"]


def report(samples, facts, parts):
    r = Report(samples, facts)
    for part in parts:
        getattr(r, part)()
    head = ["# Benchmarks", "",
            "Written by `make bench`, which runs all of it anew on this machine. Broker, S3 and daemon share its "
            f"cores. Runs alternate; each number is the median of {facts['runs']} (of at most 3 in the sweeps), peaks "
            "are the highest seen. CPU is user and system of the process tree from start to exit; wall runs from the "
            "moment when a partition is read first to the last object published.", "", *versions(), "", "## Bars", ""]
    return "\n".join(head + table(["", "measured", "bar", ""], r.bars) + r.lines)
