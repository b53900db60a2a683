# SPDX-License-Identifier: Apache-2.0
"""Every S3 call, and every way in which S3 misbehaves, through the real s3 and http code: s3_driver against the
scripted S3, which checks signatures with botocore's signer."""
import os
import pathlib
import subprocess
import tempfile
import time
from dataclasses import dataclass

import pytest

from little_s3 import Bucket
from scripted_s3 import ScriptedS3

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PLAIN = TOP / "build" / "tests" / "store" / "s3_driver"
ASAN = TOP / "build" / "asan" / "tests" / "store" / "s3_driver"
KEY, SECRET = "AKIDTEST", "secret/with+signs"
MIB = 1 << 20


@dataclass
class Line:
    op: str
    key: str
    result: str
    attempts: int
    ms: int
    detail: str


class Driver:
    def __init__(self, program, s3):
        self.program, self.s3 = program, s3
        self.env = {n: v for n, v in os.environ.items() if not n.startswith("AWS_")}
        self.env |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
                     "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        self.options = {"endpoint": s3.endpoint, "bucket": "lake", "access_key": KEY, "secret": SECRET}
        self.troubles, self.counters, self.stderr, self.refused = [], {}, "", ""

    def start(self, *steps, flags=(), **options):
        words = [str(self.program), *flags]
        for name, value in {**self.options, **options}.items():
            if value is not None:
                words += ["--" + name.replace("_", "-"), str(value)]
        self.out = tempfile.TemporaryFile("w+")
        return subprocess.Popen([*words, *steps], stdout=self.out, stderr=subprocess.PIPE, text=True, env=self.env)

    def said(self):
        return os.pread(self.out.fileno(), 1 << 20, 0).decode()

    def wait_trouble(self):
        deadline = time.monotonic() + 120
        while "trouble\t" not in self.said():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def finish(self, process, timeout=300):
        _, self.stderr = process.communicate(timeout=timeout)
        out = self.said()
        assert "Sanitizer" not in self.stderr and "runtime error" not in self.stderr, self.stderr
        lines = []
        for text in out.splitlines():
            f = text.split("\t")
            if f[0] == "":
                lines[-1].detail += "\t".join(f[1:]) + "\n"
            elif f[0] == "trouble":
                self.troubles.append(f[1])
            elif f[0] == "refused":
                self.refused = f[1]
            elif f[0] == "counters":
                names = ("requests", "retries", "bytes", "taken", "errors")
                self.counters = dict(zip(names, map(int, f[1:]), strict=True))
            else:
                lines.append(Line(f[0], f[1], f[2], int(f[3]), int(f[4]), f[5]))
        return lines

    def run(self, *steps, flags=(), **options):
        return self.finish(self.start(*steps, flags=flags, **options))

    def one(self, step, flags=(), **options):
        lines = self.run(step, flags=flags, **options)
        assert len(lines) == 1
        return lines[0]


@pytest.fixture
def s3():
    with ScriptedS3(buckets=["lake"], secrets={KEY: SECRET}) as server:
        yield server


@pytest.fixture
def driver(s3):
    return Driver(ASAN if ASAN.exists() else PLAIN, s3)


def body(key, size):
    return bytes((i * 7 + key.encode()[0]) & 255 for i in range(size))


# The calls themselves.

@pytest.mark.parametrize("program", [PLAIN, ASAN], ids=["plain", "asan"])
def test_each_call(s3, program):
    key = "raw/a b+c=é/%41//./..//" + 300 * "x"
    lines = Driver(program, s3).run(
        f"put:{key}:300000", f"put:{key}:300000", "put:empty:0", "create:big", f"part:big:1:{5 * MIB}",
        "part:big:2:100", "list:bi", "complete:big", "create:big", f"part:big:1:{5 * MIB}", "complete:big",
        "abort:big", "abort:big", "list:")
    assert [(line.op, line.result) for line in lines] == [
        ("put", "done"), ("put", "exists"), ("put", "done"), ("create", "done"), ("part", "done"), ("part", "done"),
        ("list", "done"), ("complete", "done"), ("create", "done"), ("part", "done"), ("complete", "exists"),
        ("abort", "done"), ("abort", "done"), ("list", "done")]
    assert all(line.attempts == 1 for line in lines)
    assert s3.object("lake", key).data == body(key, 300000)
    assert s3.object("lake", "empty").data == b""
    big = s3.object("lake", "big")
    assert big.data == body("big", 5 * MIB) + body("big", 100) and big.parts == 2
    upload_id = lines[3].detail.strip()
    assert lines[6].detail == f"\nbig\t{upload_id}\n".lstrip()
    assert lines[-1].detail == ""


