# SPDX-License-Identifier: Apache-2.0
"""A daemon that works by a role which it assumes: in an account that checks every signature and right, and with a token
service and a store whose credentials end when the test says so."""
import json
import os
import pathlib
import signal
import sys

import pytest

import gateway
from account import NUMBER, Account
from case import Case
from rows import stock_rows
from test_iam import policy_of
from test_reload import reload
from waiting import until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "servers"))
from scripted_s3 import ScriptedS3  # noqa: E402
from sts import Sts  # noqa: E402

ROLE = f"arn:aws:iam::{NUMBER}:role/lake/writer"
MAY_ASSUME = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
WITHOUT_MACHINE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
                   "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


def test_records_land_by_a_role_of_an_account_that_checks(request, broker, tmp_path):
    account = Account(tmp_path)
    case = None
    try:
        account.start()
        case = Case(request.node.name, broker, account, tmp_path)
        topic = case.topic(2)
        d = case.daemon(topic, start=False, uploaders=2)
        key, secret = account.user("caller", MAY_ASSUME)
        iam = account.ask("iam")
        role = iam.create_role(RoleName="writer", AssumeRolePolicyDocument=json.dumps(MAY_ASSUME))["Role"]["Arn"]
        d.write(s3={"access_key_id": key, "secret_access_key": secret, "role_arn": role, "external_id": "shared"})
        d.env = {**WITHOUT_MACHINE, "AWS_ENDPOINT_URL_STS": account.endpoint}
        case.produce(topic, stock_rows(1000), partitions=2)
        d.start()
        d.wait_says(r"grant s3:PutObject on ", seconds=60)      # the role may nothing yet, and who assumes it never
        iam.put_role_policy(RoleName="writer", PolicyName="own", PolicyDocument=json.dumps(policy_of(d)))
        case.wait_landed(topic, seconds=120)
        assert d.terminate() == 0
        assert case.judge(topic).rows == 1000
        assert secret not in d.log()
    finally:
        if case:
            case.close()
        if account.process:
            account.process.kill()


class Store(ScriptedS3):
    """Stands in for a Gateway."""
    secret = gateway.SECRET_KEY

    class process:
        running = staticmethod(lambda: True)

    def client(self):
        return gateway.s3_client(self.endpoint)


@pytest.fixture
def sts():
    with Sts() as server:
        server.secrets[gateway.ACCESS_KEY] = gateway.SECRET_KEY
        yield server


@pytest.fixture
def store(sts):
    with Store(secrets=sts.secrets) as server:
        yield server


@pytest.fixture
def case(request, broker, store, tmp_path):
    c = Case(request.node.name, broker, store, tmp_path)
    try:
        yield c
    finally:
        c.close()


def with_role(case, sts, topic, **more):
    d = case.daemon(topic, start=False, **more)
    d.write(s3={"role_arn": ROLE})
    d.env = {**WITHOUT_MACHINE, "AWS_ENDPOINT_URL_STS": sts.endpoint}
    return d


def keeps_secrets(d, sts):
    said = d.log()
    return not [s for s in [*sts.secrets.values(), *sts.tokens] if s in said]


def test_credentials_that_end_in_mid_upload(case, store, sts):
    """What was uploaded stays, and the upload goes on with others, which are asked for once for both uploaders."""
    topic = case.topic(2)
    d = with_role(case, sts, topic, uploaders=2, roll={"age": "1h", "records": 2500},
                  output={"compression": "none"})
    d.write(s3={"part_size": "5MiB"})
    d.start()
    rows = [json.dumps({"n": n, "fill": os.urandom(2000).hex()}).encode() for n in range(5000)]
    case.produce(topic, rows[:3400], partitions=2)      # 6.8 MiB each: one part has left, the upload is open
    case.until(lambda: f"a part of each: {store.counts()}", lambda: store.counts().get("PART", 0) >= 2, 60)
    assert len(sts.tokens) == 1 and "waits for S3" not in d.log()
    store.expired_tokens.add(sts.tokens[0])
    case.produce(topic, rows[3400:], partitions=2)
    case.wait_landed(topic, seconds=120)
    assert d.terminate() == 0
    made = [entry["key"] for entry in store.log if entry["op"] == "CREATE" and topic in entry["key"]]
    assert len(made) == 2, "each upload went on"
    judged = case.judge(topic, ext="json")
    assert judged.rows == 5000
    asked = sts.times
    assert len(sts.tokens) >= 2 and all(b - a > 2.5 for a, b in zip(asked, asked[1:], strict=False))
    assert all(form["RoleArn"] == ROLE for form in sts.asked)
    assert keeps_secrets(d, sts)


