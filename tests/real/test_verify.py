# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 verify` and the judge, which knows nothing of it, say the same of one bucket, whole or harmed."""
import gzip
import os
import re
import subprocess

import pytest

import judge
from daemon import BINARY
from rows import stock_rows

LANDED = {"roll": {"records": 200, "age": "1s"}}


def landed(case, partitions=2, rows=2000, **more):
    topic = case.topic(partitions)
    d = case.daemon(topic, **{**LANDED, **more})
    case.produce(topic, stock_rows(rows), partitions=partitions)
    case.wait_landed(topic)
    assert d.terminate() == 0
    return topic, d


def problems(case, topic, **rules):
    return judge.judge_topic(case.broker, case.s3, case.bucket, topic, case.group, judge.Rules(**rules)).problems()


def ranges(case, topic, partition=0):
    """[(start, [keys])] of a partition"""
    found = {}
    for key in case.keys():
        m = re.search(rf"{re.escape(topic)}\+{partition}\+(\d{{20}})\+", key)
        if m:
            found.setdefault(int(m[1]), []).append(key)
    return sorted(found.items())


def copy(case, key, to):
    case.s3.copy_object(Bucket=case.bucket, Key=to, CopySource={"Bucket": case.bucket, "Key": key})


def write(case, key, body):
    """Other content, the same metadata."""
    meta = case.s3.head_object(Bucket=case.bucket, Key=key)["Metadata"]
    case.s3.put_object(Bucket=case.bucket, Key=key, Body=body, Metadata=meta)


def body(case, key):
    return case.s3.get_object(Bucket=case.bucket, Key=key)["Body"].read()


def assert_broken(case, topic, d, kind, first, next_offset, *options):
    assert problems(case, topic), "the judge sees it too"
    code, said = d.verify(*options)
    assert (code, said["result"]) == (1, "not whole")
    assert [(f["kind"], f["partition"], f["first_offset"], f["next_offset"]) for f in said["findings"]] == [
        (kind, 0, first, next_offset)], said["findings"]
    assert [p["whole"] for p in said["partitions"]] == [False, True]


def assert_whole(case, topic, d, *options, **rules):
    assert problems(case, topic, **rules) == []
    code, said = d.verify(*options)
    assert (code, said["result"], said["findings"]) == (0, "whole", [])
    return said


@pytest.mark.asan
def test_whole_is_whole_and_counted(case):
    topic, d = landed(case)
    keys = case.keys()
    for options in ((), ("--deep",), ("--topic", topic)):
        said = assert_whole(case, topic, d, *options)
        assert said["objects"] == len(keys) == said["requests"]["head"]
        assert [p["partition"] for p in said["partitions"]] == [0, 1]
        assert sum(p["ranges"] for p in said["partitions"]) == len(ranges(case, topic)) + len(ranges(case, topic, 1))
        assert sum(p["objects"] for p in said["partitions"]) == len(keys)
        if "--deep" in options:
            assert sum(p["records"] for p in said["partitions"]) == 2000
            assert said["requests"]["get"] == said["read"] == len(keys)
        else:
            assert said["requests"]["get"] == 0
            assert [p["uncounted_ranges"] for p in said["partitions"]] == [1, 1]


@pytest.mark.parametrize("compression, ext", [("none", "json"), ("zstd", "json.zst")])
def test_each_codec_is_read(case, compression, ext):
    topic, d = landed(case, output={"compression": compression})
    said = assert_whole(case, topic, d, "--deep", ext=ext)
    assert sum(p["records"] for p in said["partitions"]) == 2000


def test_dead_letters_and_stretches_without_objects_are_part_of_the_chain(case):
    topic = case.topic()
    d = case.daemon(topic, **LANDED)
    values = [*stock_rows(300), *[None] * 500, *[b"no json"] * 300, *stock_rows(300, first=300)]
    case.produce(topic, values)
    case.wait_landed(topic)
    assert d.terminate() == 0
    said = assert_whole(case, topic, d, "--deep")
    assert said["partitions"][0]["records"] == 900
    metas = [case.s3.head_object(Bucket=case.bucket, Key=key)["Metadata"] for key in case.keys()]
    assert any("skipped" in m for m in metas)
    letters = case.keys("dead-letter/")
    case.s3.delete_object(Bucket=case.bucket, Key=letters[0])
    assert problems(case, topic)
    code, said = d.verify()
    assert code == 1 and [f["kind"] for f in said["findings"]] == ["missing"]


@pytest.mark.asan
def test_a_large_object_is_read_in_pieces(case):
    topic, d = landed(case, partitions=1, rows=40000, output={"compression": "none"}, roll={"records": 0, "age": "3s"})
    said = assert_whole(case, topic, d, "--deep", ext="json")
    assert said["partitions"][0]["records"] == 40000
    assert said["requests"]["get"] > said["objects"]