def test_what_is_sent(s3, driver):
    lines = driver.run("put:k:10", "create:m", f"part:m:1:{5 * MIB}", "complete:m", storage_class="STANDARD_IA",
                       sse="aws:kms", kms_key_id="arn:aws:kms:x:1:key/2")
    assert [line.result for line in lines] == ["done"] * 4
    sent = {entry["op"]: entry["headers"] for entry in s3.log}
    for op in ("PUT", "CREATE"):
        assert sent[op]["content-type"] == "application/gzip"
        assert sent[op]["x-amz-storage-class"] == "STANDARD_IA"
        assert sent[op]["x-amz-server-side-encryption"] == "aws:kms"
        assert sent[op]["x-amz-server-side-encryption-aws-kms-key-id"] == "arn:aws:kms:x:1:key/2"
        assert sent[op]["x-amz-meta-range-id"] == "00c0ffee00c0ffee"
    assert "x-amz-checksum-sha256" in sent["PUT"] and "x-amz-checksum-sha256" in sent["PART"]
    assert sent["CREATE"]["x-amz-checksum-algorithm"] == "SHA256"
    assert sent["PUT"]["if-none-match"] == sent["COMPLETE"]["if-none-match"] == "*"
    assert not {"if-none-match", "content-type", "x-amz-meta-range-id"} & set(sent["PART"])
    assert all("expect" not in headers and "accept" not in headers for headers in sent.values())
    assert s3.object("lake", "m").headers["x-amz-meta-range-id"] == "00c0ffee00c0ffee"


def test_many_at_once_over_few_connections(s3, driver):
    s3.delay = 0.05
    began = time.time()
    lines = driver.run("puts:40:k/:50000", connections=4)
    assert [line.result for line in lines] == ["done"] * 40
    assert s3.counts() == {"PUT": 40}
    assert time.time() - began > 0.4
    assert all(s3.object("lake", f"k/{i}").data == body("k", 50000) for i in range(40))


def test_a_long_listing_has_pages(s3, driver):
    s3.page = 7
    steps = [f"create:up/k {i:02}+é%" for i in range(30)]
    lines = driver.run(*steps, "create:other", "list:up/")
    pages = [line for line in lines if line.op == "list"]
    assert [page.result for page in pages] == ["done"] * 5
    rows = [row.split("\t") for page in pages for row in page.detail.splitlines()]
    assert len(rows) == 30
    assert sorted(upload_id for _, upload_id in rows) == sorted(line.detail.strip() for line in lines[:30])
    assert {key for key, _ in rows} == {s[7:] for s in steps}
    assert s3.counts()["LIST_UPLOADS"] == 5


def test_a_list_that_goes_round_in_circles_is_asked_for_again(s3, driver):
    page = ("<ListBucketResult><IsTruncated>{more}</IsTruncated><Contents><Key>{key}</Key><Size>1</Size></Contents>"
            "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>")
    for key, more in (("a", "true"), ("a", "true"), ("b", "false")):
        s3.rule(op="LIST", status=200, body=page.format(key=key, more=more))
    lines = driver.run("objects:")
    assert [(line.result, line.attempts, line.detail) for line in lines] == [
        ("done", 1, "1\t0\ta\n"), ("done", 2, "1\t0\tb\n")]


