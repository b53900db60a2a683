# SPDX-License-Identifier: Apache-2.0
"""What `kafka2s3 iam-policy` prints is enough for all that a daemon does, and of each action that is taken away the
daemon, or a command, says which one is missing, and on what.

By an IAM user with that policy, and a moto that checks signatures, actions and resources.
"""
import copy
import fnmatch
import json
import os
import re
import subprocess

import pytest

from account import NUMBER
from case import QUICK
from daemon import BINARY, merged
from rows import stock_rows
from test_offsets_command import lose_group
from test_orphans import BIG, LONG, PLAIN, STEADY, uploads
from waiting import until

GRANT = r"grant ([\w-]+:\w+)(?: on ([^\s,;]+))?"
# What moto does not look at, and why; tests/policy holds them as documents. Of Glue it looks at no resource at all.
UNCHECKED = {
    "kms:GenerateDataKey": "its S3 stores under any key without asking KMS",
    "kms:Decrypt": "its S3 stores under any key without asking KMS",
    "iam:PassRole": "its Glue takes any role for a crawler",
    "glue:UpdateCrawler": "its Glue has no such call",
    "glue:BatchGetPartition": "asked only of partitions that somebody else registered",
}
CATALOGS = {
    "none": {},
    "table": {"catalog": "table", "glue": {"partitions": "registered"}},
    "crawler": {"catalog": "crawler", "glue": {"crawler": "c", "crawler_role": "lake-crawler"}},
}


@pytest.fixture
def case(aws):
    return aws


