# SPDX-License-Identifier: Apache-2.0
"""Roles by STS: assumed with keys and with a token file, against moto and against answers that it never gives."""
import datetime
import json
import socket
import urllib.parse
import uuid

import boto3
import pytest

from conftest import moto_checks
from test_service import SECRET, TOKEN, signature_fits
from test_service import KEY as OWN_KEY
from test_sources import Source

ROLE = "arn:aws:iam::123456789012:role/lake/writer"
KEYS = {"AWS_ACCESS_KEY_ID": OWN_KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
NOWHERE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "HOME": "/nonexistent"}
ASSUMED = ("AKIAROLE", "secret&of=the role", "token+/==")
HOUR = datetime.timedelta(hours=1)


def document(action="AssumeRole", keys=ASSUMED, expires=None):
    at = expires or (datetime.datetime.now(datetime.timezone.utc) + HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
    key, secret, token = (k.replace("&", "&amp;") for k in keys)
    return (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
            f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>{at}</Expiration></Credentials>"
            f"</{action}Result></{action}Response>")


def fault(code, message="no"):
    return (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "</ErrorResponse>")


def form(said):
    return dict(urllib.parse.parse_qsl(said.body.decode(), strict_parsing=True))


@pytest.fixture
def roles(answers):
    """A source whose STS is the answers'."""
    made = []

    def make(*words, **env):
        env = {**NOWHERE, "AWS_ENDPOINT_URL_STS": answers.endpoint, **env}
        made.append(Source(" ".join(["settings", *words]), env))
        return made[-1]
    yield make
    for s in made:
        s.end()


# What is asked.

def test_a_role_is_assumed_with_what_there_is(answers, roles):
    answers.then(200, document())
    assert roles(ROLE, "shared/secret:1", "me@here", **KEYS).fetch()[:4] == ["ok", *ASSUMED]
    said, = answers.said
    assert form(said) == {"Action": "AssumeRole", "Version": "2011-06-15", "DurationSeconds": "3600", "RoleArn": ROLE,
                          "ExternalId": "shared/secret:1", "RoleSessionName": "me@here"}
    assert signature_fits(said, "sts", "us-east-1") and said.headers["x-amz-security-token"] == TOKEN


def test_a_session_has_a_name(answers, roles):
    answers.then(200, document())
    roles(ROLE, **KEYS).fetch()
    roles(ROLE, AWS_ROLE_SESSION_NAME="pod-1", **KEYS).fetch()
    plain, named = map(form, answers.said)
    assert plain["RoleSessionName"].startswith("kafka2s3-" + socket.gethostname()[:10]) and "ExternalId" not in plain
    assert named["RoleSessionName"] == "pod-1"


def test_a_token_file_is_read_each_time_and_nothing_is_signed(answers, roles, tmp_path):
    file = tmp_path / "token"
    answers.then(200, document("AssumeRoleWithWebIdentity"))
    source = roles(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=str(file), AWS_ROLE_SESSION_NAME="pod")
    assert "cannot open" in source.fetch()[2]
    for token in ("eyJ.first.a+b/c=", "eyJ.second"):
        file.write_text(token + "\n")
        assert source.fetch()[:4] == ["ok", *ASSUMED]
        said = answers.said[-1]
        assert form(said) == {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "DurationSeconds": "3600",
                              "RoleArn": ROLE, "RoleSessionName": "pod", "WebIdentityToken": token}
        assert "authorization" not in said.headers and "x-amz-date" not in said.headers
    file.write_text(" \n")
    assert source.fetch()[0] == "retry"
    assert len(answers.said) == 2


def test_a_role_on_top_of_a_web_identity(answers, roles, tmp_path):
    (tmp_path / "token").write_text("eyJ")
    answers.then(200, document("AssumeRoleWithWebIdentity", (OWN_KEY, SECRET, TOKEN))).then(200, document())
    source = roles(ROLE + "2", AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"))
    assert source.fetch()[:4] == ["ok", *ASSUMED]
    first, second = answers.said
    assert form(first)["RoleArn"] == ROLE and form(second)["RoleArn"] == ROLE + "2"
    assert signature_fits(second, "sts", "us-east-1")


def test_keys_go_before_a_token_file(answers, roles, tmp_path):
    answers.then(500)
    source = roles(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "none"), **KEYS)
    assert source.fetch()[:4] == ["ok", OWN_KEY, SECRET, TOKEN]
    assert not answers.said


def test_half_an_environment_is_none(answers, roles):
    answers.then(500)
    assert roles(AWS_ROLE_ARN=ROLE).fetch()[0] == "give up"
    assert roles(ROLE).fetch()[0] == "wait for a person"
    assert not answers.said


# What is answered.

FAULTS = [
    (403, "AccessDenied", "wait for a person", "trust policy name who asks and the external id"),
    (400, "ExpiredTokenException", "retry", ""),
    (400, "PackedPolicyTooLarge", "wait for a person", "see what STS says"),
    (403, "RegionDisabledException", "wait for a person", "enable STS in this region"),
    (503, "ServiceUnavailable", "retry", ""),
    (400, "Throttling", "retry", ""),
]


@pytest.mark.parametrize("status, code, action, says", FAULTS)
def test_a_refusal_names_the_role_and_what_to_do(answers, roles, status, code, action, says):
    answers.then(status, fault(code, f"because\nx-amz-security-token:{TOKEN}"))
    got = roles(ROLE, "external", **KEYS).fetch()
    assert got[0] == action
    assert f"role '{ROLE}'" in got[2] and code in got[2] and says in got[2] and "because" in got[2]
    assert not [secret for secret in (SECRET, TOKEN) if secret in "".join(got)]


@pytest.mark.parametrize("code, action, says", [
    ("IDPCommunicationError", "retry", "asked again"),
    ("InvalidIdentityToken", "retry", "has to be renewed"),
    ("ExpiredTokenException", "retry", "has to be renewed"),
    ("AccessDenied", "wait for a person", "issuer and subject"),
    ("IDPRejectedClaim", "wait for a person", ""),
])
def test_a_token_that_is_refused(answers, roles, tmp_path, code, action, says):
    (tmp_path / "token").write_text("eyJ.secret")
    answers.then(400, fault(code))
    source = roles(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"))
    got = source.fetch()
    assert got[0] == action and code in got[2] and says in got[2] and "eyJ" not in got[2]


@pytest.mark.parametrize("body", [
    "", "<html/>", "<AssumeRoleResponse>", document(keys=("", "s", "t")), document(keys=("k", "", "t")),
    document(keys=("k", "s", "")), document(expires="soon"), document("AssumeRoleWithWebIdentity"),
    document()[:-30]])
def test_half_an_answer_is_asked_for_again(answers, roles, body):
    answers.then(200, body).then(200, document())
    source = roles(ROLE, **KEYS)
    got = source.fetch()
    assert got[0] == "retry" and ROLE in got[2] and "holds no whole credentials" in got[2]
    assert source.fetch()[:4] == ["ok", *ASSUMED]


def test_no_answer_is_asked_for_again(answers, roles):
    answers.then(0).then(200, document())
    source = roles(ROLE, **KEYS)
    got = source.fetch()
    assert got[0] == "retry" and f"role '{ROLE}'" in got[2]
    assert source.fetch()[0] == "ok"


# moto, which checks.

@pytest.fixture
def trusted(moto):
    """A user who may assume roles and nothing else, and a role that may list buckets."""
    moto_checks(moto, 1000)
    client = {"endpoint_url": moto, "region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    iam, name = boto3.client("iam", **client), uuid.uuid4().hex

    def policy(*actions):
        return json.dumps({"Version": "2012-10-17",
                           "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy("sts:AssumeRole"))
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy("sts:AssumeRole"))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy("s3:ListAllMyBuckets"))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    moto_checks(moto)
    env = {**NOWHERE, "AWS_ENDPOINT_URL_STS": moto, "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
           "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"], "AWS_REGION": "eu-west-1"}
    return role, env


def test_what_moto_gives_is_good(moto, trusted):
    role, env = trusted
    source = Source(f"settings {role}", env)
    ok, key, secret, token, expires, _ = source.fetch()
    source.end()
    assert ok == "ok"
    left = int(expires) / 1000 - datetime.datetime.now().timestamp()
    assert 1800 < left < 3700
    client = {"endpoint_url": moto, "region_name": "eu-west-1", "aws_access_key_id": key,
              "aws_secret_access_key": secret, "aws_session_token": token}
    assert "Buckets" in boto3.client("s3", **client).list_buckets()
    with pytest.raises(Exception, match="AccessDenied"):
        boto3.client("iam", **client).list_users()


def test_wrong_keys_cannot_assume(trusted):
    role, env = trusted
    source = Source(f"settings {role}", {**env, "AWS_SECRET_ACCESS_KEY": "wrong"})
    got = source.fetch()
    source.end()
    assert got[0] == "wait for a person" and role in got[2] and "SignatureDoesNotMatch" in got[2]