def test_objects_are_listed_looked_at_and_read(s3, driver):
    s3.page = 7
    steps = [f"put:in/k {i:02}+é%&:{100 + i}" for i in range(20)]
    lines = driver.run(*steps, "put:other:1", "objects:in/", "head:in/k 03+é%&", "get:in/k 03+é%&:50:20",
                       "get:in/k 03+é%&:100:1000", "head:none")
    pages = [line for line in lines if line.op == "objects"]
    rows = [row.split("\t") for page in pages for row in page.detail.splitlines()]
    assert [(int(size), key) for size, _, key in rows] == [(100 + i, f"in/k {i:02}+é%&") for i in range(20)]
    assert all(abs(int(modified) / 1000 - time.time()) < 60 for _, modified, _ in rows)
    assert [page.result for page in pages] == ["done"] * 3 and s3.counts()["LIST"] == 3
    head, get, tail, none = lines[-4:]
    assert sorted(head.detail.splitlines()) == ["note\ttwo  spaces", "range-id\t00c0ffee00c0ffee"]
    whole = body("in/k", 103)
    assert get.detail.strip() == f"20 {whole[50:70].hex()}" and tail.detail.strip() == f"3 {whole[100:].hex()}"
    assert none.result == "failed" and "404" in none.detail


def test_folders_are_listed_without_what_is_in_them(s3, driver):
    s3.page = 2
    steps = [f"put:in/d={day:02} é/k{i}:5" for day in range(3) for i in range(4)]
    lines = driver.run(*steps, "put:in/top:7", "put:other/a/b:1", "folders:in/")
    pages = [line for line in lines if line.op == "folders"]
    rows = [tuple(row.split("\t")) for page in pages for row in page.detail.splitlines()]
    folders = [(size, key) for size, _, key in rows if key.endswith("/")]
    assert folders == [("0", f"in/d={day:02} é/") for day in range(3)]
    assert [(size, key) for size, _, key in rows if not key.endswith("/")] == [("7", "in/top")]
    assert len(pages) > 1


def test_a_session_token_is_sent_and_signed(s3, driver):
    assert driver.one("put:k:1", token="tok/en==").result == "done"
    assert s3.log[0]["headers"]["x-amz-security-token"] == "tok/en=="
    assert "x-amz-security-token" in s3.log[0]["headers"]["authorization"]


def test_the_owner_of_the_bucket_is_looked_at_by_each_call(s3, driver):
    s3.owner = "111122223333"
    steps = ("put:k:1", "create:m", f"part:m:1:{5 * MIB}", "complete:m", "list:", "objects:", "head:k", "get:k:0:1",
             "create:n", "abort:n")
    assert {line.result for line in driver.run(*steps, owner=s3.owner)} == {"done"}
    assert {entry["headers"].get("x-amz-expected-bucket-owner") for entry in s3.log} == {s3.owner}
    refused = driver.one("put:k2:1", owner="000000000000")
    assert refused.result == "failed" and "not of account 000000000000 (s3.expected_bucket_owner)" in refused.detail
    s3.log.clear()
    driver.one("put:k3:1")
    assert "x-amz-expected-bucket-owner" not in s3.log[0]["headers"]


# What passes.

@pytest.mark.slow
def test_stalls_end_and_are_tried_again(s3, driver):
    s3.rule(op="PUT", stall_before=40)
    s3.rule(op="PUT", status=200, body="late", work=True, stall_after_headers=40)
    s3.rule(op="PUT", stall_request=100000, stall_before=40)
    lines = driver.run("puts:3:k/:20000000", limit_ms=200000)
    assert {line.result for line in lines} == {"done", "exists"}
    assert all(line.ms >= 30000 and line.attempts == 2 for line in lines)
    assert any("nothing moved for 3" in trouble for trouble in driver.troubles)


@pytest.mark.parametrize("status, code", [(503, "SlowDown"), (500, "InternalError"), (503, ""), (502, ""), (429, ""),
                                          (400, "RequestTimeout"), (400, "BadDigest"), (409, "OperationAborted"),
                                          (409, "ConditionalRequestConflict"), (599, "NeverHeardOf")])
def test_passing_errors_are_retried(s3, driver, status, code):
    s3.rule(op="PUT", status=status, code=code, times=3)
    line = driver.one("put:k:100000")
    assert (line.result, line.attempts) == ("done", 4)
    # What is sent again counts as taken only when it is.
    assert driver.counters == {"requests": 4, "retries": 3, "bytes": 400000, "taken": 200000, "errors": 3}
    assert any(f"{status} {code}".strip() in trouble for trouble in driver.troubles)


