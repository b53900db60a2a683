# SPDX-License-Identifier: Apache-2.0
"""Signed calls of Glue and STS: against moto with its signature checks on, and against answers that it never gives."""
import email.utils
import json
import os
import pathlib
import subprocess
import time
import urllib.parse
import uuid

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from conftest import TOP, moto_checks

PLAIN = TOP / "build" / "tests" / "aws" / "service_driver"
ASAN = TOP / "build" / "asan" / "tests" / "aws" / "service_driver"
KEY, SECRET, TOKEN = "AKIDTEST", "secret/with+signs", "session/token+=="


class Driver:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.env = {n: v for n, v in os.environ.items() if not n.startswith("AWS_")}
        self.keys(KEY, SECRET, TOKEN)

    def keys(self, key, secret, token=""):
        self.env |= {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    def run(self, *calls, service="glue", region="eu-west-1", endpoint=None):
        program = ASAN if ASAN.exists() else PLAIN
        words = [str(w) if isinstance(w, (str, pathlib.Path)) else json.dumps(w) for w in calls]
        out = subprocess.run([program, service, region, self.endpoint if endpoint is None else endpoint, *words],
                             env=self.env, capture_output=True, text=True, timeout=300)
        assert "Sanitizer" not in out.stderr and "runtime error" not in out.stderr, out.stderr
        return [line.split("\t") for line in out.stdout.splitlines()]

    def one(self, *calls, **how):
        lines = self.run(*calls, **how)
        assert len(lines) == 1, lines
        return lines[0]


GET = ("AWSGlue.GetDatabase", {"Name": "lake"})


# moto, which checks.

@pytest.fixture
def user(moto):
    """A user whose key may do what its policy says; moto checks from here on."""
    moto_checks(moto, 1000)
    iam = boto3.client("iam", endpoint_url=moto, region_name="us-east-1", aws_access_key_id="x",
                       aws_secret_access_key="x")
    name = uuid.uuid4().hex
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["glue:CreateDatabase",
                                                                             "glue:GetDatabase"], "Resource": "*"}]}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    moto_checks(moto)
    driver = Driver(moto)
    driver.keys(key["AccessKeyId"], key["SecretAccessKey"])
    return driver


def test_signed_calls_of_glue_and_sts(user):
    created, again, got, missing = user.run(
        "AWSGlue.CreateDatabase", {"DatabaseInput": {"Name": "lake", "Description": "größer, \"€\""}},
        "AWSGlue.CreateDatabase", {"DatabaseInput": {"Name": "lake"}},
        *GET, "AWSGlue.GetDatabase", {"Name": "none"})
    assert created == ["ok", "{}"]
    assert again[:2] == ["give up", "AlreadyExistsException"] and again[3] == "400"
    assert json.loads(got[1])["Database"]["Description"] == "größer, \"€\""
    assert missing[:2] == ["give up", "EntityNotFoundException"] and "AWSGlue.GetDatabase" in missing[4]
    who = user.one("query", "Action=GetCallerIdentity&Version=2011-06-15", service="sts")
    assert who[0] == "ok"


def test_what_a_policy_denies_needs_a_person(user):
    denied = user.one("AWSGlue.GetTables", {"DatabaseName": "lake"})
    assert denied[0] == "wait for a person" and denied[1].startswith("AccessDenied") and denied[3] == "403"
    assert "glue:GetTables" in denied[4]


@pytest.mark.parametrize("key, secret", [(None, "wrong"), ("AKIANOBODY", "wrong")])
def test_keys_that_do_not_fit_need_a_person(user, key, secret):
    user.keys(key or user.env["AWS_ACCESS_KEY_ID"], secret)
    action, code, *_ = user.one(*GET)
    assert action == "wait for a person"
    assert code in ("SignatureDoesNotMatch", "InvalidClientTokenId", "UnrecognizedClientException")


# What is sent.

def signature_fits(said, service, region):
    named = said.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {n: said.headers[n] for n in named}
    request = AWSRequest("POST", f"http://{said.headers['host']}{said.path}", headers, said.body)
    request.context["timestamp"] = said.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(KEY, SECRET), service, region)
    signer.headers_to_sign = lambda _request: request.headers
    canonical = signer.canonical_request(request)
    wanted = signer.signature(signer.string_to_sign(request, canonical), request)
    return said.headers["authorization"].endswith("Signature=" + wanted) and set(named) >= {
        "host", "x-amz-date", "content-type"} | ({"x-amz-target"} & set(said.headers))


@pytest.mark.parametrize("path", ["", "/", "/some/where/"])
def test_what_is_sent(answers, path):
    answers.then(200, '{"a": 1}')
    assert Driver(answers.endpoint + path).one(*GET) == ["ok", '{"a":1}']
    said, = answers.said
    assert (said.method, said.path, said.body) == ("POST", path.rstrip("/") + "/", b'{"Name":"lake"}')
    assert said.headers["x-amz-target"] == "AWSGlue.GetDatabase"
    assert said.headers["content-type"] == "application/x-amz-json-1.1"
    assert said.headers["x-amz-security-token"] == TOKEN
    assert signature_fits(said, "glue", "eu-west-1")
    assert "expect" not in said.headers


def test_a_form_is_signed_or_not(answers):
    answers.then(200, "<A/>")
    form = "Action=X&Version=1&A=" + urllib.parse.quote("a b/ü", safe="")
    assert Driver(answers.endpoint).one("query", form, service="sts", region="") == ["ok", "<A/>"]
    assert Driver(answers.endpoint).one("unsigned", form, service="sts") == ["ok", "<A/>"]
    signed, plain = answers.said
    assert signed.body == plain.body == form.encode()
    assert signature_fits(signed, "sts", "us-east-1")
    assert not [n for n in plain.headers if n.startswith("x-amz-") or n == "authorization"]


