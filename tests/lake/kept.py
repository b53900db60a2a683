# SPDX-License-Identifier: Apache-2.0
"""Tables that daemons keep in Glue while what they land changes: columns come and types widen."""
import json
import os
import re
import subprocess
import time

import sample
from case import Case
from daemon import without_aws
from lake import METADATA, STOCKS
from rows import HOUR_MS

GROWING, MIXED = "growing", "mixed"
EARLY = ["Index", "Date", "Open", "Volume"]      # the columns of the first rows, Open an integer
OLDER = 2000                                     # how many of these there are

# Of both the same keys; the test says what a query must find.
MIXED_EARLY = [
    {"Id": 1, "Adj Close": 5, "Customer": {"Id": 7, "fullName": "Zoë"}, "tags": ["a", None], "was": {"a": 1},
     "flag": True, "big": 9007199254740993, "list": [1]},
    {"Id": 2, "Adj Close": None, "Customer": None, "tags": [], "was": None, "flag": None},
]
MIXED_LATE = [
    {"Id": 3, "Adj Close": 2.5, "Customer": {"Id": 8, "Geo": {"Lat": 1.5}}, "tags": ["żółć"], "was": "text",
     "flag": "yes", "big": 12345678901234567890, "list": [0.5], "Größe ż": "你好 😀", "added": False, "none": None},
    {"Id": 4},
]

# Columns as the two tables are to have them, then and now.
GROWING_BEFORE = {"index": "string", "date": "string", "open": "bigint", "volume": "bigint"}
GROWING_AFTER = {**GROWING_BEFORE, "open": "double", "high": "double", "low": "double", "close": "double",
                 "adj_close": "double", "closeusd": "double"}
OF_METADATA = {"kafka_topic": "string", "kafka_partition": "int", "kafka_offset": "bigint",
               "kafka_timestamp": "timestamp", "kafka_key": "string",
               "kafka_headers": "array<struct<key:string,value:string>>"}
MIXED_BEFORE = {"id": "bigint", "adj_close": "bigint", "customer": "struct<id:bigint,fullname:string>",
                "tags": "array<string>", "was": "struct<a:bigint>", "flag": "boolean", "big": "bigint",
                "list": "array<bigint>", **OF_METADATA}
MIXED_AFTER = {**MIXED_BEFORE, "adj_close": "double",
               "customer": "struct<id:bigint,fullname:string,geo:struct<lat:double>>", "was": "string",
               "flag": "string", "big": "string", "list": "array<double>", "gr__e__": "string", "added": "boolean"}


def early(rows):
    """A row of the sample as its producer wrote it when it knew less."""
    return [{name: int(row[name]) if name == "Open" else row[name] for name in EARLY} for row in rows]


def as_lines(rows):
    return [json.dumps(row, ensure_ascii=False).encode() for row in rows]