def test_every_call_is_retried(s3, driver):
    for op in ("PUT", "CREATE", "PART", "LIST_UPLOADS", "COMPLETE", "ABORT"):
        s3.rule(op=op, status=503, code="SlowDown")
    lines = driver.run("put:k:1", "create:m", f"part:m:1:{5 * MIB}", "list:", "complete:m", "create:m", "abort:m")
    assert [(line.result, line.attempts) for line in lines] == [
        ("done", 2), ("done", 2), ("done", 2), ("done", 2), ("done", 2), ("done", 1), ("done", 2)]


def test_retry_after_is_honoured(s3, driver):
    s3.rule(status=503, code="SlowDown", headers={"retry-after": "1"})
    line = driver.one("put:k:1")
    assert line.result == "done" and 1000 <= line.ms < 40000


def test_bodies_are_asked_for_only_after_trouble(s3, driver):
    s3.rule(op="PUT", status=503, code="SlowDown", times=1)
    s3.rule(op="PUT", status=503, code="SlowDown", times=2, before_body=True)
    line = driver.one(f"put:k:{4 * MIB}")
    assert (line.result, line.attempts) == ("done", 4)
    assert ["expect" in entry["headers"] for entry in s3.log] == [False, True, True, True]
    assert [entry["bytes"] for entry in s3.log] == [4 * MIB, 0, 0, 4 * MIB]


def test_passing_trouble_is_named_and_never_ends(s3, driver):
    s3.rule(status=503, code="SlowDown", times=0)
    line = driver.one("put:k:1", limit_ms=6000)
    assert line.result == "timeout" and line.attempts >= 3
    assert driver.troubles[-1].startswith("503 SlowDown, ") and driver.troubles[-1].endswith(" attempts")


def test_a_dead_store_is_not_stormed(s3, driver):
    s3.rule(status=503, code="SlowDown", times=0)
    lines = driver.run("puts:100:k/:10", connections=4, limit_ms=3000)
    assert all(line.result == "timeout" for line in lines)
    assert len({entry["key"] for entry in s3.log}) <= 4 + 4   # the connections, and a probe a second
    assert driver.counters["taken"] <= 4 * 10


def test_the_store_is_away_and_comes_back(s3, driver):
    s3.stop()
    process = driver.start("puts:10:k/:1000")
    driver.wait_trouble()
    s3.start()
    lines = driver.finish(process)
    assert [line.result for line in lines] == ["done"] * 10
    assert driver.troubles and "attempts" in driver.troubles[0]


@pytest.mark.parametrize("rule", [
    {"cut_request": 0}, {"cut_request": 100000}, {"cut_response": 0}, {"cut_response": 20}, {"cut_response": 300},
    {"cut_response": 0, "work": True, "times": 1}, {"close": True}], ids=str)
def test_connections_that_are_cut(s3, driver, rule):
    s3.rule(op="PUT", **{"times": 2, **rule})
    line = driver.one("put:k:300000")
    assert line.result in (("done", "exists") if "cut_response" in rule or "close" in rule else ("done",))
    assert s3.object("lake", "k").data == body("k", 300000)


def test_a_yes_before_the_body_is_none(s3, driver):
    s3.rule(op="PUT", status=503, code="SlowDown")    # from now on it asks before it sends
    s3.rule(op="PUT", status=200, headers={"etag": '"x"'}, before_body=True)
    line = driver.one(f"put:k:{4 * MIB}")
    assert (line.result, line.attempts) == ("done", 3)
    assert s3.object("lake", "k").data == body("k", 4 * MIB)


def test_a_lost_answer_of_a_put_is_exists(s3, driver):
    s3.rule(op="PUT", status=500, code="InternalError", work=True)
    line = driver.one("put:k:1000")
    assert (line.result, line.attempts) == ("exists", 2)
    assert s3.object("lake", "k").data == body("k", 1000)


