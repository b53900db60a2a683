# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 check` on brokers with TLS, SASL and rights, and on an AWS account that looks at policies: each broken
set-up has its cause named. What a plain broker and a scripted S3 can show is in tests/real/test_check.py."""
import itertools
import os

import pytest
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from preflight import RULE, Preflight, healthy
from rows import produce, stock_rows
from scripted_s3 import ScriptedS3

pytestmark = pytest.mark.slow
numbers = itertools.count(1)
ALLOWED = {
    ResourceType.TOPIC: {"Read": AclOperation.READ, "Describe": AclOperation.DESCRIBE,
                         "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS},
    ResourceType.GROUP: {"Read": AclOperation.READ, "Describe": AclOperation.DESCRIBE},
    ResourceType.BROKER: {"DescribeConfigs": AclOperation.DESCRIBE_CONFIGS},
}


@pytest.fixture(scope="module")
def s3():
    with ScriptedS3(buckets=["lake"], secrets={"AKIDCHECK": "secret/of+signs"}) as server:
        server.lifecycle = RULE
        yield server


@pytest.fixture
def names(broker):
    """A topic with some rows, and a group."""
    name = f"check-{os.getpid()}-{next(numbers)}"
    broker.create_topic(name, 1)
    produce(broker, name, stock_rows(20))
    return name, f"group-{name}"


@pytest.fixture
def run(broker, s3, names, tmp_path):
    def check(kind, *options, **more):
        settings = healthy(broker, s3, *names, **more)
        settings["kafka"].update(brokers=broker.address[kind], options=list(options))
        return Preflight(tmp_path, settings, "--write")
    return check


def login(user="lake", word=None, mechanism="PLAIN", protocol="sasl_plaintext"):
    return [f"security.protocol={protocol}", f"sasl.mechanism={mechanism}", f"sasl.username={user}",
            f"sasl.password={word or f'word of {user}'}"]


def allow(broker, user, names, without=()):
    """All that a daemon needs and check looks at, but for these: (type, operation)."""
    topic, group = names
    name = {ResourceType.TOPIC: topic, ResourceType.GROUP: group, ResourceType.BROKER: "kafka-cluster"}
    rules = [AclBinding(kind, name[kind], ResourcePatternType.LITERAL, f"User:{user}", "*", operation,
                        AclPermissionType.ALLOW)
             for kind, operations in ALLOWED.items() for said, operation in operations.items()
             if (kind, said) not in without]
    for done in broker.admin.create_acls(rules).values():
        done.result(60)


def names_cause(found, name, *causes):
    failed = found.of("failed")
    assert name in failed, str(found)
    for cause in causes:
        assert cause in failed[name], str(found)
    assert found.code == 1


def ca(authority):
    return f"ssl.ca.location={authority.ca}"


@pytest.mark.parametrize("kind, options, cause", [
    ("plain", ["security.protocol=ssl"], "speaks no TLS"),
    ("sasl", login(protocol="sasl_ssl"), "speaks no TLS"),
    ("tls", [], "expects TLS"),
    ("sasl_tls", login(), "expects TLS"),
    ("tls", ["security.protocol=ssl"], "not of an authority that is trusted here"),
    ("sasl", [], "expects SASL"),
    ("plain", login(), "takes no SASL"),
    ("sasl", login(word="wrong"), "refuses this login"),
    ("sasl", login(user="nobody"), "refuses this login"),
    ("sasl", login(mechanism="SCRAM-SHA-512"), "does not know this mechanism"),
], ids=["TLS where there is none", "SASL_SSL where there is no TLS", "plain where there is TLS",
        "SASL where there is TLS too", "unknown CA", "plain where there is SASL", "SASL where there is none",
        "wrong password", "unknown user", "wrong mechanism"])
def test_a_broker_that_cannot_be_had(run, kind, options, cause):
    found = run(kind, *options)
    names_cause(found, "broker", cause)
    assert list(found.of("failed")) == ["broker"]
    assert found.of("not proved")["group"] == "no broker answers"


def test_a_broker_that_names_itself_wrong(run):
    found = run("lost")
    names_cause(found, "logs", "advertised.listeners", "no such host", "nowhere.invalid")


def test_a_certificate_of_another_name(run, broker, authority, names):
    address = broker.address["tls"]
    broker.address["tls"] = address.replace("127.0.0.1", "localhost")
    try:
        names_cause(run("tls", "security.protocol=ssl", ca(authority)), "broker", "not for this name")
    finally:
        broker.address["tls"] = address


@pytest.mark.parametrize("kind", ["tls", "sasl", "sasl_tls"])
def test_whole_with_tls_and_login(run, broker, authority, names, kind):
    allow(broker, "lake", names)
    options = {"tls": ["security.protocol=ssl", ca(authority)], "sasl": login(),
               "sasl_tls": [*login(protocol="sasl_ssl"), ca(authority)]}[kind]
    found = run(kind, *options)
    if kind != "tls":   # nobody is whoever comes without a login, and that is a super user here
        assert "offset.metadata.max.bytes" in str(found) or found.of("ok")["texts"], str(found)
    assert not found.of("failed"), str(found)
    assert set(found.of("not proved")) <= {"texts"}, str(found)


@pytest.mark.parametrize("user, without, name, causes", [
    ("no-topic", {(ResourceType.TOPIC, "Read"), (ResourceType.TOPIC, "Describe"),
                  (ResourceType.TOPIC, "DescribeConfigs")}, 'topic "{topic}"', ["Describe and Read"]),
    ("no-read", {(ResourceType.TOPIC, "Read")}, 'reading "{topic}"', ["grant this client Read on the topic"]),
    ("no-group", {(ResourceType.GROUP, "Read"), (ResourceType.GROUP, "Describe")}, "group",
     ['grant this client Read on the group "{group}"']),
    ("no-commit", {(ResourceType.GROUP, "Read")}, "group", ['grant this client Read on the group "{group}"']),
], ids=["no topic", "no read", "no group", "no commit"])
def test_a_right_that_is_missing(run, broker, names, user, without, name, causes):
    allow(broker, user, names, without)
    topic, group = names
    found = run("sasl", *login(user=user))
    names_cause(found, name.format(topic=topic), *[c.format(topic=topic, group=group) for c in causes])


def test_without_the_right_to_the_configuration_it_is_not_proved(run, broker, names):
    allow(broker, "no-config", names, {(ResourceType.TOPIC, "DescribeConfigs")})
    found = run("sasl", *login(user="no-config"))
    assert not found.of("failed") and "records" in found.of("not proved"), str(found)
    assert "DescribeConfigs" in found.of("not proved")["records"]


# AWS.

ACTIONS = {
    "s3:PutObject": 'uploads under "raw"', "s3:AbortMultipartUpload": 'uploads under "raw"',
    "s3:ListBucketMultipartUploads": "list of uploads", "s3:ListBucket": "list of objects",
    "s3:GetObject": "reading back", "s3:GetLifecycleConfiguration": "lifecycle", "s3:DeleteObject":
    "conditional writes", "glue:GetTable": "catalog",
}


@pytest.fixture
def aws(account, broker, names, tmp_path):
    """check with a bucket of its own and a user who may do so much; further groups of settings."""
    bucket = f"lake-{names[0]}"
    client = account.client()
    client.create_bucket(Bucket=bucket)
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
        {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""},
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}]})

    def check(actions, **more):
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": sorted(actions),
                                                          "Resource": "*"}]}
        key, secret = account.user(f"user-{names[0]}", policy)
        settings = {
            "kafka": {"brokers": broker.bootstrap, "topics": [names[0]], "group": names[1]},
            "s3": {"bucket": bucket, "prefix": "raw", "region": "us-east-1", "endpoint": account.endpoint,
                   "path_style": True, "access_key_id": key, "secret_access_key": secret}, **more}
        return Preflight(tmp_path, settings, "--write")
    check.bucket, check.client = bucket, client
    return check


def glue(account, **more):
    glue = {"database": "lake", "endpoint": account.endpoint, "region": "us-east-1", **more}
    return {"catalog": "table", "glue": glue}


def test_an_account_that_allows_all_of_it(account, aws):
    found = aws(ACTIONS, **glue(account))
    assert not found.of("failed") and list(found.of("not proved")) == ["catalog"], str(found)
    assert "glue:CreateTable" in found.of("not proved")["catalog"]
    assert not aws.client.list_objects_v2(Bucket=aws.bucket)["KeyCount"]
    assert not aws.client.list_multipart_uploads(Bucket=aws.bucket).get("Uploads")


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_each_permission_that_is_missing(account, aws, action):
    """An object is there, for a right to read is known by no other."""
    aws.client.put_object(Bucket=aws.bucket, Key="raw/t/an-object", Body=b"{}")
    found = aws(set(ACTIONS) - {action}, **glue(account))
    outcome = "not proved" if action == "s3:GetLifecycleConfiguration" else "failed"
    assert ACTIONS[action] in found.of(outcome), str(found)
    assert action in found.of(outcome)[ACTIONS[action]], str(found)


def test_a_table_that_is_there(account, aws, names):
    client = account.ask("glue")
    name = names[0].replace("-", "_")
    client.create_database(DatabaseInput={"Name": name})
    client.create_table(DatabaseName=name, TableInput={"Name": name})
    found = aws(ACTIONS, **glue(account, database=name))
    assert found.code == 0 and "1 tables" in found.of("ok")["catalog"], str(found)


@pytest.mark.parametrize("role, outcome, said", [
    ("", "failed", "there is no crawler"),
    ("arn:aws:iam::123456789012:role/crawler", "not proved", "glue:CreateCrawler"),
], ids=["none", "to be made"])
def test_a_crawler_that_is_not_there(account, aws, role, outcome, said):
    more = glue(account, crawler="sweeper", **({"crawler_role": role} if role else {}))
    found = aws({*ACTIONS, "glue:GetCrawler"}, **{**more, "catalog": "crawler"})
    assert said in found.of(outcome)["crawler"], str(found)


def test_a_crawler_that_may_not_be_asked_for(account, aws):
    """The daemon asks for it before it starts it."""
    found = aws(ACTIONS, **{**glue(account, crawler="sweeper"), "catalog": "crawler"})
    assert "glue:GetCrawler is refused" in found.of("failed")["crawler"], str(found)


def test_glue_that_cannot_be_reached(account, aws):
    found = aws(ACTIONS, **glue(account, endpoint="http://127.0.0.1:1"))
    assert "glue.endpoint" in found.of("not proved")["catalog"], str(found)
