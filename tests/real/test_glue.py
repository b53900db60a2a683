# SPDX-License-Identifier: Apache-2.0
"""The tables that a daemon keeps in Glue: against moto, which looks at signatures and rights, and against a Glue of the
tests' own, which is away, throttles, refuses and loses answers as they say."""
import datetime
import os
import pathlib
import re
import subprocess
import sys

import pytest

from asking import ask, metrics, status
from case import QUICK
from process import Peak
from rows import HOUR_MS, NOON, stock_rows

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "servers"))

from scripted_glue import ScriptedGlue  # noqa: E402

LAKE = "lake"
STOCK = {"n": "bigint", "index": "string", "date": "string", "open": "double", "high": "double", "low": "double",
         "close": "double", "adj_close": "double", "volume": "bigint", "closeusd": "double"}


@pytest.fixture
def glue():
    with ScriptedGlue() as g:
        yield g


def catalog(endpoint, partitions="projection", **more):
    return {"catalog": "table", "glue": {"database": LAKE, "endpoint": endpoint, "partitions": partitions, **more}}


def name_of(topic):
    return "".join(c if c.isalnum() else "_" for c in topic.lower())


def columns(table):
    return {c["Name"]: c["Type"] for c in table["StorageDescriptor"]["Columns"]}


def hours(n):
    return lambda i: NOON + i % n * HOUR_MS


def values_of(n):
    """Partition values of the hours from NOON on."""
    at = [datetime.datetime.fromtimestamp((NOON + h * HOUR_MS) / 1000, datetime.UTC) for h in range(n)]
    return {(t.strftime("%Y-%m-%d"), t.strftime("%H")) for t in at}


def test_a_table_by_projection_signed_as_aws_wants_it(aws, account):
    topic = aws.topic()
    d = aws.daemon(topic, start=False, **catalog(account.endpoint))
    key, secret = account.keys
    d.write(s3={"access_key_id": key, "secret_access_key": secret})
    d.start()
    aws.produce(topic, stock_rows(200))
    aws.wait_landed(topic)
    glue = account.ask("glue")

    def made():
        try:
            return glue.get_table(DatabaseName=LAKE, Name=name_of(topic))["Table"]
        except glue.exceptions.EntityNotFoundException:
            return None
    table = aws.until("a table in Glue", made, 60)
    assert columns(table) == STOCK
    day = min(values_of(1))[0]
    aws.until("its range begins where the records do", lambda: made()["Parameters"]["projection.dt.range"] == (
        f"{day},NOW+1DAY"), 60)
    assert d.terminate() == 0
    says_the_same(d, made())


@pytest.mark.asan
@pytest.mark.tsan
def test_partitions_are_registered_before_their_offsets_move(case, glue):
    """Glue throttles, refuses some inside of a 200, loses an answer; the daemon is killed while Glue is away: what is
    in S3 and committed is registered, always."""
    topic = case.topic(2)
    table = name_of(topic)
    glue.rule("BatchCreatePartition", each=True, code="InternalServiceException", times=2)
    glue.rule("CreateTable", code="ThrottlingException", message="Rate exceeded")
    glue.rule("BatchCreatePartition", work=True, code="InternalServiceException", status=500)
    d = case.daemon(topic, kafka={"options": QUICK}, **catalog(glue.endpoint, "registered"))
    case.produce(topic, stock_rows(500), partitions=2, timestamp=hours(3))
    case.wait_landed(topic, seconds=90)
    assert set(glue.partitions(LAKE, table)) == values_of(3)
    assert columns(glue.table(LAKE, table)) == STOCK
    assert glue.count("BatchCreatePartition") >= 4 and glue.count("BatchGetPartition") >= 1
    glue.clear()
    glue.rule("*", status=503, times=0)
    case.produce(topic, stock_rows(500, first=500), partitions=2, timestamp=hours(5))
    case.until("objects of all hours in S3", lambda: 5 == len({
        k.split("/hour=")[1][:2] for k in case.keys("raw/")}), 60)
    before = case.committed(topic)
    d.kill()
    assert set(glue.partitions(LAKE, table)) == values_of(3) and case.committed(topic) == before
    glue.clear()
    d.start()
    case.wait_landed(topic, seconds=90)
    there = glue.partitions(LAKE, table)
    assert set(there) == values_of(5)
    for (dt, hour), p in there.items():
        assert p["StorageDescriptor"]["Location"] == f"s3://{case.bucket}/raw/{table}/dt={dt}/hour={hour}/"
        assert columns(p) == STOCK
    case.judge(topic)
    assert d.terminate() == 0
    says_the_same(d, glue.table(LAKE, table))


