#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bench: kafka2s3 against the least that the work takes, and against others. tools/bench runs it.

Runs alternate, one of each in turn, so that what the machine does meanwhile falls on all of them; the tables have the
medians. All parts at full size write docs/benchmarks.md; fewer parts or rows print the tables only.
"""
import argparse
import itertools
import json
import os
import pathlib
import random
import re
import statistics
import sys
import time

import report
import stage
from stage import DAEMON, MIB, PROGRAMS, Landing, Result, Sink, land, run

FULL_ROWS, FULL_RUNS = 4_000_000, 5
CODECS = [("none", {"compression": "none"}), ("zstd 1", {"compression": "zstd", "level": 1}),
          ("gzip 1", {"compression": "gzip", "level": 1}), ("gzip 3", {"compression": "gzip", "level": 3}),
          ("gzip 6", {"compression": "gzip", "level": 6})]
PARTITIONS = 4
SWEEP_PARTITIONS = [1, 4, 16, 64, 250, 1000]
SWEEP_SIZES = [100, 250, 1024, 10 * 1024, 100 * 1024]


class Bench:
    def __init__(self, options):
        self.o = options
        self.dir = stage.TOP / "build" / "bench"
        self.dir.mkdir(parents=True, exist_ok=True)
        self.began = time.monotonic()
        self.samples = {}          # name -> [Result]
        self.facts = {}

    def say(self, text):
        print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def take(self, name, work):
        result = work()
        self.samples.setdefault(name, []).append(result)
        more = f", peak {result.peak / MIB:.0f} MiB" if result.peak else ""
        self.say(f"{name}: CPU {result.cpu:.2f} s, wall {result.wall:.2f} s{more}")
        return result

    def alternate(self, works, runs=None):
        for _run in range(runs or self.o.runs):
            for name, work in works:
                self.take(name, work)

    # -- the work

    def bare(self, topic, count):
        queue = stage.MEMORY // 16 * 3
        r = run([PROGRAMS / "bare_consumer", "-X", f"queued.max.messages.kbytes={queue // 1024}",
                 "-X", f"fetch.max.bytes={queue // 2}", self.kafka.address, self.kafka.new_group(), count, topic])
        said = json.loads(r.out)
        return Result(r.cpu, said["seconds"], said["peak_kb"] * 1024)

    def codec(self, output):
        r = run([PROGRAMS / "codec_floor", output["compression"], output.get("level", 0), self.rows])
        said = json.loads(r.out)
        return Result(said["codec"] + said["sha256"], 0, codec=said["codec"], sha256=said["sha256"], bytes=said["out"])

    def daemon(self, place, topic, counts, roll=None, **more):
        roll = roll or {"records": max(1, min(counts) // 4), "bytes": 0, "age": "1h"}
        return land(self.kafka, place, topic, counts, self.dir, roll, **more)

    def into_landing(self, topic, counts, output):
        place = Landing(self.dir / "landing")
        try:
            r = self.daemon(place, topic, counts, **output)
            r.totals = place.totals()
            if output["compression"] == "none" and r.totals["bytes"] != os.path.getsize(self.rows):
                raise RuntimeError(f"not all bytes are there: {r.totals}")
            return r
        finally:
            place.close()

    def into_sink(self, topic, counts, delay_ms=0, **more):
        sink = Sink(delay_ms)
        try:
            return self.daemon(sink, topic, counts, **more)
        finally:
            sink.close()

    def batcher(self, topic, count):
        place = Landing(self.dir / "landing")
        try:
            r = run([sys.executable, stage.TOP / "tests/bench/python_batcher.py", self.kafka.address,
                     self.kafka.new_group(), topic, count, place.endpoint, place.bucket],
                    env={"AWS_ACCESS_KEY_ID": stage.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": stage.SECRET_KEY,
                         "AWS_DEFAULT_REGION": stage.REGION})
            return Result(r.cpu, json.loads(r.out)["seconds"])
        finally:
            place.close()

    def kcat(self, topic):
        with open(os.devnull, "w") as null:
            return run(["kcat", "-C", "-b", self.kafka.address, "-t", topic, "-o", "beginning", "-e", "-q"],
                       stdout=null)

    # -- the parts

    def codecs(self):
        """The daemon with each codec, its floor, kcat and the Python batcher."""
        topic, counts, count = self.main_topic()
        works = [("bare consumer", lambda: self.bare(topic, count)), ("kcat", lambda: self.kcat(topic))]
        for name, output in CODECS:
            works += [(f"floor {name}", lambda output=output: self.codec(output)),
                      (f"versitygw {name}", lambda output=output: self.into_landing(topic, counts, output)),
                      (f"sink {name}", lambda output=output: self.into_sink(topic, counts, **output))]
        works += [("sink zstd 1, 2 uploaders",
                   lambda: self.into_sink(topic, counts, uploaders=2, compression="zstd", level=1))]
        works += [("Python batcher", lambda: self.batcher(topic, count))]
        self.alternate(works)

    def latency(self):
        """50 ms added to each S3 answer."""
        topic, counts, _count = self.main_topic()
        for name, output in CODECS[:2]:
            self.alternate([(f"0 ms {name}", lambda output=output: self.into_sink(topic, counts, **output)),
                            (f"50 ms {name}",
                             lambda output=output: self.into_sink(topic, counts, delay_ms=50, **output))])

    def replay(self):
        """A CSV file to Kafka as fast as it takes it, against kcat with the same rows as JSON."""
        csv, made = self.csv_file(), self.dir / "replayed.json"
        settings = stage.daemon_module.Daemon(self.dir, "replay", {
            "kafka": {"brokers": self.kafka.address, "topics": ["replayed"], "group": "replay"},
            "s3": {"bucket": "none", "region": stage.REGION},
            "replay": {"file": str(csv), "rate": 0.0, "order": "sequential"}})

        def ours(topic):
            self.kafka.broker.create_topic(topic, PARTITIONS)
            settings.write(replay={"topic": topic})
            return run([DAEMON, "-c", settings.conf, "replay"])

        ours("replayed")
        with open(made, "wb") as f:
            run(["kcat", "-C", "-b", self.kafka.address, "-t", "replayed", "-o", "beginning", "-e", "-q"], stdout=f)
        self.facts["replay rows"] = sum(1 for _line in stage.lines_of(made))

        def theirs(topic):
            self.kafka.broker.create_topic(topic, PARTITIONS)
            return run(["kcat", "-P", "-b", self.kafka.address, "-t", topic, "-z", "lz4", "-l", made])

        names = iter(range(1000))
        self.alternate([("replay", lambda: ours(f"ours-{next(names)}")),
                        ("kcat -P", lambda: theirs(f"theirs-{next(names)}"))])

    def profile(self):
        """Where the CPU goes without compression: threads and libraries, by perf."""
        topic, counts, _count = self.main_topic()
        data = self.dir / "perf.data"
        r = self.into_sink(topic, counts, compression="none",
                           under=["perf", "record", "-q", "-e", "cpu-clock", "-F", "999", "-o", str(data)])
        out = run(["perf", "report", "-i", data, "--stdio", "-t", "|", "--sort", "comm,dso"]).out.decode()
        rows = [[f.strip() for f in line.split("|")] for line in out.splitlines() if re.match(r" *[0-9.]+% *\|", line)]
        self.facts["profile"] = [[thread, where, float(share[:-1])] for share, thread, where in rows]
        self.say(f"{r.cpu:.2f} s, {len(rows)} rows")

    def partitions(self):
        """The same bytes over 1 to 1,000 partitions."""
        works = []
        for n in SWEEP_PARTITIONS:
            topic = f"partitions-{n}"
            values = itertools.islice(stage.lines_of(self.rows), self.o.rows // 4)
            counts = self.kafka.fill(topic, n, values)
            self.facts[topic] = sum(counts)
            self.say(f"topic {topic}: {sum(counts)} records")
            works.append((topic, lambda topic=topic, counts=counts: self.into_sink(
                topic, counts, roll={"age": "3s", "bytes": 0}, compression="none")))
        self.alternate(works, min(3, self.o.runs))

    def messages(self):
        """The same bytes in messages of 100 bytes to 100 KiB."""
        works = []
        for size in SWEEP_SIZES:
            topic, sent = f"messages-{size}", [0]

            def counted(values, sent=sent):
                for v in values:
                    sent[0] += len(v)
                    yield v
            counts = self.kafka.fill(topic, PARTITIONS, counted(stage.of_size(size, self.o.rows * 250 // 4)))
            self.facts[topic] = sum(counts), sent[0]
            self.say(f"topic {topic}: {sum(counts)} records, {sent[0]} bytes")
            works += [(topic, lambda topic=topic, counts=counts: self.into_sink(topic, counts, compression="none")),
                      (f"bare {topic}", lambda topic=topic, counts=counts: self.bare(topic, sum(counts)))]
        self.alternate(works, min(3, self.o.runs))

    # -- what they work on

    def main_topic(self):
        if not hasattr(self, "main"):
            counts = self.kafka.fill("rows", PARTITIONS, stage.lines_of(self.rows))
            self.say(f"topic rows: {sum(counts)} records, {os.path.getsize(self.rows)} bytes")
            self.main = "rows", counts, sum(counts)
        return self.main

    def csv_file(self):
        path = self.dir / f"replay-{self.o.rows // 4}.csv"
        if not path.exists():
            rng = random.Random(1)
            with open(path, "w") as f:
                f.write("Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD\n")
                for n in range(self.o.rows // 4):
                    r = json.loads(stage.row(n, rng))
                    f.write(",".join(str(r[k]) for k in ("Index", "Date", "Open", "High", "Low", "Close", "Adj Close",
                                                         "Volume", "CloseUSD")) + "\n")
        return path

    def go(self):
        self.rows = stage.rows_file(self.dir, self.o.rows)
        self.facts.update(rows=self.o.rows, runs=self.o.runs, bytes=os.path.getsize(self.rows))
        self.kafka = stage.Kafka(self.dir / "kafka")
        try:
            for part in self.o.parts:
                self.say(f"-- {part}: {getattr(self, part).__doc__}")
                getattr(self, part)()
        finally:
            self.kafka.close()
        return {name: medians(results) for name, results in self.samples.items()}


def medians(results):
    keys = [k for k, v in results[0].__dict__.items() if isinstance(v, (int, float))]
    found = {k: statistics.median(r.__dict__[k] for r in results) for k in keys}
    found["peak"] = max(r.peak for r in results)
    found["runs"] = len(results)
    return found


PARTS = ["codecs", "profile", "latency", "replay", "partitions", "messages"]


def main():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rows", type=int, default=FULL_ROWS, help="how many rows (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=FULL_RUNS, help="of each, for the median (default: %(default)s)")
    parser.add_argument("--out", type=pathlib.Path, help="write the report there")
    options = parser.parse_args()
    options.parts = options.parts or PARTS
    if set(options.parts) - set(PARTS):
        parser.error(f"parts are {', '.join(PARTS)}")
    options.rows -= options.rows % (4 * PARTITIONS)
    full = options.parts == PARTS and options.rows == FULL_ROWS
    bench = Bench(options)
    samples = bench.go()
    with open(bench.dir / "results.json", "w") as f:
        json.dump({"samples": samples, "facts": bench.facts}, f, indent=1)
    text = report.report(samples, bench.facts, options.parts)
    out = options.out or (stage.TOP / "docs" / "benchmarks.md" if full else None)
    if out:
        out.parent.mkdir(exist_ok=True)
        out.write_text(text)
        print(f"written to {out}")
    else:
        print(text)


if __name__ == "__main__":
    main()
