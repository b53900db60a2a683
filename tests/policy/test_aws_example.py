# SPDX-License-Identifier: Apache-2.0
"""The CloudFormation template among the examples: AWS's own schemas take it, what it writes into the settings file
loads, and the rights that it gives are those that `kafka2s3 iam-policy` prints for that file.
"""
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = TOP / "examples" / "aws" / "kafka2s3.yaml"
ACCOUNT = "111122223333"
GIVEN = {"BucketName": "my-lake", "Brokers": "localhost:9092", "PackageUrl": "s3://packages/kafka2s3.deb",
         "VpcId": "vpc-1", "SubnetId": "subnet-1"}
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": ACCOUNT, "AWS::NoValue": None}
# What a resource is called once it is made.
NAMES = {"Bucket": "my-lake", "WorkGroup": "lake", "Crawler": "lake-kafka2s3", "Database": "lake"}
ARNS = {"Bucket": "arn:aws:s3:::my-lake"}


class Loader(yaml.SafeLoader):
    """Short forms as their long ones."""


def function(loader, suffix, node):
    value = (loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode)
             else loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode)
             else loader.construct_mapping(node, deep=True))
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", function)


class Stack:
    """The template with its parameters put in, as far as policies and user data need it."""

    def __init__(self, **parameters):
        self.template = yaml.load(TEMPLATE.read_text(), Loader)
        defaults = {name: p["Default"] for name, p in self.template["Parameters"].items() if "Default" in p}
        self.values = {**defaults, **GIVEN, **parameters, **PSEUDO}

    def name(self, name):
        if name.endswith(".Arn"):
            return ARNS[name.removesuffix(".Arn")]
        return self.values[name] if name in self.values else NAMES[name]

    def substituted(self, text, more):
        return re.sub(r"\$\{([\w.:]+)\}", lambda m: more[m[1]] if m[1] in more else self.name(m[1]), text)

    def resolve(self, value):
        if isinstance(value, list):
            return [self.resolve(v) for v in value]
        if not isinstance(value, dict):
            return value
        key, inner = next(iter(value.items())) if len(value) == 1 else (None, None)
        if key in ("Ref", "Fn::GetAtt"):
            return self.name(inner)
        if key == "Fn::If":
            return self.resolve(inner[1] if self.holds(inner[0]) else inner[2])
        if key == "Fn::Sub":
            text, more = inner if isinstance(inner, list) else (inner, {})
            return self.substituted(text, self.resolve(more))
        if key == "Fn::Join":
            return inner[0].join(self.resolve(inner[1]))
        if key == "Fn::Split":
            return self.resolve(inner[1]).split(inner[0])
        if key == "Fn::Base64":
            return self.resolve(inner)
        return {k: self.resolve(v) for k, v in value.items()}

    def holds(self, condition):
        def test(value):
            (key, inner), = value.items()
            return not test(inner[0]) if key == "Fn::Not" else self.resolve(inner[0]) == self.resolve(inner[1])
        return test(self.template["Conditions"][condition])

    def made(self, name):
        resource = self.template["Resources"][name]
        return "Condition" not in resource or self.holds(resource["Condition"])

    def properties(self, name):
        return self.template["Resources"][name]["Properties"]

    def statements_of(self, *names):
        found = []
        for name in filter(self.made, names):
            properties = self.properties(name)
            documents = [properties["PolicyDocument"]] if "PolicyDocument" in properties else [
                p["PolicyDocument"] for p in properties["Policies"]]
            found += [s for document in documents for s in self.resolve(document["Statement"])]
        return found

    def settings(self):
        return re.search(r"<<'END'\n(.*?)^END$", self.user_data(), re.DOTALL | re.MULTILINE)[1]

    def user_data(self):
        return self.resolve(self.properties("Instance")["UserData"])


