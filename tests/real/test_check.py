# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 check`: what is whole, and, each for a broken set-up, that its cause is named. The scripted S3 is broken as
no other can be; tests/check has brokers with TLS, SASL and rights."""
import json
import os
import resource
import subprocess

import pytest

from daemon import BINARY
from little_s3 import Stored
from preflight import RULE, Preflight, healthy
from process import free_port
from rows import stock_rows
from scripted_s3 import ScriptedS3

pytestmark = pytest.mark.plain


@pytest.fixture
def s3():
    with ScriptedS3(buckets=["lake"], secrets={"AKIDCHECK": "secret/of+signs"}) as server:
        server.lifecycle = RULE
        yield server


@pytest.fixture
def run(case, s3, tmp_path):
    """check with these settings changed, on a topic with some rows."""
    topic = case.topic(2, max_message_bytes=1 << 20)
    case.produce(topic, stock_rows(300), partitions=2, timestamp=None)

    def check(*options, **more):
        return Preflight(tmp_path, healthy(case.broker, s3, topic, case.group, **more), *options)
    check.topic = topic
    return check


def names_cause(found, name, *causes):
    """One line has failed, that one, and it names all of this."""
    failed = found.of("failed")
    assert list(failed) == [name], str(found)
    for cause in causes:
        assert cause in failed[name], str(found)
    assert found.code == 1


def test_a_whole_set_up_is_proved_and_nothing_is_left_behind(case, run, s3):
    found = run("--write")
    assert found.code == 0 and not found.of("failed") and not found.of("not proved"), str(found)
    lake = s3.buckets["lake"]
    assert not lake.objects and not lake.uploads
    assert s3.counts()["ABORT"] == 2 and s3.counts()["DELETE"] == 1 and s3.counts()["PUT"] == 2
    assert case.committed(run.topic) == {} and case.broker.members(case.group) in (None, [])
    expect = found.document["expect"]
    assert expect["records"] == 300
    assert 0.9 < expect["bytes"] / sum(len(row) + 1 for row in stock_rows(300)) < 1.1
    assert 0 < expect["compressed_bytes"] < expect["bytes"]
    assert expect["records_a_day"] >= 300 and 24 <= expect["objects_a_day"] <= expect["records_a_day"]


def test_without_write_a_condition_is_not_proved(run, s3):
    found = run()
    assert found.code == 2 and list(found.of("not proved")) == ["conditional writes"], str(found)
    assert "--write" in found.of("not proved")["conditional writes"]
    assert "PUT" not in s3.counts() and "DELETE" not in s3.counts()


def test_with_a_gateway_that_checks_all(case, run):
    """The same against an S3 that others made; what it does not know is not proved."""
    found = run("--write", s3=case.settings([])["s3"])
    assert found.code == 2 and list(found.of("not proved")) == ["lifecycle"], str(found)
    assert not case.s3.list_objects_v2(Bucket=case.bucket)["KeyCount"]
    assert not case.s3.list_multipart_uploads(Bucket=case.bucket).get("Uploads")


@pytest.mark.parametrize("settings, name, causes", [
    ({"kafka": {"topics": ["no-such-topic"]}}, 'topic "no-such-topic"', ["has no such topic"]),
    ({"kafka": {"topics": ["^no-such-.*"]}}, 'topics "^no-such-.*"', ["matches none"]),
    ({"s3": {"bucket": "no-such-lake"}}, "bucket", ['there is no bucket "no-such-lake"']),
    ({"s3": {"secret_access_key": "wrong"}}, "bucket", ["SignatureDoesNotMatch", "secret_access_key"]),
    ({"s3": {"access_key_id": "AKIDNOBODY"}}, "bucket", ["InvalidAccessKeyId"]),
    ({"s3": {"access_key_id": "", "secret_access_key": ""}}, "credentials", ["no credentials"]),
    ({"s3": {"region": "eu-west-1"}}, "region", ['in "us-east-1"', 's3.region = "eu-west-1"']),
    ({"s3": {"storage_class": "GLACIER"}}, "keys", ["Athena does not read", "GLACIER"]),
    ({"output": {"key": "{prefix}/{table}/{dt}/{hour}/{topic}+{partition}+{start}+{id}.{ext}"}}, "keys",
     ["Athena cannot read keys of this template"]),
    ({"output": {"max_record": "512KiB"}}, "records", ["max.message.bytes is 1MiB", 'output.max_record = "512KiB"']),
    ({"s3": {"endpoint": f"http://127.0.0.1:{free_port()}"}}, "S3", ["cannot be reached", "Failed to connect"]),
    ({"s3": {"endpoint": "http://nowhere.invalid:9000"}}, "S3", ["cannot be reached", "resolve"]),
    ({"kafka": {"brokers": f"127.0.0.1:{free_port()}"}}, "broker", ["nothing listens there"]),
    ({"kafka": {"brokers": "nowhere.invalid:9092"}}, "broker", ["no such host"]),
], ids=["no topic", "regex", "no bucket", "wrong secret", "unknown key", "no credentials", "wrong region", "glacier",
        "template", "large records", "no store", "no such store", "wrong port", "unknown host"])
def test_settings(run, settings, name, causes):
    names_cause(run(**settings), name, *causes)


@pytest.mark.slow
@pytest.mark.parametrize("broken, name, causes", [
    ({"op": "CREATE", "status": 403, "code": "AccessDenied",
      "message": "User: arn:aws:iam::1:user/u is not authorized to perform: kms:GenerateDataKey on resource: k"},
     'uploads under "raw"', ["KMS refuses the key", "kms:GenerateDataKey"]),
    ({"op": "CREATE", "status": 400, "code": "KMS.DisabledException"}, 'uploads under "raw"', ["KMS refuses the key"]),
    ({"op": "PART", "status": 403, "code": "AccessDenied",
      "message": "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on resource: k"},
     'uploads under "raw"', ["KMS refuses the key", "kms:Decrypt"]),
    ({"op": "CREATE", "key": "^raw/", "status": 403, "code": "AccessDenied"}, 'uploads under "raw"',
     ["grant s3:PutObject on arn:aws:s3:::lake/raw/"]),
    ({"op": "CREATE", "key": "^dead-letter/", "status": 403, "code": "AccessDenied"}, 'uploads under "dead-letter"',
     ["grant s3:PutObject on arn:aws:s3:::lake/dead-letter/"]),
    ({"op": "ABORT", "status": 403, "code": "AccessDenied"}, 'uploads under "raw"', ["s3:AbortMultipartUpload"]),
    ({"op": "LIST_UPLOADS", "status": 403, "code": "AccessDenied"}, "list of uploads",
     ["s3:ListBucketMultipartUploads", "killed"]),
    ({"op": "PUT", "status": 501, "code": "NotImplemented", "message": "If-None-Match"}, "conditional writes", []),
], ids=["kms of a create", "kms disabled", "kms of a part", "put", "put of dead letters", "abort", "list of uploads",
        "put refused"])
def test_a_store_that_refuses(run, s3, broken, name, causes):
    s3.rule(times=1 if "ABORT" in broken["op"] or broken["op"].startswith(("CREATE", "PART")) else 0, **broken)
    found = run("--write")
    assert name in found.of("failed"), str(found)
    for cause in causes:
        assert cause in found.of("failed")[name], str(found)


OWNER = {"s3": {"expected_bucket_owner": "111122223333"}}


def test_a_bucket_of_whom_it_should_be(run, s3):
    s3.owner = "111122223333"
    found = run("--write", **OWNER)
    assert found.code == 0 and "account 111122223333's" in found.of("ok")["owner"], str(found)


def test_a_bucket_of_somebody_else(run, s3):
    s3.owner = "444455556666"
    names_cause(run("--write", **OWNER), "owner", "is not account 111122223333's")


def test_a_store_that_looks_at_no_owner(run):
    found = run("--write", **OWNER)
    assert found.code == 2 and list(found.of("not proved")) == ["owner"], str(found)


def test_the_right_to_list_is_missing(run, s3):
    s3.rule(op="LIST", status=403, code="AccessDenied", times=0)
    names_cause(run("--write"), "list of objects", "s3:ListBucket", "verify")


def test_the_right_to_read_is_missing(run, s3):
    s3.rule(op="HEAD", status=403, code="AccessDenied", times=0)
    found = run("--write")
    assert "no object is there to try s3:GetObject on" in found.of("not proved")["reading back"], str(found)
    s3.buckets["lake"].objects["raw/t"] = Stored(b"x", {}, '"e"', 0, 0)
    names_cause(run("--write"), "reading back", "grant s3:GetObject on arn:aws:s3:::lake/raw/t", "verify")


def test_a_clock_that_is_off(run, s3):
    s3.clock_offset = -20 * 60
    names_cause(run("--write"), "clock", "s ahead of that of S3", "chrony")


def test_a_store_that_ignores_conditions(run, s3):
    s3.ignores_conditions = True
    names_cause(run("--write"), "conditional writes", "does not know conditional writes")
    assert not s3.buckets["lake"].objects


def test_what_cannot_be_deleted_is_said(run, s3):
    s3.rule(op="DELETE", status=403, code="AccessDenied", times=0)
    found = run("--write")
    assert "cannot be deleted (s3:DeleteObject)" in found.of("failed")["conditional writes"], str(found)


@pytest.mark.slow
@pytest.mark.parametrize("rule", [
    "", RULE.replace("Enabled", "Disabled"), RULE.replace("<Prefix></Prefix>", "<Prefix>logs/</Prefix>"),
    RULE.replace("AbortIncompleteMultipartUpload>", "Expiration>").replace("DaysAfterInitiation", "Days")],
    ids=["none", "disabled", "elsewhere", "for objects alone"])
def test_no_rule_for_uploads_that_are_left_behind(run, s3, rule):
    s3.lifecycle = rule
    names_cause(run("--write"), "lifecycle", "AbortIncompleteMultipartUpload", '"raw"')


def test_a_lifecycle_that_may_not_be_read_is_not_proved(run, s3):
    s3.rule(op="LIFECYCLE", status=403, code="AccessDenied", times=0)
    found = run("--write")
    assert found.code == 2 and list(found.of("not proved")) == ["lifecycle"], str(found)
    assert "s3:GetLifecycleConfiguration" in found.of("not proved")["lifecycle"]


def test_a_group_that_another_consumer_uses(case, run):
    other = case.broker.consumer(case.group)
    try:
        other.subscribe([run.topic])
        case.until("a member", lambda: other.poll(0.2) or case.broker.members(case.group), 60)
        names_cause(run("--write"), "group", "in use by other consumers", "rdkafka")
    finally:
        other.close()


def test_offsets_that_another_consumer_has_committed(case, run):
    case.commit_from_outside(run.topic, 1, 7)
    names_cause(run("--write"), "offsets", "committed by something else than kafka2s3", f'"{run.topic}" 1 first')


def test_a_daemon_at_work_is_no_trouble(case, run):
    d = case.daemon(run.topic)
    case.wait_landed(run.topic)
    found = Preflight(case.dir, d.settings, "--write")
    assert not found.of("failed"), str(found)
    assert "1 members, all of kafka2s3" in found.of("ok")["group"], str(found)
    assert found.document["expect"]["records"] == 0


def test_syntax_takes_no_time(run):
    """CPU time, the least of some runs: what else the machine does is not its own."""
    conf, took = run().conf, []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([os.path.abspath(BINARY), "check", "--syntax", conf], capture_output=True, text=True,
                              timeout=300, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert (done.returncode, done.stdout) == (0, f"{conf}: fine\n")
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took) < 0.1


def test_settings_that_do_not_load(run):
    found = run(output={"max_record": "1GiB"})
    assert found.code == 78 and "memory" in found.of("failed")["settings"], str(found)
    assert json.dumps(found.document["expect"]) == "null"