def test_a_lost_answer_of_a_complete(s3, driver):
    s3.rule(op="COMPLETE", status=503, code="SlowDown", work=True)
    lines = driver.run("create:m", f"part:m:1:{5 * MIB}", "complete:m")
    assert lines[-1].result == "upload-dead"   # its owner builds it again, and then 412 says that it is there
    assert "NoSuchUpload" in lines[-1].detail
    assert s3.object("lake", "m") is not None


def test_a_lost_answer_of_an_abort_is_done(s3, driver):
    s3.rule(op="ABORT", status=500, work=True)
    assert [line.result for line in driver.run("create:m", "abort:m")] == ["done", "done"]


ERROR = {"body": "<Error><Code>InternalError</Code></Error>", "headers": {"etag": '"x"'}}
OF_A_PROXY = {"body": "<html>log in</html>"}


@pytest.mark.parametrize("op, answer", [("PUT", ERROR), ("PUT", OF_A_PROXY), ("PART", ERROR), ("PART", OF_A_PROXY)])
def test_a_200_that_is_none(s3, driver, op, answer):
    s3.rule(op=op, status=200, **answer)
    lines = driver.run("put:k:1000", "create:m", f"part:m:1:{5 * MIB}", "complete:m")
    assert [line.result for line in lines] == ["done"] * 4
    assert sum(line.attempts for line in lines) == 5
    assert s3.object("lake", "k").data == body("k", 1000) and s3.object("lake", "m").data == body("m", 5 * MIB)


# Complete.

@pytest.mark.parametrize("error, result, attempts", [
    ("<Error><Code>InternalError</Code><Message>We encountered an internal error</Message></Error>", "done", 2),
    ("<Error><Code>SlowDown</Code></Error>", "done", 2),
    ("", "done", 2),
    ("<html>", "done", 2),
    ("<Error><Code>AccessDenied</Code><Message>kms:Decrypt</Message></Error>", "failed", 1)])
def test_200_with_an_error(s3, driver, error, result, attempts):
    s3.rule(op="COMPLETE", status=200, body=error)
    line = driver.run("create:m", f"part:m:1:{5 * MIB}", "complete:m")[-1]
    assert (line.result, line.attempts) == (result, attempts)
    assert (s3.object("lake", "m") is not None) == (result == "done")


def test_a_result_by_another_name(s3, driver):
    s3.rule(op="COMPLETE", status=200, work=True, body="<CompleteMultipartUploadResponse><ETag>x</ETag>"
                                                       "</CompleteMultipartUploadResponse>")
    line = driver.run("create:m", f"part:m:1:{5 * MIB}", "complete:m")[-1]
    assert (line.result, line.attempts) == ("done", 1)


def test_a_slow_complete_with_white_space(s3, driver):
    s3.rule(op="COMPLETE", drip=2)
    line = driver.run("create:m", f"part:m:1:{5 * MIB}", "complete:m")[-1]
    assert (line.result, line.attempts) == ("done", 1) and line.ms >= 1900


@pytest.mark.parametrize("status, code", [(409, "ConditionalRequestConflict"), (404, "NoSuchUpload"),
                                          (400, "InvalidPart")])
def test_a_dead_upload(s3, driver, status, code):
    s3.rule(op="COMPLETE", status=status, code=code)
    line = driver.run("create:m", f"part:m:1:{5 * MIB}", "complete:m")[-1]
    assert line.result == "upload-dead" and code in line.detail


def test_a_part_of_a_dead_upload(s3, driver):
    lines = driver.run("create:m", "abort:m", "part:m:1:10")
    assert lines[-1].result == "upload-dead" and "NoSuchUpload" in lines[-1].detail


def test_answers_that_lack_something(s3, driver):
    s3.rule(op="CREATE", status=200, body="<InitiateMultipartUploadResult/>")
    s3.rule(op="PART", status=200)
    s3.rule(op="LIST_UPLOADS", status=200, body="<html/>")
    lines = driver.run("create:m", f"part:m:1:{5 * MIB}", "list:m", "complete:m")
    assert [(line.result, line.attempts) for line in lines] == [("done", 2), ("done", 2), ("done", 2), ("done", 1)]