def run(daemon, *words, code=0):
    """Both outputs of a command."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    done = subprocess.run([os.path.abspath(BINARY), "-c", daemon.conf, *words], env=clean, capture_output=True,
                          text=True, timeout=100, check=False)
    assert code is None or done.returncode == code, f"{done.returncode}: {done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


def policy_of(daemon):
    """As the command prints it, but for resources of Glue, of which moto thinks that they are "*"."""
    policy = json.loads(run(daemon, "iam-policy", "--account", NUMBER)[0])
    for statement in policy["Statement"]:
        if not statement["Action"][0].startswith("s3:"):
            statement["Resource"] = ["*"]
    return policy


def actions_of(policy):
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def without(policy, action):
    """The same, but for this action."""
    less = copy.deepcopy(policy)
    for statement in less["Statement"]:
        statement["Action"] = [a for a in statement["Action"] if a != action]
    less["Statement"] = [s for s in less["Statement"] if s["Action"]]
    assert less != policy
    return less


def become(case, daemon, policy):
    """From its next start on it is a user with this policy."""
    key, secret = case.gateway.user(f"{case.name}-{daemon.name}", policy)
    daemon.write(s3={"access_key_id": key, "secret_access_key": secret})


def test_the_policy_is_enough_for_all_that_it_does(case):
    topic = case.topic(2)
    d = case.daemon(topic, start=False, roll=LONG, kafka={"options": QUICK}, **PLAIN)
    become(case, d, policy_of(d))
    d.start()
    case.produce(topic, BIG, partitions=2)
    left = case.until("an upload of each partition", lambda: len(uploads(case)) == 2 and uploads(case), 30)
    d.kill()
    case.produce(topic, [b"no json", *stock_rows(100)], partitions=2)
    d.write(roll={"age": "1s"}, kafka={"options": STEADY})
    d.start()
    case.until(lambda: f"{left} aborted, there are {uploads(case)}", lambda: not uploads(case) & left, 60)
    d.wait_says("multipart uploads that were left behind are aborted")
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert case.judge(topic, ext="json", partition_by="none").rows == len(BIG) + 100
    assert any(key.startswith("dead-letter/") for key in case.keys())
    assert d.verify()[0] == 0 and d.verify("--deep")[0] == 0
    before = case.committed(topic)
    lose_group(case)
    run(d, "offsets", "set", "--from-s3")
    assert case.committed(topic) == before
    assert "grant " not in d.log() and "AccessDenied" not in d.log()


def catalog(case, name, database="lake"):
    """Groups of settings."""
    if name == "none":
        return {}
    return merged(CATALOGS[name], {"glue": {"database": database, "endpoint": case.gateway.endpoint}})


def columns(case, database, topic):
    """Of the table, or of all its partitions; nothing while there is none."""
    glue = case.gateway.ask("glue")
    at = {"DatabaseName": database}
    table = re.sub(r"\W", "_", topic)
    try:
        there = [glue.get_table(**at, Name=table)["Table"], *glue.get_partitions(**at, TableName=table)["Partitions"]]
    except glue.exceptions.EntityNotFoundException:
        return []
    return [{c["Name"]: c["Type"] for c in one["StorageDescriptor"]["Columns"]} for one in there]


SOME, OTHERS = [b'{"a":1}'] * 10, [b'{"a":1.5,"b":"x"}'] * 10     # a table that has to grow


@pytest.mark.slow
def test_the_policy_is_enough_for_tables_with_partitions(case):
    topic = case.topic()
    d = case.daemon(topic, start=False, kafka={"options": QUICK}, **catalog(case, "table", "own"))
    become(case, d, policy_of(d))
    for values, wanted in ((SOME, {"a": "bigint"}), (OTHERS, {"a": "double", "b": "string"})):
        d.start()
        case.produce(topic, values)
        case.wait_landed(topic, seconds=60)
        case.until(lambda w=wanted: f"{w}, there are {columns(case, 'own', topic)}",
                   lambda w=wanted: columns(case, "own", topic) == [w, w], 60)
        assert d.terminate() == 0
    assert "grant " not in d.log() and "AccessDenied" not in d.log()


@pytest.mark.slow
def test_the_policy_is_enough_for_a_crawler(case):
    topic = case.topic()
    d = case.daemon(topic, start=False, kafka={"options": QUICK}, **merged(catalog(case, "crawler"), {
        "glue": {"crawler": case.name}}))
    become(case, d, policy_of(d))
    d.start()
    case.produce(topic, SOME)
    d.wait_says("the Glue crawler .* was made", 60)
    d.wait_says("the Glue crawler .* was started", 60)
    case.wait_landed(topic)
    assert d.terminate() == 0
    assert "grant " not in d.log() and "AccessDenied" not in d.log()


def refusals(daemon):
    """{(action, resource)} that the daemon has said so far, else what those commands say that a person would try."""
    for say in (daemon.log, lambda: run(daemon, "verify", code=None)[1], lambda: run(daemon, "check", code=None)[0]):
        found = set(re.findall(GRANT, say()))
        if found:
            return found
    return None


class Crippled:
    """A daemon with a topic, a group, folders and a database of its own, whose policy lacks an action."""

    def __init__(self, case, action, name):
        self.case, self.action, own = case, action, action.replace(":", "-").lower()
        self.topic = case.topic(suffix=f"-{own}")
        self.database = own.replace("-", "_")
        self.catalog = name
        self.daemon = case.daemon(
            self.topic, start=False, kafka={"group": f"{case.group}-{own}", "options": QUICK}, s3={"prefix": own},
            output={"dead_letter_prefix": f"{own}-dead"}, **merged(
                catalog(case, name, self.database), {"glue": {"crawler": f"{case.name}-{own}"}}
                if name == "crawler" else {}))
        self.policy = policy_of(self.daemon)
        become(case, self.daemon, without(self.policy, action))
        case.produce(self.topic, SOME)
        self.daemon.start()

    def settle(self):
        """Until it is refused, or has done all that there is to do; then once more, with a table that has to grow."""
        done = [{"a": "bigint"}] * 2
        until(lambda: f"a refusal, or all done, {self.daemon.process.tail()}", lambda: self.refused() or (
            self.catalog == "table" and columns(self.case, self.database, self.topic) == done), 60, every=0.5)
        if not self.refused():
            assert self.daemon.terminate() == 0
            self.case.produce(self.topic, OTHERS)
            self.daemon.start()

    def refused(self):
        return refusals(self.daemon) if self.catalog == "none" else set(re.findall(GRANT, self.daemon.log()))

    def is_named(self):
        found = until(lambda: f"a refusal, {self.daemon.process.tail()}", self.refused, 60, every=0.5)
        assert {said for said, _resource in found} == {self.action}, self.daemon.process.tail()
        granted = [r for s in self.policy["Statement"] if self.action in s["Action"] for r in s["Resource"]]
        for _said, resource in found:
            assert any(fnmatch.fnmatchcase(resource, pattern) for pattern in granted), (resource, granted)


@pytest.mark.parametrize("name", ["none", *(pytest.param(c, marks=pytest.mark.slow) for c in ("table", "crawler"))])
def test_each_action_that_is_missing_is_named(case, name):
    """All at once; with a catalog those that it adds."""
    plain = case.daemon("t", start=False)
    actions = actions_of(policy_of(plain))
    if name != "none":
        more = case.daemon("t", start=False, **catalog(case, name))
        actions = actions_of(policy_of(more)) - actions
    assert len(actions - set(UNCHECKED)) >= 3
    crippled = [Crippled(case, action, name) for action in sorted(actions - set(UNCHECKED))]
    for one in crippled:
        one.settle()
    for one in crippled:
        one.is_named()
