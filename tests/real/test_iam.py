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

from account import NUMBER, Account
from case import QUICK, Case
from daemon import BINARY
from rows import stock_rows
from test_offsets_command import lose_group
from test_orphans import BIG, LONG, PLAIN, uploads
from waiting import until

GRANT = r"grant (\S+) on ([^\s,;]+)"
# What moto does not look at, and why; tests/policy holds them as documents.
UNCHECKED = {
    "kms:GenerateDataKey": "moto's S3 stores under any key of KMS without asking it",
    "kms:Decrypt": "moto's S3 stores under any key of KMS without asking it",
}


@pytest.fixture(scope="session")
def account(tmp_path_factory):
    a = Account(tmp_path_factory.mktemp("account"))
    try:
        a.start()
        yield a
    finally:
        if a.process:
            a.process.kill()


@pytest.fixture
def case(request, broker, account, tmp_path):
    c = Case(request.node.name, broker, account, tmp_path)
    try:
        yield c
    finally:
        c.close()


def run(daemon, *words, code=0):
    """Both outputs of a command."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    done = subprocess.run([os.path.abspath(BINARY), "-c", daemon.conf, *words], env=clean, capture_output=True,
                          text=True, timeout=100, check=False)
    assert code is None or done.returncode == code, f"{done.returncode}: {done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


def policy_of(daemon):
    return json.loads(run(daemon, "iam-policy", "--account", NUMBER)[0])


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
    d.write(roll={"age": "1s"})
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


def refusals(daemon):
    """{(action, resource)} that the daemon has said so far, else what those commands say that a person would try."""
    for say in (daemon.log, lambda: run(daemon, "verify", code=None)[1], lambda: run(daemon, "check", code=None)[0]):
        found = set(re.findall(GRANT, say()))
        if found:
            return found
    return None


def test_each_action_that_is_missing_is_named(case):
    """All at once: a topic, a group and a folder for each."""
    daemons = {}
    probe = case.daemon("t", start=False)
    actions = sorted({action for statement in policy_of(probe)["Statement"] for action in statement["Action"]})
    assert "s3:PutObject" in actions and not set(actions) & set(UNCHECKED)
    for action in actions:
        name = action.replace(":", "-").lower()
        topic = case.topic(suffix=f"-{name}")
        d = case.daemon(topic, start=False, kafka={"group": f"{case.group}-{name}", "options": QUICK},
                        s3={"prefix": name}, output={"dead_letter_prefix": f"{name}-dead"})
        policy = policy_of(d)
        become(case, d, without(policy, action))
        case.produce(topic, stock_rows(10))
        daemons[action] = d.start(), policy
    for action, (d, policy) in daemons.items():
        found = until(lambda d=d: f"a refusal, {d.process.tail()}", lambda d=d: refusals(d), 60, every=0.5)
        assert {said for said, _resource in found} == {action}, d.process.tail()
        granted = [r for s in policy["Statement"] if action in s["Action"] for r in s["Resource"]]
        for _said, resource in found:
            assert any(fnmatch.fnmatchcase(resource, pattern) for pattern in granted), (resource, granted)
