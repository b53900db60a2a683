# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 verify` on buckets that are made up as they are listed: harm is named, 64 requests are under way, memory is
bounded, and a bucket that does not answer is told."""
import contextlib
import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import time
import urllib.request

import pytest

from scripted_s3 import ScriptedS3

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("KAFKA2S3_BIN", TOP / "build" / "kafka2s3")
SERVER = TOP / "tests" / "servers" / "vast_s3.py"


def settings(directory, endpoint, group="vast-group"):
    conf = directory / "vast.conf"
    conf.write_text('kafka = { brokers = "none:1"; topics = [ "vast" ]; '
                    f'group = "{group}"; }};\n'
                    f's3 = {{ bucket = "lake"; prefix = "raw"; region = "us-east-1"; endpoint = "{endpoint}";\n'
                    'access_key_id = "AKID"; secret_access_key = "secret"; path_style = true; };\n')
    conf.chmod(0o600)
    return conf


@contextlib.contextmanager
def vast(*options):
    server = subprocess.Popen([sys.executable, str(SERVER), *options], stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip()
    finally:
        server.kill()
        server.communicate()


def counts(endpoint):
    with urllib.request.urlopen(f"{endpoint}/-/counts", timeout=10) as answer:
        return json.load(answer)


def high_water_kib(pid):
    """Of the program itself; what the kernel accounts to a child that has ended may be its parent's."""
    with contextlib.suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) if found else 0
    return 0


def verify(directory, endpoint, *options, group="vast-group"):
    """(exit code, output, what went to stderr, peak memory in MiB)"""
    conf = settings(directory, endpoint, group)
    with (directory / "out").open("w+") as out, (directory / "err").open("w+") as err:
        process = subprocess.Popen([str(PROGRAM), "-c", str(conf), "verify", *options], stdout=out, stderr=err,
                                   env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")})
        peak_kib = 0
        while process.poll() is None:
            peak_kib = max(peak_kib, high_water_kib(process.pid))
            time.sleep(0.05)
        out.seek(0)
        err.seek(0)
        said = err.read()
        assert "Sanitizer" not in said and "runtime error" not in said, said
        return process.returncode, out.read(), said, peak_kib / 1024


def test_a_vast_chain_is_proved_with_64_requests_under_way(tmp_path):
    with vast("--hours", "5", "--delay", "0.01") as endpoint:
        code, out, _, _ = verify(tmp_path, endpoint, "--json")
        said, asked = json.loads(out), counts(endpoint)
    assert (code, said["result"], said["objects"]) == (0, "whole", 10000)
    assert {(p["ranges"], p["objects"], p["records"]) for p in said["partitions"]} == {(250, 500, 249000)}
    assert [p["partition"] for p in said["partitions"]] == list(range(20))
    assert said["requests"]["head"] == asked["HEAD"] == 10000 and said["requests"]["list"] == asked["LIST"]
    assert asked["most"] in (64, 65), "one of them may be the listing"


def test_each_harm_in_a_vast_bucket_is_named(tmp_path):
    with vast("--hours", "4", "--without", "3:17", "--without", "4:100:late", "--twice", "5:30") as endpoint:
        code, out, _, _ = verify(tmp_path, endpoint, "--json")
    said = json.loads(out)
    assert code == 1
    assert {(f["kind"], f["partition"], f["first_offset"], f["next_offset"]) for f in said["findings"]} == {
        ("missing", 3, 17000, 18000), ("missing", 4, 100000, 101000), ("double", 5, 30000, 31000)}
    assert [p["partition"] for p in said["partitions"] if not p["whole"]] == [3, 4, 5]


def test_objects_of_another_group_are_told(tmp_path):
    with vast("--hours", "1") as endpoint:
        code, out, _, _ = verify(tmp_path, endpoint, "--json", group="another")
    said = json.loads(out)
    assert code == 1 and said["found"]["chain"] == said["objects"] == 2000
    assert "was written by group 'vast-group'" in said["findings"][0]["text"]


def test_more_harm_than_is_kept_is_counted(tmp_path):
    taken = [a for n in range(0, 200, 2) for p in range(20) for a in ("--without", f"{p}:{n}:late")]
    with vast("--hours", "4", *taken) as endpoint:
        code, out, _, _ = verify(tmp_path, endpoint)
    assert code == 1
    assert "and 1000 more\n" in out and "2000 missing, 0 double" in out
    assert out.count("\nmissing: ") == 1000


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end(tmp_path):
    ours, theirs = pty.openpty()
    with vast("--hours", "2", "--delay", "0.05") as endpoint:
        process = subprocess.Popen([str(PROGRAM), "-c", str(settings(tmp_path, endpoint)), "verify"],
                                   stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        drawn = b""
        with contextlib.suppress(OSError):  # Linux: the other end is closed
            while more := os.read(ours, 4096):
                drawn += more
        os.close(ours)
        assert process.wait() == 0
    assert drawn.count(b"\r\x1b[K[") > 2 and b"objects looked at" in drawn
    assert drawn.endswith(b"\r\x1b[K")


def test_an_empty_bucket_is_said_to_be_empty(tmp_path):
    with ScriptedS3(buckets=["lake"]) as s3:
        code, out, _, _ = verify(tmp_path, s3.endpoint)
    assert code == 0 and "\nempty: 0 objects" in out


@pytest.mark.parametrize("status, error", [(403, "AccessDenied"), (404, "NoSuchBucket")])
def test_a_refusal_is_69_and_says_what_to_do(tmp_path, status, error):
    with ScriptedS3(buckets=["lake"]) as s3:
        s3.rule(op="LIST", status=status, code=error, times=0)
        code, out, err, _ = verify(tmp_path, s3.endpoint)
    assert (code, out) == (69, "")
    assert 'bucket "lake" cannot be read' in err and error in err and "; " in err


def test_passing_trouble_is_retried_and_counted(tmp_path):
    with ScriptedS3(buckets=["lake"]) as s3:
        s3.rule(op="LIST", status=503, code="SlowDown", times=2)
        code, out, _, _ = verify(tmp_path, s3.endpoint, "--json")
    said = json.loads(out)
    assert (code, said["requests"]["again"], said["requests"]["list"]) == (0, 2, 4)


@pytest.mark.slow
def test_silence_ends_after_a_minute(tmp_path):
    began = time.time()
    code, _, err, _ = verify(tmp_path, "http://127.0.0.1:9")
    assert code == 69 and "nothing is answered" in err
    assert 55 < time.time() - began < 300


@pytest.mark.slow
@pytest.mark.plain  # a sanitizer's memory is no measure
def test_a_million_objects_fit_in_little_memory(tmp_path):
    with vast("--hours", "500", "--without", "3:17000", "--without", "4:20000:late", "--twice", "5:30") as endpoint:
        began = time.time()
        code, out, err, peak_mib = verify(tmp_path, endpoint, "--json")
        seconds = time.time() - began
    said = json.loads(out)
    print(f"1,000,000 objects: {peak_mib:.0f} MiB, {seconds:.0f} s, {said['requests']}")
    assert code == 1 and said["objects"] == 1000000 - 2
    assert {(f["kind"], f["partition"], f["first_offset"]) for f in said["findings"]} == {
        ("missing", 3, 17000000), ("missing", 4, 20000000), ("double", 5, 30000)}
    assert err.count("objects looked at") >= 1, "a line every ten seconds"
    assert 70 < peak_mib < 120, "72 bytes an object, and the rest"
