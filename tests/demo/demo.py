# SPDX-License-Identifier: Apache-2.0
"""`make demo`: CSV to Kafka to S3 on this machine, with nothing to install beyond what the build needs.

Kafka is librdkafka's mock cluster (tests/demo/mock_kafka.c), S3 a small server that checks every signature
(tests/servers/demo_s3.py); the daemon is the one that was built. Ends with 0 when every row of the CSV is in S3 once.
"""
import collections
import csv
import gzip
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests" / "servers"))

from demo_s3 import Server, Store  # noqa: E402

BUILD = TOP / "build"
TOPIC, PARTITIONS, BUCKET = "stock_market", 4, "my-lake"
SECONDS = 50
CONFIGURATION = """\
kafka = {{
  brokers = "{brokers}";
  topics  = [ "{topic}" ];
  group   = "demo";
  options = [ "session.timeout.ms=3000", "heartbeat.interval.ms=500" ];
}};
s3 = {{
  endpoint = "{endpoint}";  path_style = true;  region = "us-east-1";
  bucket = "{bucket}";  prefix = "raw";
  access_key_id = "demo";  secret_access_key = "demo-secret";
}};
roll = {{ records = 500;  age = "2s"; }};
replay = {{ enabled = true;  file = "{csv}";  topic = "{topic}";  rate = {rate}.0; }};
"""


def say(text=""):
    print(text, flush=True)


def sample():
    found = sorted((TOP / "examples").glob("*.csv"))
    if not found:
        sys.exit("demo: no CSV in examples/")
    with open(found[0], newline="", encoding="utf-8") as f:
        return found[0], sum(1 for _ in csv.reader(f)) - 1


def start_kafka():
    kafka = subprocess.Popen([BUILD / "tests/demo/mock_kafka", TOPIC, str(PARTITIONS)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    return kafka, kafka.stdout.readline().strip()


class Landed:
    """Rows in S3, counted as the objects come."""

    def __init__(self, store):
        self.store = store
        self.lines = {}  # key: the lines of the object

    def count(self):
        for key, (body, _) in self.store.snapshot().items():
            if key not in self.lines:
                self.lines[key] = gzip.decompress(body).splitlines()
        return sum(len(lines) for lines in self.lines.values())


def follow(daemon, landed, rows):
    """Until all rows are there, with a line of progress; False when the daemon ends or time does."""
    start = shown = time.monotonic()
    while True:
        count, now = landed.count(), time.monotonic()
        done = count >= rows or daemon.poll() is not None or now - start > SECONDS
        text = f"  {count:5} of {rows} rows in {len(landed.lines)} objects, {now - start:.0f} s"
        if sys.stdout.isatty():
            print("\r" + text, end="\n" if done else "", flush=True)
        elif done or now - shown >= 2:
            shown = now
            say(text)
        if done:
            return count >= rows
        time.sleep(0.2)


def stop(daemon):
    if daemon.poll() is None:
        daemon.send_signal(signal.SIGTERM)
    try:
        return daemon.wait(20)
    except subprocess.TimeoutExpired:
        daemon.kill()
        return daemon.wait()


def rows_once(landed, path):
    """Compares what landed with the CSV as two bags of rows."""
    with open(path, newline="", encoding="utf-8") as f:
        wanted = collections.Counter((r["Index"], r["Date"]) for r in csv.DictReader(f))
    found = collections.Counter()
    for lines in landed.lines.values():
        found.update((row["Index"], row["Date"]) for row in map(json.loads, lines))
    return sum((wanted - found).values()), sum((found - wanted).values())


def show(landed, store, directory):
    objects = store.snapshot()
    say(f"\nObjects in s3://{BUCKET}:")
    for key in sorted(objects)[:8]:
        say(f"  {len(objects[key][0]):7}  {key}")
    if len(objects) > 8:
        say(f"  ... and {len(objects) - 8} more")
    say("\nThree of the lines:")
    for line in next(iter(landed.lines.values()))[:3]:
        say("  " + line.decode())
    if importlib.util.find_spec("duckdb"):
        query(objects, directory)


def query(objects, directory):
    import duckdb

    for key, (body, _) in objects.items():
        path = directory / "lake" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    sql = ("SELECT \"Index\", count(*) AS days, round(max(High), 2) AS highest\n"
           f"  FROM read_json('{directory}/lake/raw/**/*.json.gz', hive_partitioning = true)\n"
           "  GROUP BY ALL ORDER BY days DESC LIMIT 5")
    say("\nSQL over them, by DuckDB:\n  " + sql.replace(str(directory), "."))
    for row in duckdb.sql(sql).fetchall():
        say("  " + "  ".join(f"{value!s:>10}" for value in row))


def run(directory):
    path, rows = sample()
    store = Store(BUCKET, "demo", "demo-secret")
    s3 = Server(store)
    kafka, brokers = start_kafka()
    conf = directory / "kafka2s3.conf"
    conf.write_text(CONFIGURATION.format(brokers=brokers, topic=TOPIC, endpoint=s3.endpoint, bucket=BUCKET, csv=path,
                                         rate=max(1, rows // 6)))
    conf.chmod(0o600)
    say(f"Kafka at {brokers}, S3 at {s3.endpoint}, {rows} rows in {path.relative_to(TOP)}. The daemon's file:\n")
    say("  " + conf.read_text().replace(str(TOP) + "/", "").replace("\n", "\n  "))
    log = directory / "log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with open(log, "wb") as output:
        program = os.environ.get("KAFKA2S3_BIN", BUILD / "kafka2s3")
        daemon = subprocess.Popen([program, "-c", conf, "run"], cwd=TOP, env=clean, stderr=output,
                                  stdout=output, stdin=subprocess.DEVNULL)
    landed = Landed(store)
    try:
        complete = follow(daemon, landed, rows)
        code = stop(daemon)
    finally:
        if daemon.poll() is None:
            daemon.kill()
        kafka.stdin.close()
        kafka.wait(10)
    landed.count()
    if not complete or code != 0:
        say("\nThe daemon's log:\n" + log.read_text(errors="replace")[-4000:])
        say(f"demo: not complete; the daemon ended with {code}")
        return 1
    missing, extra = rows_once(landed, path)
    show(landed, store, directory)
    say(f"\n{rows} rows sent, {landed.count()} rows in {len(landed.lines)} objects, {missing} missing, {extra} twice; "
        f"{store.requests} signed requests, {store.refused} refused.")
    return 0 if missing == extra == 0 else 1


def main():
    with tempfile.TemporaryDirectory(prefix="kafka2s3-demo-") as directory:
        return run(pathlib.Path(directory))


if __name__ == "__main__":
    sys.exit(main())
