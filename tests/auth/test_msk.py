# SPDX-License-Identifier: Apache-2.0
"""kafka.auth = "msk_iam", through a front that checks each token as MSK does."""
import json
import subprocess

import pytest
import rows

import gateway as s3_parts
from conftest import REGION


@pytest.fixture
def front(broker):
    """Its tokens from here on."""
    broker.front.tokens.clear()
    broker.front.seen.clear()
    broker.front.refusals.clear()
    return broker.front


def assert_secret(front, text):
    assert front.seen
    for token in front.seen:
        assert token[:60] not in text and token[-60:] not in text
    assert "X-Amz-Signature" not in text


def test_a_daemon_and_the_commands(case, front, tmp_path):
    """Each client of the program makes tokens: that of the daemon, the producer's, that of a group from outside."""
    topic = case.topic()
    csv = tmp_path / "rows.csv"
    csv.write_text("a,b\n" + "".join(f"{n},x\n" for n in range(50)))
    d = case.daemon(topic, "msk", "debug=security", auth="msk_iam", s3={"region": REGION}, log={"level": "debug"},
                    status={"socket": str(tmp_path / "status.sock")},
                    replay={"file": str(csv), "topic": topic, "rate": 0.0})
    case.produce(topic, rows.stock_rows(300))
    case.wait_landed(topic)
    before = len(front.tokens)
    assert before > 0
    said = ""
    for words in (["replay"], ["offsets", "show", "--json"]):
        done = subprocess.run(d.command(*words), capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert len(front.tokens) > before
        before, said = len(front.tokens), said + done.stdout + done.stderr
    case.wait_landed(topic)
    assert case.judge(topic)
    assert not front.refusals
    status = subprocess.run(d.command("status", "--json"), capture_output=True, text=True, timeout=60, check=True)
    status = status.stdout
    assert json.loads(status)
    assert_secret(front, d.log() + said + status)
    assert s3_parts.SECRET_KEY not in d.log() + said + status


def test_denied_until_the_policy_allows(case, front):
    """What MSK answers is told once; the daemon goes on by itself when it is let in."""
    topic = case.topic()
    front.users = {}
    d = case.daemon(topic, "msk", auth="msk_iam", s3={"region": REGION})
    d.wait_says(r"kafka: .*Access denied.*kafka-cluster:Connect")
    front.calm()
    case.produce(topic, rows.stock_rows(100))
    case.wait_landed(topic)
    case.judge(topic)
    assert_secret(front, d.log())


def test_another_region(case, front):
    """Names that are no MSK broker's leave the region to s3.region: a wrong one is refused by the cluster."""
    topic = case.topic()
    d = case.daemon(topic, "msk", auth="msk_iam", s3={"region": "us-west-2"})
    d.wait_says(r"kafka: .*Access denied")
    assert "not this cluster's region: kafka.us-west-2.amazonaws.com" in front.refusals
