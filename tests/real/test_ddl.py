# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 ddl`: what it learns from a bucket where nothing else says the columns, and what it says of objects that
projection cannot see. That it says what a table in Glue says is held by test_glue.py and tests/lake/test_trino.py."""
import csv
import gzip
import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from daemon import BINARY, libconfig, merged
from little_s3 import Stored
from scripted_glue import ScriptedGlue
from scripted_s3 import ScriptedS3

SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "stock_market.csv"
NULL = "__HIVE_DEFAULT_PARTITION__"
SIX_DOUBLES = ["open", "high", "low", "close", "adj_close", "closeusd"]


class Ddl:
    """The command over a bucket that a test fills."""

    def __init__(self, directory, s3):
        self.conf, self.s3, self.at = directory / "ddl.conf", s3, time.time() - 3600

    def put(self, folder, *lines, name=None, data=None):
        """An object of the table "t", younger than all before."""
        self.at += 1
        body = data if data is not None else gzip.compress(b"".join(line + b"\n" for line in lines))
        key = f"raw/t/{folder}{name or f't+0+{int(self.at):020d}+0123456789abcdef.json.gz'}"
        self.s3.buckets["lake"].objects[key] = Stored(body, {}, '"e"', self.at)

    def run(self, *, code=0, **more):
        """Both outputs."""
        key, secret = next(iter(self.s3.secrets.items()))
        settings = merged({
            "kafka": {"topics": ["t"], "group": "g"}, "glue": {"database": "lake"},
            "s3": {"bucket": "lake", "region": "us-east-1", "endpoint": self.s3.endpoint, "path_style": True,
                   "access_key_id": key, "secret_access_key": secret}}, more)
        self.conf.write_text("".join(f"{k} = {libconfig(v)};\n" for k, v in settings.items()))
        self.conf.chmod(0o600)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        done = subprocess.run([os.path.abspath(BINARY), "-c", self.conf, "ddl"], env=clean, capture_output=True,
                              text=True, timeout=300, check=False)
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout, done.stderr

    def columns(self, **more):
        """{name: type}, in their order; with those of the folders."""
        return dict(re.findall(r"^  `(.+)` (.+?),?$", self.run(**more)[0], re.MULTILINE))


@pytest.fixture
def s3():
    with ScriptedS3(buckets=["lake"], secrets={"AKIDDDL": "secret/of+signs"}, page=3) as server:
        yield server


@pytest.fixture
def ddl(tmp_path, s3):
    return Ddl(tmp_path, s3)


def as_json(row):
    """As the replay module writes it: a number digit for digit."""
    cells = (f"{json.dumps(k)}:{v if re.fullmatch(r'-?[0-9.]+', v) else json.dumps(v)}" for k, v in row.items())
    return ("{" + ",".join(cells) + "}").encode()


def test_the_stock_sample(ddl):
    with open(SAMPLE, newline="") as f:
        ddl.put("dt=2026-01-02/hour=03/", *[as_json(row) for row in csv.DictReader(f)])
    found = ddl.columns()
    assert {name: kind for name, kind in found.items() if kind == "double"} == dict.fromkeys(SIX_DOUBLES, "double")
    assert found == {"index": "string", "date": "string", **dict.fromkeys(SIX_DOUBLES, "double"), "volume": "bigint",
                     "dt": "string", "hour": "string"}
    said, _errors = ddl.run()
    assert "'mapping.adj_close'='adj close'" in said and "OpenX" not in said
    date = ddl.columns(columns=[{"name": "date", "type": "date", "path": "Date"}])
    assert list(date)[0] == "date" and {**found, "date": "date"} == date


def test_it_learns_from_the_newest_day(ddl, s3):
    """Of that day five objects at most, whatever their hours and however they are compressed; pages of lists, too."""
    ddl.put("dt=2026-01-01/hour=23/", b'{"yesterday":1}')
    ddl.put("dt=2026-01-02/hour=07/", b'{"sixth":1}')
    for n, hour in enumerate(("00", "23", "00", "01")):
        ddl.put(f"dt=2026-01-02/hour={hour}/", b'{"n":%d,"%c":true}' % (n, b"abcd"[n]), b'{"n":null}')
    ddl.put("dt=2026-01-02/hour=05/", name="t+0+x.json", data=b'{"n":1.5,"plain":{"Deep":[1]}}\n')
    ddl.put(f"dt={NULL}/hour={NULL}/", b'{"timeless":1}')
    assert ddl.columns() == {"n": "double", "plain": "struct<`deep`:array<bigint>>", **dict.fromkeys("dcba", "boolean"),
                             "dt": "string", "hour": "string"}
    read = [entry["key"] for entry in s3.log if entry["op"] == "GET"]
    assert len(read) == 5 and not [key for key in read if "2026-01-02" not in key]


def test_a_day_without_hours_and_no_folders_at_all(ddl):
    ddl.put("dt=2026-01-02/", b'{"a":1}')
    assert ddl.columns(output={"partition_by": "day", "key": (
        "{prefix}/{table}/dt={dt}/{topic}+{partition}+{start}+{id}.{ext}")}) == {"a": "bigint", "dt": "string"}
    ddl.put("", b'{"b":1}')
    said, _errors = ddl.run(output={"partition_by": "none", "key": (
        "{prefix}/{table}/{topic}+{partition}+{start}+{id}.{ext}")})
    assert "`b` bigint" in said and "PARTITIONED" not in said and "Not seen" not in said


def test_an_object_that_is_damaged_is_named(ddl):
    ddl.put("dt=2026-01-02/hour=03/", name="t+0+broken.json.zst", data=b"no zstd")
    assert 'object "raw/t/dt=2026-01-02/hour=03/t+0+broken.json.zst"' in ddl.run(code=69)[1]


def test_nothing_has_landed(ddl):
    assert "nothing has landed yet, and \"columns\" names none" in ddl.run(code=65)[1]
    assert ddl.columns(columns=[{"name": "a", "type": "int"}])["a"] == "int"


def notes(said):
    return re.findall(r"^-- (.*)$", said, re.MULTILINE)


def test_what_projection_cannot_see_is_said(ddl):
    """Its range begins at the first day that is there, so nothing lies before it; what lies behind tomorrow does."""
    ddl.put("dt=1999-12-31/hour=23/", b'{"a":1}')
    ddl.put("dt=2026-01-02/hour=03/", b'{"a":1}')
    said, _errors = ddl.run()
    assert notes(said) == [] and "'projection.dt.range'='1999-12-31,NOW+1DAY'" in said
    for day in ("2999-01-01", "2999-01-02"):
        ddl.put(f"dt={day}/hour=03/", b'{"a":1}')
    ddl.put(f"dt={NULL}/hour={NULL}/", b'{"a":1}')
    assert notes(ddl.run()[0]) == [
        f"Not seen by projection: records without a usable time ({NULL}).",
        "Not seen by projection: 2 days that are still to come, such as 2999-01-01."]


def test_partitions_that_have_to_be_registered(ddl):
    ddl.put(f"dt={NULL}/hour={NULL}/", b'{"a":1}')
    ddl.put("dt=2026-01-02/hour=03/", b'{"a":1}')
    said, _errors = ddl.run(glue={"partitions": "registered"})
    assert notes(said) == ["Now, and again for each new folder: MSCK REPAIR TABLE `lake`.`t`;"]
    assert "projection" not in said


def test_a_table_in_glue_goes_before_what_lies_there(ddl, s3):
    """Its columns, and where its range begins: days before that are not seen, and said."""
    ddl.put("dt=1999-12-31/hour=23/", b'{"there":1}')
    ddl.put("dt=1999-12-30/hour=23/", b'{"there":1}')
    with ScriptedGlue() as glue:
        catalog = {"catalog": "table", "glue": {"endpoint": glue.endpoint}}
        said, _errors = ddl.run(**catalog)
        assert "`there` bigint" in said and notes(said) == []
        pairs = dict(re.findall(r"^  '(.+)'='(.*)',?$", said, re.MULTILINE))
        serde = re.search(r"ROW FORMAT SERDE '(.+)'", said)[1]
        stored = re.search(r"INPUTFORMAT '(.+)'\s+OUTPUTFORMAT '(.+)'", said)
        pairs["projection.dt.range"] = "2026-01-01,NOW+1DAY"
        glue.CreateDatabase({"DatabaseInput": {"Name": "lake"}})
        glue.CreateTable({"DatabaseName": "lake", "TableInput": {
            "Name": "t", "TableType": "EXTERNAL_TABLE", "Parameters": pairs,
            "PartitionKeys": [{"Name": "dt", "Type": "string"}, {"Name": "hour", "Type": "string"}],
            "StorageDescriptor": {"Columns": [{"Name": "kept", "Type": "date"}], "Location": "s3://lake/raw/t/",
                                  "InputFormat": stored[1], "OutputFormat": stored[2],
                                  "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {}}}}})
        s3.log.clear()
        said, _errors = ddl.run(**catalog)
        assert "`kept` date" in said and "there" not in said and "'2026-01-01,NOW+1DAY'" in said
        assert notes(said) == ["Not seen by projection: 2 days before its range, such as 1999-12-30."]
        assert "GET" not in s3.counts() and not glue.count("UpdateTable")