def says_the_same(d, table, theirs=()):
    """The DDL and the table, column by column."""
    done = subprocess.run(d.command("ddl"), env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
                          capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^  `(.+)` (.+?)(?: COMMENT '.*')?,?$", done.stdout, re.MULTILINE)
    wanted = table["StorageDescriptor"]["Columns"] + table["PartitionKeys"]
    assert [(n, t.replace("`", "")) for n, t in found] == [(c["Name"], c["Type"]) for c in wanted]
    pairs = dict(re.findall(r"^  '(.+)'='(.*)',?$", done.stdout, re.MULTILINE))
    assert pairs == {**table["StorageDescriptor"]["SerdeInfo"]["Parameters"],
                     **{k: v for k, v in table["Parameters"].items() if k not in ("EXTERNAL", *theirs)}}
    return done.stdout


def test_columns_are_added_widened_and_partitions_mended(case, glue):
    """Over a restart, since a table is changed at most once a minute; what others have put into it stays."""
    topic = case.topic()
    table = name_of(topic)
    d = case.daemon(topic, kafka={"options": QUICK}, **catalog(glue.endpoint, "registered"))
    case.produce(topic, [b'{"a":1,"Odd Key":"x"}'] * 10)
    case.wait_landed(topic, seconds=90)
    case.until("the columns", lambda: columns(glue.table(LAKE, table)) == {"a": "bigint", "odd_key": "string"}, 60)
    assert d.terminate() == 0
    with glue.lock:
        entry = glue.databases[LAKE][table]
        entry["Table"]["StorageDescriptor"]["Columns"].append({"Name": "theirs", "Type": "date", "Comment": "c"})
        entry["Table"]["Parameters"]["owner"] = "sales"
        entry["Table"]["VersionId"] = "7"
    glue.rule("UpdateTable", code="VersionMismatchException")
    d.start()
    case.produce(topic, [b'{"a":1.5,"b":{"c":[1]}}'] * 10, timestamp=hours(2))
    case.wait_landed(topic, seconds=90)
    wanted = {"a": "double", "odd_key": "string", "theirs": "date", "b": "struct<c:array<bigint>>"}
    case.until(lambda: f"grown: {glue.table(LAKE, table)}", lambda: columns(glue.table(LAKE, table)) == wanted, 90)
    case.until(lambda: f"mended: {glue.partitions(LAKE, table)}", lambda: all(
        columns(p) == wanted for p in glue.partitions(LAKE, table).values()), 90)
    assert len(glue.partitions(LAKE, table)) == 2
    now = glue.table(LAKE, table)
    assert now["Parameters"]["owner"] == "sales"
    assert [c for c in now["StorageDescriptor"]["Columns"] if c["Name"] == "theirs"][0]["Comment"] == "c"
    assert d.terminate() == 0
    says_the_same(d, now, theirs=["owner"])


def test_a_foreign_table_holds_its_own_topic_alone(case, glue):
    first, second = case.topic(suffix="-a"), case.topic(suffix="-b")
    glue.databases[LAKE] = {}
    foreign = {"Name": name_of(first), "TableType": "EXTERNAL_TABLE", "PartitionKeys": [], "Parameters": {},
               "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://elsewhere/",
                                     "InputFormat": "x", "SerdeInfo": {"SerializationLibrary": "y"}}}
    glue.CreateTable({"DatabaseName": LAKE, "TableInput": foreign})
    d = case.daemon(first, second, kafka={"options": QUICK}, **catalog(glue.endpoint, "registered"))
    case.produce(first, stock_rows(100))
    case.produce(second, stock_rows(100))
    case.wait_landed(second, seconds=90)
    d.wait_says(r'is not the daemon.s.*its location is "s3://elsewhere/"', 90)
    d.wait_says("waits for the Glue Data Catalog", 90)
    assert case.committed(first).get(0, 0) == 0 and glue.count("UpdateTable") == 0
    with glue.lock:
        del glue.databases[LAKE][name_of(first)]
    case.wait_landed(first, seconds=120)
    assert set(glue.partitions(LAKE, name_of(first))) == values_of(1)
    d.wait_says("it works again", 60)