@pytest.mark.asan
def test_h18_a_range_taken_away_whole_is_found(case):
    topic, d = landed(case)
    (start, keys), (after, _) = ranges(case, topic)[1:3]
    kept = {key: body(case, key) for key in keys}
    metas = {key: case.s3.head_object(Bucket=case.bucket, Key=key)["Metadata"] for key in keys}
    for key in keys:
        case.s3.delete_object(Bucket=case.bucket, Key=key)
    assert_broken(case, topic, d, "missing", start, after)
    for key in keys:
        case.s3.put_object(Bucket=case.bucket, Key=key, Body=kept[key], Metadata=metas[key])
    assert_whole(case, topic, d)


def test_an_object_doubled_under_another_id_is_found(case):
    topic, d = landed(case)
    start, keys = ranges(case, topic)[1]
    twin = re.sub(r"[0-9a-f]{16}(\.json)", r"00ffee00c0ffee11\1", keys[0])
    copy(case, keys[0], twin)
    assert_broken(case, topic, d, "double", start, None)
    case.s3.delete_object(Bucket=case.bucket, Key=twin)
    assert_whole(case, topic, d)


def test_an_object_doubled_into_another_hour_is_found(case):
    topic, d = landed(case)
    (start, keys), (after, _) = ranges(case, topic)[1:3]
    twin = re.sub(r"dt=[^/]*", "dt=1999-01-01", keys[0])
    copy(case, keys[0], twin)
    assert_broken(case, topic, d, "double", start, after)


def test_an_object_doubled_under_a_name_of_its_own_is_found(case):
    topic, d = landed(case)
    key = ranges(case, topic)[1][1][0]
    copy(case, key, os.path.join(os.path.dirname(key), "copy-of-it.json.gz"))
    assert problems(case, topic)
    code, said = d.verify()
    assert code == 1 and [f["kind"] for f in said["findings"]] == ["double"]


def test_an_object_cut_short_is_found(case):
    topic, d = landed(case)
    (start, keys), (after, _) = ranges(case, topic)[1:3]
    whole = body(case, keys[0])
    write(case, keys[0], whole[:-5])
    assert_broken(case, topic, d, "damaged", start, None, "--deep")
    lines = gzip.decompress(whole).splitlines(keepends=True)
    write(case, keys[0], gzip.compress(b"".join(lines[:-1])))
    assert_broken(case, topic, d, "missing", start, after, "--deep")
    write(case, keys[0], gzip.compress(b"".join([*lines, lines[-1]])))
    assert_broken(case, topic, d, "double", start, after, "--deep")
    assert d.verify()[0] == 0, "what only a reader of the objects can see"
    write(case, keys[0], whole)
    assert_whole(case, topic, d, "--deep")


def test_the_text_for_people_names_what_is_missing(case):
    topic, d = landed(case)
    (start, keys), (after, _) = ranges(case, topic)[1:3]
    for key in keys:
        case.s3.delete_object(Bucket=case.bucket, Key=key)
    done = subprocess.run([os.path.abspath(BINARY), "-c", d.conf, "verify"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1
    assert f'missing: topic "{topic}" partition 0 offsets [{start}, {after}): range ' in done.stdout
    assert f'topic "{topic}" partition 1: whole: ' in done.stdout
    assert re.search(r"requests: \d+ \(\d+ LIST, \d+ HEAD, 0 GET\)", done.stdout)
    assert "\nnot whole: " in done.stdout and "1 missing, 0 double" in done.stdout


def test_since_takes_what_is_older_as_given(case):
    topic, d = landed(case)
    first = ranges(case, topic)[0][1]
    case.pause(1.1)
    d.start()
    case.produce(topic, stock_rows(1000, first=2000), partitions=2)
    case.wait_landed(topic)
    assert d.terminate() == 0
    times = sorted((o["LastModified"], o["Key"]) for o in case.s3.list_objects_v2(Bucket=case.bucket)["Contents"])
    middle = next(i for i in range(1, len(times)) if (times[i][0] - times[i - 1][0]).total_seconds() >= 1)
    since = times[middle][0].strftime("%Y-%m-%dT%H:%M:%S")
    for key in first:
        case.s3.delete_object(Bucket=case.bucket, Key=key)
    assert d.verify()[0] == 1
    code, said = d.verify("--since", since)
    assert code == 0 and 0 < said["looked_at"] < said["objects"]


def test_a_bucket_that_cannot_be_read_is_69(case):
    _topic, d = landed(case, rows=10)
    d.write(s3={"secret_access_key": "wrong"})
    done = subprocess.run([os.path.abspath(BINARY), "-c", d.conf, "verify"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 69
    assert "cannot be read" in done.stderr and "SignatureDoesNotMatch" in done.stderr