def test_empty_results_are_none(s3, driver):
    s3.rule(op="CREATE", status=200, body="<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>")
    s3.rule(op="PART", status=200, headers={"etag": ""})
    lines = driver.run("create:m", f"part:m:1:{5 * MIB}", "complete:m")
    assert [(line.result, line.attempts) for line in lines] == [("done", 2), ("done", 2), ("done", 1)]


def test_a_store_that_knows_no_ranges(s3, driver):
    s3.rule(op="GET", status=200, body="0123456789", times=2)
    lines = driver.run("get:k:4:3", "get:k:20:3")
    assert [line.detail.strip() for line in lines] == [f"3 {b'456'.hex()}", "0"]


# Conditions.

def test_a_store_without_conditions(s3, driver):
    s3.conditions = False
    lines = driver.run("put:k:10", "put:k:10", "create:m", f"part:m:1:{5 * MIB}", "complete:m")
    assert [line.result for line in lines] == ["done"] * 5
    assert lines[0].attempts == 2 and lines[1].attempts == 1
    assert driver.stderr.count("does not know If-None-Match") == 1


def test_a_condition_that_was_not_set_cannot_have_failed(s3, driver):
    s3.conditions = False
    s3.rule(op="PUT", nth=2, status=412, code="PreconditionFailed")
    line = driver.one("put:k:10")
    assert line.result == "failed" and line.detail.startswith("wait for a person: ")
    assert s3.object("lake", "k") is None


def test_what_else_is_not_implemented_needs_a_person(s3, driver):
    s3.rule(op="PUT", status=501, code="NotImplemented", times=0)
    line = driver.one("put:k:10")
    assert line.result == "failed" and line.detail.startswith("wait for a person: ")
    assert "If-None-Match" not in driver.stderr


# Region and endpoint.

@pytest.mark.parametrize("how", ["301", "400", "307"])
def test_the_region_is_learnt(s3, driver, how):
    s3.buckets["lake"].region = "eu-west-1"
    s3.moved = how
    lines = driver.run("put:a:10", "put:b:10", "puts:8:c/:10")
    assert [line.result for line in lines] == ["done"] * 10
    assert lines[0].attempts == 2 and lines[1].attempts == 1
    assert driver.stderr.count("is in region 'eu-west-1'") == 1


def test_calls_in_flight_learn_the_region_together(s3, driver):
    s3.buckets["lake"].region = "eu-west-1"
    s3.delay = 0.1
    lines = driver.run("puts:4:c/:10", connections=4)
    assert [line.result for line in lines] == ["done"] * 4
    assert driver.stderr.count("is in region") == 1


def test_a_wrong_region_of_the_settings_is_mended_too(s3, driver):
    s3.buckets["lake"].region = "ap-south-1"
    assert driver.one("put:a:10", region="eu-west-1").result == "done"


def test_the_environment_names_the_region(s3, driver):
    driver.env["AWS_REGION"] = "eu-north-1"
    assert driver.one("put:a:10").result == "done"
    assert "/eu-north-1/s3/aws4_request" in s3.log[0]["headers"]["authorization"]


def test_a_redirect_is_followed_with_method_and_body(s3, driver):
    with ScriptedS3(buckets=["lake"], secrets={KEY: SECRET}) as other:
        s3.rule(op="PUT", status=307, code="TemporaryRedirect", times=1,
                headers={"location": f"{other.endpoint}/lake/k%20x"})
        lines = driver.run("put:k x:100000", "put:second:10")
        assert [line.result for line in lines] == ["done", "done"]
        assert other.object("lake", "k x").data == body("k", 100000)
        assert s3.object("lake", "second") is not None    # a redirect counts for one request


def test_a_circle_of_redirects_ends(s3, driver):
    s3.rule(status=307, code="TemporaryRedirect", times=0, headers={"location": f"{s3.endpoint}/lake/k"})
    line = driver.one("put:k:10")
    assert line.result == "failed" and "s3.region" in line.detail
    assert len(s3.log) <= 7


# The clock.