class Kept:
    """A daemon with a database, a bucket and a group of its own."""

    def __init__(self, name, broker, gateway, moto, directory):
        self.name, self.glue = name, moto.glue()
        self.case = Case(name, broker, gateway, directory)
        self.daemon = self.case.daemon(
            STOCKS, GROWING, MIXED, catalog="table",
            glue={"database": name, "endpoint": moto.endpoint, "partitions": name},
            override=[{"topics": [MIXED], "output": {"metadata": METADATA}}])

    def table(self, name):
        try:
            return self.glue.get_table(DatabaseName=self.name, Name=name)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            return None

    def columns(self, name):
        """{name: type}, in their order; of a table that is not there none."""
        table = self.table(name)
        return {c["Name"]: c["Type"] for c in table["StorageDescriptor"]["Columns"]} if table else {}

    def partitions(self, name):
        return self.glue.get_partitions(DatabaseName=self.name, TableName=name)["Partitions"]

    def wait_columns(self, name, wanted):
        """Until the table has these, and so has each of its partitions."""
        def there():
            if self.columns(name) != wanted:
                return False
            return all({c["Name"]: c["Type"] for c in p["StorageDescriptor"]["Columns"]} == wanted
                       for p in self.partitions(name))
        self.case.until(lambda: f"{name} with {wanted}, has {self.columns(name)}", there, 120, every=0.5)

    def ddl(self, topic):
        """What the command prints."""
        clean = {k: v for k, v in os.environ.items() if k not in without_aws()}
        done = subprocess.run(self.daemon.command("ddl", "--topic", topic), env=clean, capture_output=True, text=True,
                              timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def pairs(text):
    return dict(re.findall(r"'((?:[^'\\]|\\.)*)'\s*=\s*'((?:[^'\\]|\\.)*)'", text))


def columns_of(text):
    """{name: type} of a list of columns; the names of a struct's fields are quoted too."""
    return {name: kind.replace("`", "") for name, kind in re.findall(r"^ *`([^`]*)` (.*?),?$", text, re.MULTILINE)}


def read_ddl(text):
    """What a CREATE EXTERNAL TABLE says, in the form of Glue's answer."""
    found = re.search(r"CREATE EXTERNAL TABLE IF NOT EXISTS `(?P<database>[^`]*)`\.`(?P<name>[^`]*)` \("
                      r"(?P<columns>.*?)\)\n"
                      r"PARTITIONED BY \((?P<keys>.*?)\)\n"
                      r"ROW FORMAT SERDE '(?P<serde>[^']*)'\n"
                      r"WITH SERDEPROPERTIES \((?P<serde_properties>.*?)\)\n"
                      r"STORED AS INPUTFORMAT '(?P<input>[^']*)'\s+OUTPUTFORMAT '(?P<output>[^']*)'\n"
                      r"LOCATION '(?P<location>[^']*)'\n"
                      r"TBLPROPERTIES \((?P<properties>.*?)\);", text, re.DOTALL)
    assert found, text
    return {**found.groupdict(), "columns": columns_of(found["columns"]), "keys": columns_of(found["keys"]),
            "serde_properties": pairs(found["serde_properties"]), "properties": pairs(found["properties"])}


def glue_says(table):
    """The same of a table in Glue."""
    storage = table["StorageDescriptor"]
    serde = storage["SerdeInfo"]
    return {"database": table["DatabaseName"], "name": table["Name"], "location": storage["Location"],
            "columns": {c["Name"]: c["Type"] for c in storage["Columns"]},
            "keys": {c["Name"]: c["Type"] for c in table["PartitionKeys"]},
            "serde": serde["SerializationLibrary"], "serde_properties": serde["Parameters"],
            "input": storage["InputFormat"], "output": storage["OutputFormat"], "properties": table["Parameters"]}


class Growing:
    """Two daemons, which land the same topics: one table with projection, one with registered partitions, each; in a
    first hour what is early, in the next all else."""

    def __init__(self, lake, moto, directory_of):
        broker, gateway = lake.case.broker, lake.case.gateway
        rows = sample.read_csv(lake.csv)
        self.csv = sample.write_rows(directory_of("csv") / "growing.csv", early(rows[:OLDER]) + rows[OLDER:])
        for topic, partitions in ((GROWING, 2), (MIXED, 1)):
            broker.create_topic(topic, partitions)
        self.now = int(time.time() * 1000)
        self.early = self.now - HOUR_MS
        self.case = lake.case
        self._produce(as_lines(early(rows[:OLDER])), as_lines(MIXED_EARLY), self.early)
        self.kept = {}
        try:
            for name in ("projection", "registered"):
                self.kept[name] = Kept(name, broker, gateway, moto, directory_of(name))
            self._wait(GROWING_BEFORE, MIXED_BEFORE)
            self._produce(as_lines(rows[OLDER:]), as_lines(MIXED_LATE), self.now)
            self.case.produce(MIXED, [b'{"Id":5}'], timestamp=-1)
            self._wait(GROWING_AFTER, MIXED_AFTER)
        except BaseException:
            self.close()
            raise

    def _produce(self, growing, mixed, timestamp):
        self.case.produce(GROWING, growing, partitions=2, timestamp=timestamp)
        self.case.produce(MIXED, mixed, timestamp=timestamp)

    def _wait(self, growing, mixed):
        for k in self.kept.values():
            k.case.wait_landed(STOCKS, GROWING, MIXED, seconds=60)
            k.wait_columns(GROWING, growing)
            k.wait_columns(MIXED, mixed)

    def close(self):
        for k in self.kept.values():
            k.case.close()