def run(*words, **more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(words, env=clean, capture_output=True, text=True, timeout=300, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def printed(tmp_path, stack, role):
    file = tmp_path / "kafka2s3.conf"
    file.write_text(stack.settings())
    file.chmod(0o600)
    program = TOP / "build" / "kafka2s3"
    assert "fine" in run(program, "-c", file, "check", "--syntax")
    return json.loads(run(program, "-c", file, "iam-policy", "--role", role, "--account", ACCOUNT))["Statement"]


def allowed(statements):
    found = {}
    for s in statements:
        for action in s["Action"]:
            found.setdefault(action, set()).update(s["Resource"])
    return found


def same(ours, printed_ones):
    """The same actions under the same conditions; a table's name may be a pattern in the template, which does not know
    topics one by one."""
    gives, needs = allowed(ours), allowed(printed_ones)
    assert set(gives) == set(needs)
    for action, resources in needs.items():
        assert all(any(fnmatch.fnmatchcase(r, g) for g in gives[action]) for r in resources), (action, gives[action])
        assert all(any(fnmatch.fnmatchcase(r, g) for r in resources) for g in gives[action]), (action, gives[action])
    assert [s.get("Condition") for s in ours] == [s.get("Condition") for s in printed_ones]


def test_cfn_lint_has_nothing_to_say():
    assert run(pathlib.Path(sys.executable).with_name("cfn-lint"), TEMPLATE) == ""


@pytest.mark.parametrize("catalog", ["table", "crawler", "crawler-events"])
def test_it_gives_what_the_daemon_needs(tmp_path, catalog):
    stack = Stack(Catalog=catalog)
    same(stack.statements_of("DaemonPolicy", "TablesPolicy", "StartPolicy"), printed(tmp_path, stack, "daemon"))
    for name in ("DaemonPolicy", "TablesPolicy", "StartPolicy"):
        assert stack.properties(name)["RoleName"] == {"Ref": "DaemonRole"}
    assert stack.properties("DaemonProfile")["Roles"] == [{"Ref": "DaemonRole"}]


@pytest.mark.parametrize("catalog", ["crawler", "crawler-events"])
def test_it_gives_what_a_crawler_needs(tmp_path, catalog):
    stack = Stack(Catalog=catalog)
    same(stack.statements_of("CrawlerRole"), printed(tmp_path, stack, "crawler"))
    assert stack.made("EventQueue") == stack.made("EventsPolicy") == (catalog == "crawler-events")
    assert json.loads(stack.properties("Crawler")["Configuration"])["Grouping"]["TableLevelConfiguration"] == 3
    assert not Stack().made("Crawler")


def test_it_gives_what_a_cluster_of_msk_needs(tmp_path):
    """Of the cluster's ARN its broker's name tells the half; the template has it whole, and no topic by its name."""
    stack = Stack(Brokers="b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com:9098",
                  MskCluster=f"arn:aws:kafka:eu-west-1:{ACCOUNT}:cluster/demo/5e0e7fb3-1")
    gives = allowed(stack.statements_of("MskPolicy"))
    needs = {action: {r.replace("/demo/*", "/demo/5e0e7fb3-1") for r in on}
             for action, on in allowed(printed(tmp_path, stack, "daemon")).items() if "kafka" in action}
    assert set(gives) == set(needs) and len(needs) >= 5
    for action, resources in needs.items():
        assert all(any(fnmatch.fnmatchcase(r, g) for g in gives[action]) for r in resources), (action, gives[action])
        assert all(any(fnmatch.fnmatchcase(r, g) for r in resources) for g in gives[action]), (action, gives[action])
    assert stack.properties("MskPolicy")["RoleName"] == {"Ref": "DaemonRole"}
    assert not Stack().made("MskPolicy") and "auth" not in Stack().settings()


def test_the_user_data_is_a_script_that_installs_behind_the_settings(tmp_path):
    script = tmp_path / "user-data"
    script.write_text(Stack().user_data())
    run("sh", "-n", script)
    text = script.read_text()
    assert text.startswith("#!/bin/sh\n") and "${" not in text
    assert text.index("/etc/kafka2s3.conf") < text.index("apt-get install -y /root/kafka2s3.deb")


def test_the_bucket_is_closed_and_forgets_uploads():
    bucket = Stack().resolve(Stack().properties("Bucket"))
    assert all(bucket["PublicAccessBlockConfiguration"].values()) and len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert any("AbortIncompleteMultipartUpload" in rule for rule in bucket["LifecycleConfiguration"]["Rules"])
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