@pytest.mark.parametrize("offset", [7200, -7200])
def test_the_clock_is_corrected_for_signing(s3, driver, offset):
    s3.clock_offset = offset
    lines = driver.run("put:a:10", "put:b:10")
    assert [(line.result, line.attempts) for line in lines] == [("done", 2), ("done", 1)]
    assert driver.stderr.count("corrected for signing only") == 1


def test_a_wrong_signature_with_a_wrong_clock_is_tried_once_more(s3, driver):
    s3.rule(op="PUT", status=403, code="SignatureDoesNotMatch", date_offset=600)
    line = driver.one("put:a:10")
    assert (line.result, line.attempts) == ("done", 2)


def test_a_wrong_date_alone_changes_nothing(s3, driver):
    s3.rule(op="PUT", date_offset=86400, times=0)
    assert [line.attempts for line in driver.run("put:a:10", "put:b:10")] == [1, 1]


# Credentials.

def test_an_expired_token_is_fetched_again(s3, driver, tmp_path):
    file = tmp_path / "credentials"

    def write(token):
        file.with_suffix(".new").write_text(f"[default]\naws_access_key_id = {KEY}\n"
                                            f"aws_secret_access_key = {SECRET}\naws_session_token = {token}\n")
        file.with_suffix(".new").rename(file)

    write("old")
    s3.expired_tokens = {"old"}
    process = driver.start("put:a:10", access_key=None, secret=None, credentials_file=file)
    driver.wait_trouble()
    write("new")
    line = driver.finish(process)[0]
    assert line.result == "done" and line.attempts > 1
    assert any("400 ExpiredToken" in trouble for trouble in driver.troubles)
    assert s3.log[-1]["headers"]["x-amz-security-token"] == "new"


def test_credentials_that_cannot_be_had_are_waited_for(s3, driver, tmp_path):
    file = tmp_path / "credentials"
    process = driver.start("put:a:10", access_key=None, secret=None, credentials_file=file)
    driver.wait_trouble()
    file.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    line = driver.finish(process)[0]
    assert line.result == "done"
    assert any("credentials from credentials_file: cannot open" in trouble for trouble in driver.troubles)
    assert s3.counts() == {"PUT": 1}


def test_no_credentials_at_all_are_named(s3, driver):
    line = driver.one("put:a:10", access_key=None, secret=None, limit_ms=700)
    assert line.result == "timeout" and s3.log == []
    assert driver.troubles[0].startswith("no credentials (asked: settings, environment, profile, web ")


# What needs a person.

@pytest.mark.parametrize("options, says", [
    ({"secret": "wrong"}, "403 SignatureDoesNotMatch"), ({"access_key": "unknown"}, "403 InvalidAccessKeyId"),
    ({"bucket": "nowhere"}, "404 NoSuchBucket")])
def test_a_person_is_told_at_once(s3, driver, options, says):
    line = driver.one("put:a:10", **options)
    assert (line.result, line.attempts) == ("failed", 1)
    assert line.detail.startswith(f"wait for a person: put in bucket '{options.get('bucket', 'lake')}': {says}: ")
    assert SECRET not in line.detail and "; " in line.detail


@pytest.mark.parametrize("status, code", [(403, "AccessDenied"), (403, ""), (400, "KMS.DisabledException"),
                                          (405, "MethodNotAllowed"), (400, "NeverHeardOf"), (404, "")])
def test_what_does_not_pass_comes_out(s3, driver, status, code):
    s3.rule(op="PUT", status=status, code=code, message="as scripted")
    lines = driver.run("put:a:10", "put:b:10")
    assert (lines[0].result, lines[0].attempts) == ("failed", 1)
    assert lines[0].detail.startswith("wait for a person: ") and f"{status} {code}".strip() in lines[0].detail
    assert lines[1].result == "done"


@pytest.mark.parametrize("op, command, action", [
    ("PUT", "put:k:10", "s3:PutObject"), ("CREATE", "create:k", "s3:PutObject"),
    ("HEAD", "head:k", "s3:GetObject"), ("GET", "get:k:0:1", "s3:GetObject")])
