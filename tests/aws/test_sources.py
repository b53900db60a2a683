# SPDX-License-Identifier: Apache-2.0
"""Credentials of an instance's metadata and of a container's agent: as they should be, and as they are on a bad day."""
import os
import pathlib
import socket
import subprocess
import sys

import pytest

from conftest import TOP, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "servers"))
from metadata import ROLES, Metadata, document  # noqa: E402

PLAIN = TOP / "build" / "tests" / "aws" / "source_driver"
ASAN = TOP / "build" / "asan" / "tests" / "aws" / "source_driver"
KEY, SECRET, TOKEN = "ASIATEST", "secret/of+the role", "token=="
PATIENT = {"AWS_METADATA_SERVICE_TIMEOUT": "20"}


class Source:
    """A source that is asked line by line."""

    def __init__(self, kind, env):
        clean = {n: v for n, v in os.environ.items() if not n.startswith("AWS_")}
        program = ASAN if ASAN.exists() else PLAIN
        self.process = subprocess.Popen([program, *kind.split()], env={**clean, **PATIENT, **env}, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def fetch(self):
        self.ask()
        return self.answer()

    def ask(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def answer(self):
        fields = self.process.stdout.readline().rstrip("\n").split("\t")
        assert len(fields) > 1, self.process.communicate()
        return fields

    def end(self):
        _, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 0 and not errors, errors


@pytest.fixture
def source():
    made = []

    def make(kind, **env):
        made.append(Source(kind, env))
        return made[-1]
    yield make
    for s in made:
        s.end()


@pytest.fixture
def metadata():
    with Metadata() as m:
        yield m


@pytest.fixture
def instance(source, metadata):
    return source("imds", AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint + "/")


def assert_refused(fields, action, code, says):
    assert fields[:2] == [action, str(code)] and says in fields[2], fields
    for secret in (SECRET, TOKEN, KEY):
        assert secret not in fields[2], fields


# The instance.

def test_the_role_of_an_instance(instance, metadata):
    metadata.role("lake-role", document(KEY, SECRET, TOKEN))
    fields = instance.fetch()
    assert fields[:4] == ["ok", KEY, SECRET, TOKEN] and int(fields[4]) > 1.7e12 and fields[5] == "1"
    metadata.role("other-role", document("ASIA2", "secret2", "token2"))
    assert instance.fetch()[:4] == ["ok", "ASIA2", "secret2", "token2"], "what is asked for again is the new one"
    assert metadata.count("PUT", "/latest/api/token") == 1, "a session token serves until it expires"
    assert metadata.refused == [], "nothing was asked for without one"


def test_a_session_token_that_expired_is_asked_for_anew(instance, metadata):
    metadata.role("lake-role", document(KEY, SECRET, TOKEN))
    assert instance.fetch()[0] == "ok"
    metadata.expire_tokens()
    assert instance.fetch()[0] == "ok"
    assert metadata.count("PUT", "/latest/api/token") == 2 and metadata.refused == [ROLES]


def test_an_instance_without_a_role(instance, metadata):
    assert_refused(instance.fetch(), "wait for a person", 2, "no role: attach an instance profile")
    metadata.answers[ROLES] = (200, "")
    assert_refused(instance.fetch(), "wait for a person", 2, "no role: attach an instance profile")
    metadata.role("lake-role", document(KEY, SECRET, TOKEN))
    assert instance.fetch()[0] == "ok", "a role that is attached later is found"


def test_a_role_that_may_not_be_assumed(instance, metadata):
    metadata.role("lake-role", '{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"}')
    assert_refused(instance.fetch(), "wait for a person", 1, "Code 'AssumeRoleUnauthorizedAccess'")


@pytest.mark.parametrize("text, says", [
    ("", "no JSON object"),
    ('{"Code": "Success", "AccessKeyId": "' + KEY, "no JSON object"),
    ("[]", "no JSON object"),
    (f'{{"Code": "Success", "AccessKeyId": "{KEY}"}}', "no AccessKeyId with a SecretAccessKey"),
    (f'{{"AccessKeyId": "{KEY}", "SecretAccessKey": "{SECRET}", "Token": "{TOKEN}"}}', "no Expiration"),
    (f'{{"AccessKeyId": "{KEY}", "SecretAccessKey": "{SECRET}", "Expiration": "soon"}}', "no Expiration"),
])
def test_malformed_answers(instance, metadata, text, says):
    metadata.role("lake-role", text)
    fields = instance.fetch()
    assert_refused(fields, "retry", fields[1], says)
    metadata.role("lake-role", document(KEY, SECRET, TOKEN))
    assert instance.fetch()[0] == "ok"


def test_a_role_whose_name_is_none(instance, metadata):
    metadata.role("../../user-data", document(KEY, SECRET, TOKEN))
    fields = instance.fetch()
    assert_refused(fields, "retry", fields[1], "names no role")


def test_trouble_that_passes(instance, metadata):
    metadata.role("lake-role", "busy", status=503)
    assert_refused(instance.fetch(), "retry", 503, "answers 503")
    metadata.answers[ROLES + "lake-role"] = (404, "")
    assert_refused(instance.fetch(), "retry", 404, "answers 404")
    metadata.role("lake-role", document(KEY, SECRET, TOKEN))
    assert instance.fetch()[0] == "ok"


@pytest.mark.parametrize("answer, action, code, says", [
    ((200, ""), "retry", None, "is no token"),
    ((200, "x" * 2000), "retry", None, "is no token"),
    ((403, ""), "wait for a person", 403, "turned off"),
    ((400, ""), "wait for a person", 400, "answers 400"),
    ((500, ""), "retry", 500, "answers 500"),
    ((404, ""), "give up", 0, "knows no IMDSv2"),
    ((405, ""), "give up", 0, "knows no IMDSv2"),
])
def test_without_a_token_nothing_is_asked(instance, metadata, answer, action, code, says):
    metadata.role("lake-role", document(KEY, SECRET, TOKEN))
    metadata.token_answer = answer
    fields = instance.fetch()
    assert_refused(fields, action, fields[1] if code is None else code, says)
    assert {method for method, _path in metadata.log} == {"PUT"}, "version 1 is never fallen back to"


def test_what_stalls(source, metadata):
    """A token that does not come back, after a connection that did, is what a hop limit of 1 looks like."""
    metadata.role("lake-role", document(KEY, SECRET, TOKEN))
    metadata.stall("GET")
    with Metadata() as far:
        far.stall("PUT")
        both = [source("imds", AWS_EC2_METADATA_SERVICE_ENDPOINT=m.endpoint, AWS_METADATA_SERVICE_TIMEOUT="4")
                for m in (far, metadata)]
        for s in both:
            s.ask()
        assert_refused(both[0].answer(), "retry", 0, "hop limit is 1; raise it to 2")
        assert_refused(both[1].answer(), "retry", 0, "does not answer")


def test_a_machine_that_is_no_instance(source):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))     # and does not listen
        instance = source("imds", AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{s.getsockname()[1]}")
        assert_refused(instance.fetch(), "give up", 0, "no EC2 instance")


def test_the_address_for_ipv6(source):
    instance = source("imds", AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE="IPv6", AWS_METADATA_SERVICE_TIMEOUT="1")
    assert_refused(instance.fetch(), "give up", 0, "http://[fd00:ec2::254]")


def test_metadata_that_are_not_to_be_asked(source, metadata):
    instance = source("imds", AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint, AWS_EC2_METADATA_DISABLED="TRUE")
    assert_refused(instance.fetch(), "give up", 0, "AWS_EC2_METADATA_DISABLED is set")
    assert metadata.log == []


def test_no_proxy_stands_between(source, metadata):
    metadata.role("lake-role", document(KEY, SECRET, TOKEN))
    env = {name: "http://127.0.0.1:9" for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY")}
    assert source("imds", AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint, **env).fetch()[0] == "ok"


def test_region_and_zone_are_asked_for_once(source, metadata):
    metadata.place("region", "eu-west-1")
    metadata.place("availability-zone-id", "euw1-az2")
    files = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    here = source("region", AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint, **files)
    assert here.fetch() == ["ok", "eu-west-1", "euw1-az2"]
    asked = len(metadata.log)
    assert here.fetch() == ["ok", "eu-west-1", "euw1-az2"] and len(metadata.log) == asked


def test_metadata_that_come_late(source, metadata):
    """As at boot: the zone is waited for, the region found by who asks later; a machine without any is asked once."""
    metadata.place("region", "eu-west-1")
    metadata.place("availability-zone-id", "euw1-az2")
    metadata.token_answer = (503, "")
    files = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    here = source("region", AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint, **files)
    here.ask()
    wait_until(lambda: len(metadata.log) >= 3, lambda: f"questions, there are {metadata.log}")
    metadata.token_answer = None
    assert here.answer() == ["ok", "", "euw1-az2"]
    wait_until(lambda: here.fetch() == ["ok", "eu-west-1", "euw1-az2"], lambda: "a region")
    nowhere = source("region", AWS_EC2_METADATA_DISABLED="true", **files)
    assert nowhere.fetch() == nowhere.fetch() == ["ok", "", ""]


def test_moto_as_instance(source, moto):
    fields = source("imds", AWS_EC2_METADATA_SERVICE_ENDPOINT=moto).fetch()
    assert fields[0] == "ok" and all(fields[1:4]) and fields[5] == "1"
    assert source("placement/region", AWS_EC2_METADATA_SERVICE_ENDPOINT=moto).fetch() == ["ok", "us-east-1"]


# The container.

def test_a_container_whose_token_file_changes(source, metadata, tmp_path):
    token = tmp_path / "token"
    token.write_text("first token")
    metadata.container("/v1/credentials", document(KEY, SECRET, TOKEN), authorization="first token")
    pod = source("container", AWS_CONTAINER_CREDENTIALS_FULL_URI=metadata.endpoint + "/v1/credentials",
                 AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token), AWS_CONTAINER_AUTHORIZATION_TOKEN="not this one")
    fields = pod.fetch()
    assert fields[:4] == ["ok", KEY, SECRET, TOKEN] and fields[5] == "0"
    metadata.container("/v1/credentials", document("ASIA2", "secret2", "token2"), authorization="second token")
    assert_refused(pod.fetch(), "wait for a person", 401, "answers 401")
    token.write_text("second token")
    assert pod.fetch()[:4] == ["ok", "ASIA2", "secret2", "token2"]
    token.write_text("second token\n")
    assert_refused(pod.fetch(), "wait for a person", 22, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE holds a line end")
    token.unlink()
    assert_refused(pod.fetch(), "wait for a person", 2, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: cannot open")


def test_a_container_with_and_without_a_token(source, metadata):
    uri = metadata.endpoint + "/creds"
    metadata.container("/creds", document(KEY, SECRET, TOKEN))
    assert source("container", AWS_CONTAINER_CREDENTIALS_FULL_URI=uri).fetch()[0] == "ok"
    metadata.container("/creds", document(KEY, SECRET, TOKEN), authorization="Bearer x")
    with_token = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer x"}
    assert source("container", **with_token).fetch()[0] == "ok"
    with_token["AWS_CONTAINER_AUTHORIZATION_TOKEN"] += "\r\nhost: evil"
    assert_refused(source("container", **with_token).fetch(), "wait for a person", 22, "holds a line end")


def test_a_container_s_agent_on_a_bad_day(source, metadata):
    pod = source("container", AWS_CONTAINER_CREDENTIALS_FULL_URI=metadata.endpoint + "/creds")
    metadata.container("/creds", '{"code": "x", "message": "no"}', status=400)
    assert_refused(pod.fetch(), "wait for a person", 400, "see the task's role, or the pod's association")
    metadata.container("/creds", "", status=503)
    assert_refused(pod.fetch(), "retry", 503, "answers 503")
    metadata.container("/creds", '{"AccessKeyId": 1}')
    fields = pod.fetch()
    assert_refused(fields, "retry", fields[1], "no AccessKeyId")
    metadata.container("/creds", document(KEY, SECRET, TOKEN))
    assert pod.fetch()[0] == "ok"


@pytest.mark.parametrize("env, action, says", [
    ({}, "give up", "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor"),
    ({"RELATIVE": "v2/guid"}, "wait for a person", 'must begin with "/"'),
    ({"FULL": "http://10.0.0.1/guid"}, "wait for a person", "sends a token to '10.0.0.1' without TLS"),
    ({"FULL": "http://127.0.0.1.example.org/guid"}, "wait for a person", "without TLS"),
    ({"FULL": "http://[fd00:ec2::24]/guid"}, "wait for a person", "sends a token to 'fd00:ec2::24' without TLS"),
    ({"FULL": "http://localhost@10.0.0.1/guid"}, "wait for a person", "no URL"),
    ({"FULL": "ftp://localhost/guid"}, "wait for a person", "no URL"),
])
def test_places_that_a_container_does_not_ask(source, env, action, says):
    full = {f"AWS_CONTAINER_CREDENTIALS_{name}_URI": value for name, value in env.items()}
    fields = source("container", **full).fetch()
    assert_refused(fields, action, fields[1], says)
    assert "guid" not in fields[2], "the path is as good as a secret"
