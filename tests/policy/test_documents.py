# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 iam-policy` held against tables: which actions on which resources, for which settings.

What of it a daemon needs is tried in tests/real/test_iam.py. Of crawlers, Amazon MSK, Athena and keys of KMS nobody
here can say whether it is enough: there the document is all there is to hold.
"""
import json
import os
import pathlib
import re
import subprocess

import boto3
import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = TOP / "build" / "kafka2s3"
ACCOUNT = "111122223333"

SETTINGS = """
kafka = {{ brokers = "{brokers}"; topics = [ {topics} ]; group = "g"; }};
s3 = {{ bucket = "{bucket}"; {s3} }};
{more}
"""
WRITE, READ = {"s3:PutObject", "s3:AbortMultipartUpload"}, {"s3:GetObject"}
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k1"
LAKE = 'catalog = "table"; glue = { database = "lake"; };'
CRAWLED = 'catalog = "crawler"; glue = { database = "lake"; crawler = "c"; crawler_role = "lake-crawler"; };'


def ask(tmp_path, *options, bucket="lake", s3="", brokers="localhost:9092", topics='"t"', more="", env=None):
    """(the document, the notes)"""
    file = tmp_path / "a.conf"
    file.write_text(SETTINGS.format(bucket=bucket, s3=s3, brokers=brokers, topics=topics, more=more))
    file.chmod(0o600)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run([BINARY, "-c", file, "iam-policy", *options], env={**clean, **(env or {})}, check=False,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def allowed(document):
    """{action: its resources}; an action stands in one statement."""
    found = {}
    for statement in document["Statement"]:
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"} and statement["Effect"] == "Allow"
        for action in statement["Action"]:
            found.setdefault(action, set()).update(statement["Resource"])
    assert len({statement["Sid"] for statement in document["Statement"]}) == len(document["Statement"])
    return found


def conditions(document, action):
    return next(s for s in document["Statement"] if action in s["Action"]).get("Condition")


def s3_of(bucket, written, listed=None):
    """What a daemon needs of a bucket."""
    objects = {f"{bucket}/{pattern}" for pattern in written}
    read = {f"{bucket}/{pattern}" for pattern in listed or written}
    return {**dict.fromkeys(WRITE, objects), **dict.fromkeys(READ, read), "s3:ListBucket": {bucket},
            "s3:ListBucketMultipartUploads": {bucket}, "s3:GetLifecycleConfiguration": {bucket}}


def glue(*names, partition="aws", region="eu-west-1", account=ACCOUNT):
    return {f"arn:{partition}:glue:{region}:{account}:{name}" for name in names}


def kafka(*names, region="us-east-1", account=ACCOUNT):
    return {f"arn:aws:kafka:{region}:{account}:{name}" for name in names}


def test_the_least_there_is(tmp_path):
    document, notes = ask(tmp_path)
    assert document["Version"] == "2012-10-17" and notes == ""
    assert allowed(document) == s3_of("arn:aws:s3:::lake", ["raw/*", "dead-letter/*"])
    assert conditions(document, "s3:ListBucket") == {"StringLike": {"s3:prefix": ["raw/*", "dead-letter/*"]}}
    assert conditions(document, "s3:PutObject") is None


@pytest.mark.parametrize("region, partition", [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"),
                                               ("us-gov-west-1", "aws-us-gov")])
def test_partitions_of_aws(tmp_path, region, partition):
    document, _ = ask(tmp_path, s3=f'region = "{region}";')
    assert allowed(document) == s3_of(f"arn:{partition}:s3:::lake", ["raw/*", "dead-letter/*"])
    assert ask(tmp_path, env={"AWS_REGION": region})[0] == document


def test_folders_of_overrides_and_of_the_template(tmp_path):
    document, _ = ask(tmp_path, s3='prefix = "a";', more="""
        output = { key = "{prefix}/x/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}"; };
        override = ( { topics = [ "u" ]; s3 = { prefix = "a/b"; }; output = { dead_letter_prefix = "d"; }; },
                     { topics = [ "v" ]; s3 = { prefix = "c"; }; } );""")
    assert allowed(document) == s3_of(
        "arn:aws:s3:::lake",
        ["a/x/*", "a/b/x/*", "c/x/*", "dead-letter/*", "d/*", "a/_kafka2s3_start", "a/b/_kafka2s3_start",
         "c/_kafka2s3_start"],
        ["a/*", "c/*", "dead-letter/*", "d/*"])


def test_the_whole_bucket(tmp_path):
    document, _ = ask(tmp_path, s3='prefix = "";', more="""
        output = { key = "t/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}"; };""")
    assert allowed(document) == s3_of("arn:aws:s3:::lake", ["t/*", "dead-letter/*", "_kafka2s3_start"], ["*"])
    assert conditions(document, "s3:ListBucket") is None


def test_access_points(tmp_path):
    arn = f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/lake"
    document, notes = ask(tmp_path, bucket=arn)
    found = s3_of(f"{arn}/object", ["raw/*", "dead-letter/*"])
    del found["s3:GetLifecycleConfiguration"]   # an access point has none
    assert allowed(document) == found | {"s3:ListBucket": {arn}, "s3:ListBucketMultipartUploads": {arn}}
    assert "s3:DataAccessPointAccount" in notes
    document, notes = ask(tmp_path, bucket="lake-x1y2-s3alias", s3='region = "eu-west-1";')
    place = "arn:aws:s3:eu-west-1:ACCOUNT_ID:accesspoint/ACCESS_POINT_NAME"
    assert allowed(document)["s3:PutObject"] == {f"{place}/object/raw/*", f"{place}/object/dead-letter/*"}
    assert 'ACCESS_POINT_NAME is the name behind the alias "lake-x1y2-s3alias"' in notes and "ACCOUNT_ID" in notes


@pytest.mark.parametrize("key, resource, alias", [
    ("k1", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k1", None),
    (KEY, KEY, None),
    ("alias/lake", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*", "alias/lake"),
    ("arn:aws:kms:eu-west-1:999988887777:alias/lake", "arn:aws:kms:eu-west-1:999988887777:key/*", "alias/lake")])
def test_keys_of_kms(tmp_path, key, resource, alias):
    document, notes = ask(tmp_path, "--account", ACCOUNT,
                          s3=f'region = "eu-west-1"; sse = "aws:kms"; kms_key_id = "{key}";')
    found = allowed(document)
    assert found.pop("kms:GenerateDataKey") == found.pop("kms:Decrypt") == {resource}
    assert found == s3_of("arn:aws:s3:::lake", ["raw/*", "dead-letter/*"]) and notes == ""
    assert conditions(document, "kms:Decrypt") == {
        "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
        **({"ForAnyValue:StringEquals": {"kms:ResourceAliases": [alias]}} if alias else {})}


@pytest.mark.parametrize("sse", ["", "AES256", "aws:kms"])
def test_no_right_to_a_key_without_one(tmp_path, sse):
    assert not any("kms" in action for action in allowed(ask(tmp_path, s3=f'sse = "{sse}";')[0]))


def test_what_cannot_be_known_is_said(tmp_path):
    s3 = 'sse = "aws:kms"; kms_key_id = "k1";'
    document, notes = ask(tmp_path, s3=s3)
    assert allowed(document)["kms:Decrypt"] == {"arn:aws:kms:REGION:ACCOUNT_ID:key/k1"}
    assert conditions(document, "kms:Decrypt") == {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}
    assert "for ACCOUNT_ID, or give it as --account" in notes and "for REGION, or set s3.region" in notes
    document, notes = ask(tmp_path, s3=f'sse = "aws:kms"; kms_key_id = "{KEY}";', more=LAKE)
    assert allowed(document)["glue:GetTable"] == glue("catalog", "database/lake", "table/lake/t")
    assert "ACCOUNT_ID" not in notes and "REGION" not in notes


@pytest.mark.parametrize("partitions, more", [("projection", set()), ("registered", {
    "glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:GetPartitions", "glue:BatchUpdatePartition"})])
def test_a_catalog_of_tables(tmp_path, partitions, more):
    lake = f'catalog = "table"; glue = {{ database = "lake"; partitions = "{partitions}"; }};'
    document, notes = ask(tmp_path, "--account", ACCOUNT, s3='region = "eu-west-1";', topics='"Orders.V2", "t"',
                          more=lake)
    found = {action: on for action, on in allowed(document).items() if action.startswith("glue:")}
    tables = glue("catalog", "database/lake", "table/lake/orders_v2", "table/lake/t")
    assert found == {"glue:CreateDatabase": glue("catalog", "database/lake"),
                     **dict.fromkeys({"glue:GetTable", "glue:CreateTable", "glue:UpdateTable"} | more, tables)}
    assert "Lake Formation" in notes
    document, _ = ask(tmp_path, topics='"^t.*"', more=LAKE, s3='region = "cn-north-1";')
    assert allowed(document)["glue:UpdateTable"] == glue("catalog", "database/lake", "table/lake/*", partition="aws-cn",
                                                         region="cn-north-1", account="ACCOUNT_ID")


def test_another_accounts_catalog(tmp_path):
    more = 'catalog = "table"; glue = { database = "lake"; region = "eu-west-2"; catalog_id = "999988887777"; };'
    document, _ = ask(tmp_path, "--account", ACCOUNT, s3='region = "eu-west-1";', more=more)
    assert allowed(document)["glue:CreateDatabase"] == glue("catalog", "database/lake", region="eu-west-2",
                                                            account="999988887777")


def test_a_catalog_by_a_crawler(tmp_path):
    document, _ = ask(tmp_path, "--account", ACCOUNT, s3='region = "eu-west-1";', more=CRAWLED)
    found = {action: on for action, on in allowed(document).items() if not action.startswith("s3:")}
    role = {f"arn:aws:iam::{ACCOUNT}:role/lake-crawler"}
    crawler = glue("crawler/c")
    assert found == {"iam:PassRole": role, **dict.fromkeys(
        ("glue:GetCrawler", "glue:StartCrawler", "glue:CreateCrawler", "glue:UpdateCrawler"), crawler)}
    assert conditions(document, "iam:PassRole") == {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    document, _ = ask(tmp_path, more='catalog = "crawler"; glue = { database = "lake"; crawler = "c"; };')
    assert not {"iam:PassRole", "glue:CreateCrawler", "glue:UpdateCrawler"} & set(allowed(document))


TABLES = {"s3:GetObject": {"arn:aws:s3:::lake/raw/*"}, "s3:ListBucket": {"arn:aws:s3:::lake"},
          "s3:GetBucketLocation": {"arn:aws:s3:::lake"}}


def test_a_crawlers_role(tmp_path):
    document, notes = ask(tmp_path, "--role", "crawler", s3=f'sse = "aws:kms"; kms_key_id = "{KEY}";', more=CRAWLED)
    assert allowed(document) == {**TABLES, "kms:Decrypt": {KEY}}
    assert conditions(document, "s3:ListBucket") == {"StringLike": {"s3:prefix": ["raw/*"]}}
    assert "AWSGlueServiceRole" in notes


def test_an_analyst(tmp_path):
    more = LAKE + 'athena = { workgroup = "wg"; output = "s3://results/of/athena/"; };'
    document, notes = ask(tmp_path, "--role", "analyst", "--account", ACCOUNT, s3='region = "eu-west-1";', more=more)
    found = allowed(document)
    of_results = {"arn:aws:s3:::results/of/athena/*"}
    assert found.pop("s3:GetObject") == TABLES["s3:GetObject"] | of_results
    assert found.pop("s3:ListBucket") == found.pop("s3:GetBucketLocation") == {
        "arn:aws:s3:::lake", "arn:aws:s3:::results"}
    for action in ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"):
        assert found.pop(action) == of_results
    for action in ("StartQueryExecution", "StopQueryExecution", "GetQueryExecution", "GetQueryResults", "GetWorkGroup"):
        assert found.pop(f"athena:{action}") == {f"arn:aws:athena:eu-west-1:{ACCOUNT}:workgroup/wg"}
    assert set(found) == {f"glue:{action}" for action in ("GetDatabase", "GetDatabases", "GetTable", "GetTables",
                                                         "GetPartition", "GetPartitions", "BatchGetPartition")}
    assert all(on == glue("catalog", "database/lake", "table/lake/*") for on in found.values())
    assert "athena.output" not in notes
    document, notes = ask(tmp_path, "--role", "analyst", more=LAKE)
    assert "s3:PutObject" not in allowed(document) and "athena.output is empty" in notes


BROKERS = "b-1.demo.abcde.c2.kafka.us-east-1.amazonaws.com:9098,b-2.demo.abcde.c2.kafka.us-east-1.amazonaws.com:9098"


def test_msk(tmp_path):
    document, notes = ask(tmp_path, "--role", "msk", "--account", ACCOUNT, brokers=BROKERS, topics='"t", "u"')
    topics, group = kafka("topic/demo/*/t", "topic/demo/*/u"), kafka("group/demo/*/g", "group/demo/*/g.land.*")
    assert allowed(document) == {
        "kafka-cluster:Connect": kafka("cluster/demo/*"),
        "kafka-cluster:DescribeTopic": topics, "kafka-cluster:ReadData": topics,
        "kafka-cluster:DescribeGroup": group, "kafka-cluster:AlterGroup": group}
    assert notes == ""


def test_a_daemon_of_msk(tmp_path):
    brokers = BROKERS + '"; auth = "msk_iam'
    document, notes = ask(tmp_path, "--account", ACCOUNT, brokers=brokers)
    both = allowed(ask(tmp_path, "--role", "msk", "--account", ACCOUNT, brokers=brokers)[0])
    assert allowed(document) == s3_of("arn:aws:s3:::lake", ["raw/*", "dead-letter/*"]) | both and len(both) == 5


def test_a_role_that_is_assumed(tmp_path):
    role = f"arn:aws:iam::{ACCOUNT}:role/lake"
    s3 = f'region = "eu-west-1"; role_arn = "{role}"; external_id = "x-1"; sse = "aws:kms"; kms_key_id = "k1";'
    document, notes = ask(tmp_path, "--role", "base", s3=s3)
    assert allowed(document) == {"sts:AssumeRole": {role}}
    assert "trust policy" in notes and "sts:ExternalId" in notes
    document, notes = ask(tmp_path, s3=s3)
    assert "sts:AssumeRole" not in allowed(document) and "--role base" in notes
    msk = {"s3": s3, "brokers": BROKERS + '"; auth = "msk_iam'}
    base, notes = ask(tmp_path, "--role", "base", "--account", "999988887777", **msk)
    assert allowed(base) == {"sts:AssumeRole": {role}} | allowed(
        ask(tmp_path, "--role", "msk", "--account", "999988887777", **msk)[0])
    assert "ACCOUNT_ID" in str(ask(tmp_path, "--role", "base", **msk)[0])    # the role's account need not be that
    assert not any(action.startswith("kafka-cluster:") for action in allowed(ask(tmp_path, **msk)[0]))
    assert allowed(document)["kms:Decrypt"] == {KEY}


def test_msk_with_a_replay(tmp_path):
    document, _ = ask(tmp_path, "--role", "msk", "--account", ACCOUNT, brokers=BROKERS,
                      more='replay = { file = "a.csv"; topic = "csv"; };')
    found = allowed(document)
    assert found["kafka-cluster:WriteData"] == kafka("topic/demo/*/csv")
    assert found["kafka-cluster:DescribeTopic"] == kafka("topic/demo/*/csv", "topic/demo/*/t")
    assert found["kafka-cluster:WriteDataIdempotently"] == kafka("cluster/demo/*")


@pytest.mark.parametrize("expression, pattern", [
    ("^orders", "orders*"), ("^orders$", "orders"), (r"^orders\\.v[0-9]$", "orders.v*"), ("^orders.*", "orders*"),
    (r"^orders\\w+", "orders*"), (r"^\\<orders", "*"), (r"^orders\\.\\S", "orders.*"),
    ("^orders?", "order*"), ("^o(a|b)", "o*"), ("^a|^b", "*"), ("^", "*"), ("^.*", "*"), ("^$", "*")])
def test_topics_by_expression(tmp_path, expression, pattern):
    document, _ = ask(tmp_path, "--role", "msk", "--account", ACCOUNT, brokers=BROKERS, topics=f'"{expression}"')
    assert allowed(document)["kafka-cluster:ReadData"] == kafka(f"topic/demo/*/{pattern}")


def test_msk_without_servers(tmp_path):
    brokers = "boot-abcd1234.c1.kafka-serverless.eu-west-1.amazonaws.com:9098"
    document, notes = ask(tmp_path, "--role", "msk", "--account", ACCOUNT, brokers=brokers)
    assert allowed(document)["kafka-cluster:Connect"] == kafka("cluster/*/*", region="eu-west-1")
    assert "does not tell the cluster's name" in notes


def test_a_policy_too_large_for_iam_is_said(tmp_path):
    topics = ", ".join(f'"{number:0100}"' for number in range(60))
    assert "managed policy: take it apart" in ask(tmp_path, "--role", "msk", topics=topics, brokers=BROKERS)[1]


@pytest.mark.parametrize("role", ["daemon", "analyst"])
def test_actions_are_those_of_the_services(tmp_path, role):
    """Glue, Athena, KMS and STS name an action as the call; S3 and MSK do not."""
    for more in (LAKE, CRAWLED, 'catalog = "table"; glue = { database = "l"; partitions = "registered"; };'):
        document, _ = ask(tmp_path, "--role", role, s3=f'sse = "aws:kms"; kms_key_id = "{KEY}";', more=more)
        for service, action in (action.split(":") for action in allowed(document)):
            if service in ("glue", "athena", "kms", "sts"):
                assert action in boto3.client(service, region_name="eu-west-1").meta.service_model.operation_names


def test_each_call_of_glue_is_among_them(tmp_path):
    called = {f"glue:{call}" for file in (TOP / "src" / "glue").glob("*.c")
              for call in re.findall(r'catalog_call\([^,]+, "(\w+)"', file.read_text())}
    registered = 'catalog = "table"; glue = { database = "lake"; partitions = "registered"; };'
    given = {action for more in (registered, CRAWLED) for action in allowed(ask(tmp_path, more=more)[0])}
    assert called == {action for action in given if action.startswith("glue:")} and len(called) == 12


def test_what_refusals_ask_for_is_what_the_policy_gives(tmp_path):
    asked_for = set(re.findall(r'"(s3:\w+)"', (TOP / "src" / "store" / "s3_denied.c").read_text()))
    given = {action for action in allowed(ask(tmp_path)[0]) if action.startswith("s3:")}
    assert asked_for - given == {"s3:DeleteObject"}     # which check --write needs alone
    assert given <= asked_for


@pytest.mark.parametrize("options, code, says", [
    (["--role", "king"], 64, '"king" is no role of iam-policy; it has daemon'),
    (["--account", "12"], 64, '"12" is no account: it has twelve digits'),
    (["--role", "base"], 78, "s3.role_arn is empty"),
    (["--role", "analyst"], 78, "glue.database is empty")])
def test_refused(tmp_path, options, code, says):
    file = tmp_path / "a.conf"
    file.write_text(SETTINGS.format(bucket="lake", s3="", brokers="x:1", topics='"t"', more=""))
    done = subprocess.run([BINARY, "-c", file, "iam-policy", *options], check=False, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == code and says in done.stderr and done.stdout == ""