def test_old_ones_are_used_while_no_new_ones_can_be_had(case, sts):
    topic = case.topic(1)
    d = with_role(case, sts, topic)
    sts.answer = "deny"
    d.start()
    d.wait_says(rf"waits for S3: .*role '{ROLE}' cannot be assumed: 403 AccessDenied: let its trust policy name who "
                r"asks, and who asks have sts:AssumeRole on it", seconds=60)
    sts.answer = "give"
    case.produce(topic, stock_rows(100))
    case.wait_landed(topic, seconds=120)
    sts.answer = "deny"

    def kept():
        d.send(signal.SIGHUP)
        return "new credentials cannot be had, those in use are good for another 3" in d.log()
    case.until("the news of it", kept, 60, every=1)
    case.produce(topic, stock_rows(100, first=100))
    case.wait_landed(topic, seconds=60)
    sts.answer = "give"
    until("the next ones", lambda: len(sts.tokens) > 1, 60)
    assert d.terminate() == 0
    assert case.judge(topic).rows == 200
    assert keeps_secrets(d, sts)


def test_a_reload_takes_another_profile_and_a_role(case, sts, tmp_path):
    """Each setting of who it is, seen by what S3 and the token service are asked."""
    profiles = tmp_path / "aws"
    profiles.write_text("[profile wrong]\naws_access_key_id = AKIAWRONG\naws_secret_access_key = wrong\n"
                        f"[profile right]\naws_access_key_id = {gateway.ACCESS_KEY}\n"
                        f"aws_secret_access_key = {gateway.SECRET_KEY}\n")
    topic = case.topic(1)
    d = case.daemon(topic, start=False, s3={"access_key_id": "", "secret_access_key": "", "profile": "wrong"})
    d.env = {**WITHOUT_MACHINE, "AWS_CONFIG_FILE": str(profiles), "AWS_ENDPOINT_URL_STS": sts.endpoint}
    d.start()
    case.produce(topic, stock_rows(100))
    d.wait_says(r"InvalidAccessKeyId", seconds=60)
    assert reload(d, topic, s3={"profile": "right"}).endswith(": s3.profile")
    case.wait_landed(topic, seconds=120)
    assert not sts.asked
    assert reload(d, topic, s3={"role_arn": ROLE}).endswith(": s3.role_arn")
    case.until("the role", lambda: [form["RoleArn"] for form in sts.asked] == [ROLE], 60)
    assert reload(d, topic, s3={"external_id": "shared"}).endswith(": s3.external_id")
    case.until("the word", lambda: sts.asked[-1].get("ExternalId") == "shared", 60)
    assert reload(d, topic, s3={"role_session_name": "lake"}).endswith(": s3.role_session_name")
    case.until("the name", lambda: sts.asked[-1]["RoleSessionName"] == "lake", 60)
    sts.secrets.pop(gateway.ACCESS_KEY)     # who assumes the role may do nothing else
    case.produce(topic, stock_rows(100, first=100))
    case.wait_landed(topic, seconds=60)
    sts.secrets[gateway.ACCESS_KEY] = gateway.SECRET_KEY
    assert d.terminate() == 0
    assert case.judge(topic).rows == 200
    assert keeps_secrets(d, sts)


def test_a_token_service_that_does_not_answer_holds_up_no_stop(case, sts):
    topic = case.topic(1)
    d = with_role(case, sts, topic)
    sts.answer = "stall"
    d.start()
    case.until("the question", lambda: sts.asked, 60)
    assert d.terminate(60) == 0
    assert len(sts.asked) == 1
