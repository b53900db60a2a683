# SPDX-License-Identifier: Apache-2.0
"""What a daemon lands of all that JSON lines could break, and of the sample by the replay module."""
import functools
import pathlib
import re
import subprocess

import judge
import sample
from daemon import Daemon, merged
from rows import HOUR_MS, NOON, stock_rows

ORDERS, AUDIT, EVENTS, CLICKS = "Orders.V2-eu", "_audit", ".events", "clicks"
STOCKS, BEYOND = "stock_market", "beyond"     # by the replay module
METADATA = ["kafka_topic", "kafka_partition", "kafka_offset", "kafka_timestamp", "kafka_key", "kafka_headers"]
DEAD = "dead-letter"

DOCUMENTS = [
    b'{\n  "pretty": [\r\n\t1 , 2 ],\n  "text" : " a\\n b "\n}\n', b"{}", b'{"n":1}',
    '{"grüße":"żółć 你好 😀","lines":"\u2028\u2029\u0085"}'.encode(), rb'{"escapes":"\u0000\u001f\" \\ \ud83d\ude00"}',
    b'{"nested":{"Deep":[{"a":null},{"a":[true,false]}]}}',
]
PASSED_ON = [b'{"same":1,"same":2,"Same":3}', b'{"large":12345678901234567890123,"exact":0.10,"e":1E+2}']
NO_OBJECTS = [b"[1, [2, 3]]", b'"a string"', b"17", b"true", b" null ", b"[]"]
INVALID = [b'\xef\xbb\xbf{"a":1}', b'{"a":NaN}', b'{"a":"\x01"}', b'{"a":"\xff"}', b"", b'{"a":1}{"b":2}', b"{'a':1}",
           b'{"a":1,"KAFKA_OFFSET":7}', b'\x00\x1f"\\']
KEYS = [b"plain", "klucz ż\U0001f600".encode(), bytes(range(32)) + b'"\\\x7f', b"\xff\xfe", None]
HEADERS = [("h", b"text\n\x00"), ("\u03a9 \x1f", b"\xff"), ("h", None)]
BEYOND_CSV = "a,b,c,d,e,f,g\n9223372036854775807,-9223372036854775808,NaN,-inf,1e999,,0.10\n"

# Where each topic's table lies, and its extension.
ROOTS = {ORDERS: ("raw/orders_v2_eu/", "json.gz"), AUDIT: ("raw/t_audit/", "json"),
         EVENTS: ("flat/t_events/", "json.zst"), CLICKS: ("site/web/web_clicks/", "json.gz"),
         STOCKS: ("raw/stock_market/", "json.gz"), BEYOND: ("raw/beyond/", "json.gz")}


class Object:
    """One of a table, or of its dead letters: the folders below the table's root, its name, its lines."""

    def __init__(self, key, root, body):
        *self.folders, self.name = key.removeprefix(root).split("/")
        self.key, self.body, self.ext = key, body, re.search(r"json.*$", self.name)[0]
        self.lines = judge.lines_of(body, self.ext)


class Lake:
    def __init__(self, case):
        self.case, self.s3, self.bucket = case, case.s3, case.bucket
        self.csv = sample.write_csv(pathlib.Path(case.dir) / "prices.csv")
        partitions = {ORDERS: 2, AUDIT: 1, EVENTS: 1, CLICKS: 2, STOCKS: 4, BEYOND: 1}
        for topic, n in partitions.items():
            case.broker.create_topic(topic, n)
        self._produce(partitions)
        case.daemon(
            *partitions, output={"metadata": METADATA}, roll={"records": 1000}, override=[
                {"topics": [CLICKS], "table": "web_clicks", "s3": {"prefix": "site/web"},
                 "output": {"partition_by": "day"}},
                {"topics": [EVENTS], "s3": {"prefix": ""}, "output": {
                    "key": "flat/{table}/{topic}+{partition}+{start}+{id}.{ext}", "compression": "zstd",
                    "partition_by": "none"}},
                {"topics": [AUDIT], "output": {"compression": "none"}},
                {"topics": [STOCKS, BEYOND], "output": {"metadata": []}}],
            replay={"enabled": True, "file": str(self.csv), "topic": STOCKS, "rate": 0.0, "order": "sequential",
                    "key_column": "Index"})
        rows = len(sample.read_csv(self.csv))
        case.until(f"{rows} rows sent", lambda: rows == sum(
            high for _low, high in case.broker.watermarks(STOCKS).values()), 60, every=0.3)
        case.wait_landed(*partitions, seconds=60)

    def _produce(self, partitions):
        """Hours of two days, and records without a time, of each kind; keys and headers of each kind."""
        (pathlib.Path(self.case.dir) / "beyond.csv").write_text(BEYOND_CSV)
        command = Daemon(self.case.dir, "replay", merged(self.case.settings([BEYOND]), {
            "replay": {"file": f"{self.case.dir}/beyond.csv", "topic": BEYOND, "rate": 0.0}})).command("replay")
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        values = DOCUMENTS + PASSED_ON + NO_OBJECTS + INVALID
        for topic in (ORDERS, AUDIT):
            for i, hour in enumerate([0, 5, 24, None]):
                self.case.produce(topic, values, partitions=partitions[topic], headers=HEADERS,
                                  timestamp=-1 if hour is None else NOON + hour * HOUR_MS,
                                  keys=[KEYS[(i + n) % len(KEYS)] for n in range(len(values))])
        self.case.produce(EVENTS, DOCUMENTS)
        self.case.produce(CLICKS, stock_rows(3000), partitions=partitions[CLICKS],
                          timestamp=lambda i: -1 if i % 1000 == 0 else NOON + i % 2 * 24 * HOUR_MS)

    @functools.cached_property
    def keys(self):
        return self.case.keys()

    def _objects(self, root):
        return [Object(key, root, self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
                for key in self.keys if key.startswith(root)]

    @functools.cached_property
    def tables(self):
        """{topic: [Object]}"""
        return {topic: self._objects(root) for topic, (root, _ext) in ROOTS.items()}

    @functools.cached_property
    def dead_letters(self):
        return {topic: self._objects(f"{DEAD}/{root.split('/')[-2]}/") for topic, (root, _ext) in ROOTS.items()}

    def rows(self, topic):
        return [line for o in self.tables[topic] for line in o.lines]

    def letters(self, topic):
        return [line for o in self.dead_letters[topic] for line in o.lines]
