# SPDX-License-Identifier: Apache-2.0
"""What the daemon says of itself, held against what Kafka and S3 say: one daemon, asked in every way."""
import fcntl
import json
import os
import pty
import select
import signal
import socket
import stat
import struct
import subprocess
import termios
import time

import pytest

from asking import Page, ask, metrics, partition, status
from rows import NOON

RECORDS, ROLL = 100, 60


@pytest.fixture
def taken():
    """A port that someone else has."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        yield s


def command(daemon, *words):
    return subprocess.run(daemon.command("status", *words), capture_output=True, text=True, timeout=120, check=False)


def holds_against_the_parts(case, topic, found):
    """Two ranges of ROLL records are in S3, and the rest is open."""
    keys = case.keys("raw/")
    assert case.committed(topic) == {0: ROLL, 1: ROLL}
    assert (found["group"], found["bucket"]) == (case.group, case.bucket)
    assert found["live"] and found["ready"] and found["exactly_once"] is True
    assert (found["kafka"]["assigned"], found["kafka"]["lag"]) == (2, 2 * (RECORDS - ROLL))
    assert found["kafka"]["commits"] > 0 and found["kafka"]["commits_failed"] == 0
    assert (found["totals"]["records_taken"], found["totals"]["records_landed"]) == (2 * RECORDS, 2 * ROLL)
    assert found["totals"]["rolls"]["records"] == found["totals"]["ranges"] == found["totals"]["objects"] == 2
    assert sorted(o["key"] for o in found["objects"]) == sorted(keys)
    sizes = {o["key"]: case.s3.head_object(Bucket=case.bucket, Key=o["key"])["ContentLength"] for o in found["objects"]}
    assert {o["key"]: o["bytes"] for o in found["objects"]} == sizes
    assert found["totals"]["bytes_landed"] == sum(sizes.values())
    assert {(o["topic"], o["start"], o["end"], o["records"]) for o in found["objects"]} == {(topic, 0, ROLL, ROLL)}
    assert found["s3"]["requests"]["put"] == found["s3"]["latency_s"]["count"] == 2
    assert found["s3"]["object_bytes"]["count"] == found["s3"]["landing_age_s"]["count"] == 2
    assert not found["waits"] and {t["name"] for t in found["threads"]} == {"consumer", "credentials", "uploader 0"}
    assert 0 < found["memory"]["process_bytes"] < 1 << 30
    for p in found["partitions"]:
        assert (p["topic"], p["state"], p["wait"], p["open_transaction"]) == (topic, "active", None, None)
        assert (p["low"], p["high"], p["next"], p["lag"], p["headroom"]) == (0, RECORDS, RECORDS, RECORDS - ROLL, ROLL)
        assert (p["open"]["start"], p["open"]["records"], p["open"]["objects"]) == (ROLL, RECORDS - ROLL, 1)
        assert p["headroom_s"] is None  # retention has taken nothing


def metrics_agree(case, place, topic):
    """The same by numbers alone."""
    before, m, after = time.time() - 1, metrics(place), time.time()
    sizes = [case.s3.head_object(Bucket=case.bucket, Key=key)["ContentLength"] for key in case.keys("raw/")]
    of_partition = {"lag_records": RECORDS - ROLL, "headroom_records": ROLL, "committed_offset": ROLL,
                    "taken_records_total": RECORDS, "landed_records_total": ROLL, "dead_records_total": 0,
                    "skipped_records_total": 0, "lost_records_total": 0}
    for number in ("0", "1"):
        got = {name: m["kafka2s3_partition_" + name, number, topic] for name in of_partition}
        assert got == of_partition
        age = m["kafka2s3_partition_freshness_seconds", number, topic]
        assert before - NOON / 1000 <= age <= after - NOON / 1000
    of_daemon = {("assigned_partitions",): 2, ("exactly_once",): 1, ("live",): 1, ("ready",): 1,
                 ("taken_records_total",): 2 * RECORDS, ("landed_records_total",): 2 * ROLL,
                 ("landed_bytes_total",): sum(sizes), ("landed_objects_total",): 2, ("landed_ranges_total",): 2,
                 ("rolls_total", "records"): 2, ("rolls_total", "age"): 0, ("waiting_partitions", "s3"): 0,
                 ("s3_requests_total", "put"): 2, ("s3_upload_seconds_count",): 2, ("s3_object_bytes_count",): 2,
                 ("s3_object_bytes_sum",): sum(sizes), ("s3_object_bytes_bucket", "+Inf"): 2,
                 ("landing_age_seconds_count",): 2, ("s3_conditional_writes",): 1, ("settings_generation",): 1,
                 ("memory_setting_bytes",): status(place)["memory"]["setting_bytes"]}
    assert {key: m["kafka2s3_" + key[0], *key[1:]] for key in of_daemon} == of_daemon
    assert 0 < m["kafka2s3_memory_bytes", "open"] <= m["kafka2s3_memory_limit_bytes", "uploaders"]
    assert before - 600 < m["process_start_time_seconds",] <= after
    assert any(key[0] == "kafka2s3_daemon_info" and case.group in key and case.bucket in key for key in m)
    assert not [key for key in m if key[0] in ("kafka2s3_partition_headroom_seconds",
                                               "kafka2s3_partition_waiting_seconds",
                                               "kafka2s3_partition_open_transaction_seconds")]


def page_agrees(place, topic):
    code, headers, body = ask(place)
    assert code == 200 and headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    page = Page(body.decode())
    found = status(place)
    assert page.texts["lag"] == str(found["kafka"]["lag"]) and page.texts["group"] == found["group"]
    assert page.texts["health"] == "ready" and page.texts["objects"] == str(found["totals"]["objects"])
    assert page.texts["waits"] == "nothing" and page.texts["errors"] == "none"
    rows = page.tables["partitions"][1:]
    assert [r[:3] for r in rows] == [[f"{topic}:{p['partition']}", p["state"], str(p["lag"])]
                                     for p in found["partitions"]]
    assert sorted(r[3] for r in page.tables["last"][1:]) == sorted(o["key"] for o in found["objects"])
    assert all(url == "data:," for url in page.urls), page.urls  # nothing comes from elsewhere
    assert b"<noscript><meta http-equiv=\"refresh\"" in body


def refuses_the_rest(place):
    code, headers, _body = ask(place, "/", "POST")
    assert (code, headers["Allow"]) == (405, "GET, HEAD")
    assert ask(place, "/", "DELETE")[0] == 405
    assert ask(place, "/nothing")[0] == ask(place, "/../etc/passwd")[0] == 404
    code, headers, body = ask(place, "/status", "HEAD")
    assert code == 200 and body == b"" and int(headers["Content-Length"]) > 100


def command_agrees(daemon, topic):
    said = command(daemon)
    assert said.returncode == 0, said.stderr
    assert f"{topic}:1" in said.stdout and f"{RECORDS - ROLL} records from {ROLL} on" in said.stdout
    assert "exactly once\n" in said.stdout and "waits       nothing\n" in said.stdout
    said = command(daemon, "--json")
    assert said.returncode == 0 and json.loads(said.stdout)["partitions"][1]["topic"] == topic
    watch = subprocess.Popen(daemon.command("status", "--watch"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert watch.stdout.readline().startswith(b"kafka2s3 ")
        watch.stdout.close()  # whoever reads stops doing so
        assert watch.wait(120) == -signal.SIGPIPE and watch.stderr.read() == b""
    finally:
        watch.kill()
        watch.wait(60)


def watched_on_a_terminal(daemon):
    """Drawn again over what stood there, no wider and no higher than the terminal, until ^C."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
    watch = subprocess.Popen(daemon.command("status", "--watch"), stdin=its, stdout=its, stderr=its,
                             preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
    os.close(its)
    seen = b""
    try:
        while seen.count(b"\033[H") < 3:
            assert select.select([ours], [], [], 120)[0], seen
            seen += os.read(ours, 65536)
        os.write(ours, b"\x03")
        assert watch.wait(120) == 0, seen
    finally:
        watch.kill()
        watch.wait(60)
        os.close(ours)
    for drawn in seen.split(b"\033[H")[1:3]:
        lines = drawn.replace(b"\033[K", b"").split(b"\r\n")
        assert lines[0].startswith(b"kafka2s3 ") and lines[-1] == b"\033[J"
        assert len(lines) == 10 and all(len(line) <= 40 for line in lines), lines


def says_an_open_transaction(case, topic, place):
    """A record of another producer lies behind it, and cannot be read."""
    producer = case.broker.producer(transactional_id=case.name, transaction_timeout_ms=600000)
    producer.init_transactions(60)
    producer.begin_transaction()
    for n in range(5):
        producer.produce(topic, b'{"n":%d}' % n, partition=0, timestamp=NOON)
    assert producer.flush(60) == 0

    def told():
        p = partition(status(place), 0)
        return p["open_transaction"] and p["open_transaction"]["offset"] == RECORDS and p["high"] == RECORDS + 5
    case.until(lambda: f"an open transaction in {partition(status(place), 0)}", told, 60)
    assert f"open transaction at offset {RECORDS}".encode() in ask(place, "/status.txt")[2]
    case.until(lambda: "an open transaction among the metrics",
               lambda: metrics(place).get(("kafka2s3_partition_open_transaction_seconds", "0", topic), -1) >= 0, 60)
    producer.commit_transaction(60)
    case.until(lambda: f"its end in {partition(status(place), 0)}",
               lambda: partition(status(place), 0)["open_transaction"] is None, 60)


def test_what_a_daemon_says_of_itself(case, place, taken):
    topic = case.topic(2)
    case.produce(topic, [b'{"n":%d}' % n for n in range(2 * RECORDS)], partitions=2)
    port = taken.getsockname()[1]
    d = case.daemon(topic, roll={"age": "1h", "records": ROLL}, status={"socket": place},
                    metrics={"listen": f"127.0.0.1:{port}"})
    d.wait_says(rf"warning .*metrics.listen cannot listen at http://127.0.0.1:{port}/")

    def settled():
        found = status(place)
        return len(found["partitions"]) == 2 and found["ready"] and found["exactly_once"] and all(
            p["committed"] == ROLL and p["high"] == RECORDS and p["open"] and p["open"]["records"] == RECORDS - ROLL
            for p in found["partitions"])
    case.until(lambda: f"ranges landed, {ask(place, '/status')[2]}", settled, 60)
    holds_against_the_parts(case, topic, status(place))

    before = time.time() - 1  # what was made half a second ago may be given again
    ages = [p["freshness_s"] for p in status(place)["partitions"]]
    after = time.time()
    assert all(before - NOON / 1000 <= a <= after - NOON / 1000 for a in ages), (ages, before, after)

    assert stat.S_IMODE(os.stat(place).st_mode) == 0o660 and stat.S_ISSOCK(os.stat(place).st_mode)
    assert (ask(place, "/healthz")[0], ask(place, "/readyz")[0]) == (200, 200)
    assert json.loads(ask(place, "/readyz")[2]) == {"live": True, "ready": True, "why": ""}
    metrics_agree(case, place, topic)
    page_agrees(place, topic)
    refuses_the_rest(place)
    command_agrees(d, topic)
    watched_on_a_terminal(d)

    taken.close()
    d.wait_says(rf"answers at http://127.0.0.1:{port}/", seconds=30)
    assert status(f"http://127.0.0.1:{port}/")["bucket"] == case.bucket

    says_an_open_transaction(case, topic, place)
    secret = d.settings["s3"]["secret_access_key"].encode()
    assert not any(secret in ask(place, path)[2] for path in ("/", "/status", "/status.txt", "/metrics"))

    assert d.terminate() == 0
    said = command(d)
    assert said.returncode == 69 and "no daemon answers" in said.stderr and said.stdout == ""
    assert not os.path.exists(place)


def test_a_directory_that_is_missing_is_told_and_may_be_made(case, place):
    """Where systemd is to make it, as in the sandbox, that it is missing is a warning."""
    directory = os.path.dirname(place)
    os.rmdir(directory)
    d = case.daemon(case.topic(), status={"socket": place})
    d.wait_says(rf"cannot listen at {place}: No such file or directory" if "SANDBOX_STARTED" in os.environ else
                rf"no directory for {place}: make it, or name another place by status.socket", seconds=30)
    os.mkdir(directory)
    os.chmod(directory, 0o777)
    d.wait_says(rf"answers at {place}", seconds=60)
    assert command(d).returncode == 0


def test_dead_letters_and_tombstones_are_counted(case, place):
    topic = case.topic()
    case.produce(topic, [b'{"n":1}', b"no JSON", None, b'{"n":2}', b"{", None, None])
    case.daemon(topic, status={"socket": place})
    case.wait_landed(topic)
    wanted = {"landed": 2, "dead": 2, "skipped": 3}

    def counted():
        m = metrics(place)
        return [{name: m[key.format(name), *labels] for name in wanted} for key, labels in
                (("kafka2s3_{}_records_total", ()), ("kafka2s3_partition_{}_records_total", ("0", topic)))]
    case.until(lambda: f"{wanted}, {counted()}", lambda: counted() == [wanted, wanted], 20)