@pytest.mark.slow
def test_of_two_topics_of_one_table_name_one_waits_wherever_its_objects_go(case, glue):
    first, second = case.topic(suffix="-a"), case.topic(suffix=".a")
    d = case.daemon(first, second, override=[{"topics": [second], "s3": {"prefix": "other"}}],
                    **catalog(glue.endpoint, "registered"))
    case.produce(first, stock_rows(50))
    case.produce(second, stock_rows(50))
    case.wait_landed(first, seconds=90)
    d.wait_says(r"\.a\" partition 0: waits for a table of its own.*-a\" has it already", 60)
    assert case.committed(second) == {}
    assert glue.table(LAKE, name_of(first))["StorageDescriptor"]["Location"] == (
        f"s3://{case.bucket}/raw/{name_of(first)}/")


@pytest.mark.slow
def test_what_a_daemon_landed_and_never_registered_is_found_at_the_next_start(case, glue):
    """It landed without a catalog; and with projection its range begins there, whatever else lies beside the days."""
    topic = case.topic()
    d = case.daemon(topic, kafka={"options": QUICK})
    case.produce(topic, stock_rows(300), timestamp=hours(130))
    case.wait_landed(topic)
    assert d.terminate() == 0
    d.write(**catalog(glue.endpoint, "registered"))
    d.start()
    case.until("all registered", lambda: set(glue.partitions(LAKE, name_of(topic))) == values_of(130), 90)
    batches = [len(request["PartitionInputList"]) for request in glue.requests("BatchCreatePartition")]
    assert max(batches) == 100 and sum(batches) == 130, batches
    assert d.terminate() == 0
    for stray in ("20240101/hour=00", "2024_01_01", "1"):
        case.s3.put_object(Bucket=case.bucket, Key=f"raw/{name_of(topic)}/dt={stray}/theirs", Body=b"")
    begins = f"{min(values_of(1))[0]},NOW+1DAY"
    d.write(**{**catalog(glue.endpoint), "catalog": "none"})
    done = subprocess.run(d.command("ddl"), capture_output=True, text=True, timeout=100, check=False)
    assert f"'projection.dt.range'='{begins}'" in done.stdout, done.stderr
    d.write(**catalog(glue.endpoint))
    d.start()
    case.until("a range", lambda: glue.table(LAKE, name_of(topic))["Parameters"].get("projection.dt.range") == (
        begins), 90)


@pytest.mark.slow
def test_glue_away_for_long_is_waited_for(case, glue):
    """The table is to be read again by then, and its partitions are parked; all goes on when Glue is back. More than
    the memory holds waits in Kafka."""
    topic = case.topic()
    d = case.daemon(topic, kafka={"options": QUICK}, memory="64MiB",
                    output={"compression": "none", "max_record": "1MiB"},
                    **catalog(glue.endpoint, "registered"))
    peak = Peak(d.process.pid)
    case.produce(topic, stock_rows(100))
    case.wait_landed(topic, seconds=90)
    case.pause(61)
    rows = stock_rows(400_000, first=100)
    assert sum(map(len, rows)) > 64 << 20
    for hour, of_hour in ((1, rows[:200_000]), (2, rows[200_000:])):
        glue.rule("*", cut=True, times=0)
        case.produce(topic, of_hour, timestamp=NOON + hour * HOUR_MS)
        d.wait_says("waits for the Glue Data Catalog", 120, count=hour)
        glue.clear()
        case.wait_landed(topic, seconds=120)
    assert set(glue.partitions(LAKE, name_of(topic))) == values_of(3)
    if "KAFKA2S3_BIN" not in os.environ:  # a sanitizer's memory is no measure
        assert peak.bytes <= (64 + 48) << 20