def test_an_endpoint_by_the_environment(answers):
    answers.then(200, "{}")
    driver = Driver("")
    driver.env["AWS_ENDPOINT_URL_GLUE"] = answers.endpoint
    assert driver.one(*GET) == ["ok", "{}"]


@pytest.mark.parametrize("region, endpoint, says", [
    ("", "", "no region is known for glue"), ("eu_west.1", "", "no region's name"),
    ("eu-west-1", "glue.example", "must be http(s)://"), ("eu-west-1", "http:///x", "must be http(s)://")])
def test_what_can_never_work_is_said(region, endpoint, says):
    assert says in Driver("").one(*GET, region=region, endpoint=endpoint)[0]


def test_a_daemon_without_a_region_is_started_again(tmp_path):
    """Its instance may say the region the next time: 78 would have ended it for good."""
    file = tmp_path / "a.conf"
    file.write_text('kafka = { brokers = "127.0.0.1:1"; topics = "t"; group = "g"; }; status = { socket = ""; };\n'
                    's3 = { bucket = "lake"; }; catalog = "table"; glue = { database = "lake"; };\n')
    file.chmod(0o600)
    env = {n: v for n, v in os.environ.items() if not n.startswith("AWS_")}
    env |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"}
    done = subprocess.run([TOP / "build" / "kafka2s3", "-c", file, "run"], env=env, capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 69 and "no region is known for glue" in done.stderr


# What is answered.

CASES = [
    (400, '{"__type":"com.amazon.coral#EntityNotFoundException:http://x#y","Message":"not there"}', {},
     "give up", "EntityNotFoundException", "not there"),
    (400, '{"code":"InvalidInputException","message":"no"}', {}, "give up", "InvalidInputException", "no"),
    (400, '{"message":"x"}', {"x-amzn-errortype": "VersionMismatchException:http://a"}, "give up",
     "VersionMismatchException", "x"),
    (400, '{"__type":"ThrottlingException","Message":"Rate exceeded"}', {}, "retry", "ThrottlingException",
     "Rate exceeded"),
    (400, '{"__type":"ConcurrentModificationException"}', {}, "retry", "ConcurrentModificationException", ""),
    (500, '{"__type":"InternalServiceException"}', {}, "retry", "InternalServiceException", ""),
    (503, "<html>busy</html>", {}, "retry", "", ""),
    (429, "", {}, "retry", "", ""),
    (400, '{"__type":"AccessDeniedException","Message":"User: arn:x is not authorized to perform: glue:GetTable"}', {},
     "wait for a person", "AccessDeniedException", "User: arn:x is not authorized to perform: glue:GetTable"),
    (403, "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>", {},
     "wait for a person", "InvalidClientTokenId", "no"),
    (403, "<Error><Code>AccessDenied</Code><Message>m\tn</Message></Error>", {}, "wait for a person", "AccessDenied",
     "m?n"),
    (403, "no idea", {}, "wait for a person", "", ""),
    (404, "{", {}, "give up", "", ""),
    (301, "", {}, "give up", "", ""),
]


@pytest.mark.parametrize("status, body, headers, action, code, message", CASES)
def test_faults_are_read(answers, status, body, headers, action, code, message):
    answers.then(status, body, **headers)
    got = Driver(answers.endpoint).one(*GET)
    assert got[:4] == [action, code, message, str(status)]
    assert "AWSGlue.GetDatabase of 127.0.0.1" in got[4]
    assert len(answers.said) == 1


@pytest.mark.parametrize("body", ["[1]", "{", "<html/>"])
def test_200_without_an_object_is_no_answer(answers, body):
    answers.then(200, body)
    assert Driver(answers.endpoint).one(*GET)[0] == "retry"


def test_an_empty_200_is_an_empty_object(answers):
    answers.then(200, "")
    assert Driver(answers.endpoint).one(*GET) == ["ok", "{}"]


def test_no_answer_is_retried_by_the_caller(answers):
    answers.then(0)
    action, code, _, status, text = Driver(answers.endpoint).one(*GET)
    assert (action, code, status) == ("retry", "", "0") and "AWSGlue.GetDatabase" in text


def test_what_was_signed_is_not_repeated(answers):
    answers.then(403, json.dumps({"__type": "InvalidSignatureException", "message":
                                  f"it does not match.\n\nThe Canonical String:\nx-amz-security-token:{TOKEN}"}))
    got = Driver(answers.endpoint).one(*GET)
    assert got[2] == "it does not match." and TOKEN not in "".join(got)


def test_a_clock_that_is_off_is_corrected_once(answers):
    def strict(said):
        when = time.mktime(time.strptime(said.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")) - time.timezone
        now = time.time() + 7200
        if abs(when - now) > 900:
            return 403, '{"__type":"InvalidSignatureException","message":"Signature expired"}', {
                "date": email.utils.formatdate(now, usegmt=True)}
        return 200, "{}", {}
    answers.queue.append(strict)
    assert Driver(answers.endpoint).run(*GET, *GET) == [["ok", "{}"]] * 2
    assert len(answers.said) == 3


def test_expired_credentials_are_asked_for_once_more(answers):
    answers.then(400, '{"__type":"ExpiredTokenException","message":"expired"}').then(200, "{}")
    assert Driver(answers.endpoint).one(*GET) == ["ok", "{}"]
    answers.then(400, '{"__type":"ExpiredTokenException","message":"expired"}')
    answers.said.clear()
    del answers.queue[0]
    assert Driver(answers.endpoint).one(*GET)[:2] == ["retry", "ExpiredTokenException"]
    assert len(answers.said) == 2