def test_a_denial_names_the_action_and_the_object(s3, driver, op, command, action):
    s3.rule(op=op, status=403, code="AccessDenied" if op != "HEAD" else "")
    detail = driver.one(command).detail
    assert f"grant {action} on arn:aws:s3:::lake/k" in detail and detail.count("grant") == 1


def test_a_denial_by_the_key_names_that(s3, driver):
    s3.rule(op="PUT", status=403, code="AccessDenied", message=(
        "User: arn:aws:sts::111122223333:assumed-role/lake/i-0abc is not authorized to perform: kms:GenerateDataKey on "
        "resource: arn:aws:kms:us-east-1:111122223333:key/k1 because no identity-based policy allows the "
        "kms:GenerateDataKey action"))
    detail = driver.one("put:k:10").detail
    assert "grant kms:GenerateDataKey on arn:aws:kms:us-east-1:111122223333:key/k1; S3 says: User" in detail


def test_a_bad_endpoint_is_refused(driver):
    driver.run("put:a:10", endpoint="localhost:9000")
    assert driver.refused.startswith("give up: s3.endpoint 'localhost:9000' must begin with http")
    driver.run("put:a:10", ca_file="/nowhere/ca.pem")
    assert driver.refused.startswith("give up: s3.ca_file '/nowhere/ca.pem'")


# The lease of a publish.

def test_too_late_is_not_sent(s3, driver):
    lines = driver.run("put:a:10", "create:m", f"part:m:1:{5 * MIB}", "complete:m", not_after_ms=0)
    assert [line.result for line in lines] == ["stale", "done", "done", "stale"]
    assert "PUT" not in s3.counts() and "COMPLETE" not in s3.counts()


def test_each_attempt_looks_at_the_lease(s3, driver):
    s3.rule(op="PUT", status=503, code="SlowDown", headers={"retry-after": "1"}, times=0)
    line = driver.one("put:a:10", not_after_ms=1500)
    assert line.result == "stale" and line.attempts <= 2


# The line to it.

def test_by_proxy_with_a_virtual_host(s3, driver):
    line = driver.one("put:k/a:10", endpoint="http://s3.test", proxy=s3.endpoint)
    assert line.result == "done"
    assert s3.log[0]["headers"]["x-seen-as-proxy"] == s3.log[0]["headers"]["host"] == "lake.s3.test"
    assert s3.object("lake", "k/a") is not None


def test_the_environments_proxy_is_not_taken(s3, driver):
    driver.env.update(http_proxy="http://127.0.0.1:1", HTTPS_PROXY="http://127.0.0.1:1", all_proxy="http://127.0.0.1:1")
    assert driver.one("put:k:10").result == "done"


def test_ipv6():
    with ScriptedS3(buckets=["lake"], secrets={KEY: SECRET}, host="::1") as s3:
        assert Driver(PLAIN, s3).one("put:k:10").result == "done"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], check=True,
                   capture_output=True)
    return str(cert), str(key)


def test_tls(certificate):
    with ScriptedS3(buckets=["lake"], secrets={KEY: SECRET}, host="127.0.0.1", tls=certificate) as s3:
        driver = Driver(PLAIN, s3)
        named = f"https://localhost:{s3.port}"
        assert driver.one(f"put:k:{MIB}", endpoint=named, ca_file=certificate[0]).result == "done"
        unknown = driver.one("put:k2:10", endpoint=named)
        assert unknown.result == "failed" and unknown.detail.startswith("wait for a person: ")
        other_name = driver.one("put:k3:10", endpoint=f"https://127.0.0.1:{s3.port}", ca_file=certificate[0])
        assert other_name.result == "failed" and "127.0.0.1" in other_name.detail
        assert list(s3.buckets["lake"].objects) == ["k"]


def test_bandwidth(s3, driver):
    line = driver.one(f"put:k:{MIB}", bandwidth=MIB)
    assert line.result == "done" and 800 <= line.ms < 40000


def test_a_region_of_its_own_for_each_bucket(s3, driver):
    s3.buckets["other"] = Bucket(region="eu-west-3")
    assert driver.one("put:k:10", bucket="other").result == "done"