@pytest.mark.slow
def test_what_columns_do_not_hold_is_told_once_and_counted(case, glue, place):
    """A value that a fixed type does not fit, keys that differ only in case, one without a name."""
    topic = case.topic()
    d = case.daemon(topic, columns=[{"name": "a", "type": "int"}], status={"socket": place}, **catalog(glue.endpoint))
    case.produce(topic, [b'{"a":1}'] * 5 + [b'{"a":"x","Odd":1}'] * 3 + [b'{"a":2,"odd":2,"":3}'] * 2)
    case.wait_landed(topic, seconds=60)
    case.until("all learnt from", lambda: status(place)["glue"]["samples"] == 10, 60)
    found = status(place)["glue"]
    assert [found[n] for n in ("misfits", "case_collisions", "keys_left_out")] == [3, 2, 2], found
    assert metrics(place)["kafka2s3_glue_doubts_total", "misfit"] == 3
    assert b"3 values that do not fit their column, 2 keys in another case" in ask(place, "/status.txt")[2]
    said = d.log()
    for once in ('a value of "a" is no int', '"Odd" and "odd" differ only in case', 'the key "" has no column'):
        assert said.count(once) == 1, (once, said)


@pytest.mark.slow
def test_each_right_that_is_missing_is_named(case, glue):
    """And nothing is lost by it: all is registered as soon as it is given."""
    topic = case.topic()
    glue.rule("CreateDatabase", code="AccessDeniedException", message="not authorized", times=3)
    glue.rule("BatchCreatePartition", code="AccessDeniedException", message="not authorized", times=2)
    d = case.daemon(topic, kafka={"options": QUICK}, **catalog(glue.endpoint, "registered"))
    case.produce(topic, stock_rows(100))
    for action in ("CreateDatabase", "BatchCreatePartition"):
        d.wait_says(f"glue:{action} is refused", 120)
    case.wait_landed(topic, seconds=120)
    assert set(glue.partitions(LAKE, name_of(topic))) == values_of(1)


@pytest.mark.slow
def test_a_crawler_is_made_given_its_targets_and_started(case, glue):
    first, second = case.topic(suffix="-a"), case.topic(suffix="-b")
    crawler = {"catalog": "crawler", "glue": {"database": LAKE, "endpoint": glue.endpoint, "crawler": "c",
                                              "crawler_role": "arn:aws:iam::111122223333:role/c",
                                              "crawler_interval": "1min"}}
    d = case.daemon(first, kafka={"options": QUICK}, **crawler)
    case.produce(first, stock_rows(100))
    case.wait_landed(first)
    case.until("a start", lambda: glue.count("StartCrawler") == 1, 60)
    assert [t["Path"] for t in glue.crawlers["c"]["Targets"]["S3Targets"]] == [
        f"s3://{case.bucket}/raw/{name_of(first)}/"]
    assert d.terminate() == 0
    glue.crawlers["c"]["State"] = "RUNNING"
    d.write(kafka={"topics": [first, second]})
    d.start()
    case.produce(second, stock_rows(100))
    case.wait_landed(second)
    case.until("another target", lambda: len(glue.crawlers["c"]["Targets"]["S3Targets"]) == 2, 60)
    case.until("asked in vain", lambda: glue.count("StartCrawler") == 2, 60)
    assert "it cannot be" not in d.log() and "CrawlerRunning" not in d.log()
    glue.crawlers["c"]["State"] = "READY"
    case.until("asked again", lambda: glue.count("StartCrawler") == 3, 150)
    case.produce(first, stock_rows(100, first=100), timestamp=hours(2))
    case.wait_landed(first)
    case.until("the next start", lambda: glue.count("StartCrawler") == 4, 150)
    times = glue.times("StartCrawler")
    assert times[3] - times[2] > 30, "at most once an interval, though there was a new folder before that"
