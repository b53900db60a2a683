# SPDX-License-Identifier: Apache-2.0
"""kafka.auth = "msk_iam", through a front that checks each token as MSK does."""
import datetime
import http.server
import json
import subprocess
import threading

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


@pytest.fixture
def short_lived():
    """The address of a container's agent: credentials of a session that ends in 20 s."""
    class Agent(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=20)
            body = json.dumps({"AccessKeyId": s3_parts.ACCESS_KEY, "SecretAccessKey": s3_parts.SECRET_KEY,
                               "Token": "a/session+token==", "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")})
            body = body.encode()
            self.send_response_only(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


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


@pytest.mark.slow
def test_credentials_that_end(case, front, short_lived):
    """Tokens carry the session of the credentials and are made anew before these end; a new connection gets the
    newest."""
    topic = case.topic()
    front.users = {s3_parts.ACCESS_KEY: (s3_parts.SECRET_KEY, "a/session+token==")}
    d = case.daemon(topic, "msk", "debug=security", auth="msk_iam", log={"level": "debug"}, start=False,
                    s3={"region": REGION, "access_key_id": "", "secret_access_key": ""})
    d.env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": short_lived, "AWS_REGION": REGION}
    d.start()
    d.wait_says("after setting OAUTHBEARER token", count=2)
    first = front.tokens[0]
    front.cut_all()
    case.until("a token that was made later", lambda: front.tokens[-1] != first, 20)
    assert not front.refusals
    assert_secret(front, d.log())
