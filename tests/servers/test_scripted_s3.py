# SPDX-License-Identifier: Apache-2.0
"""The scripted S3 is an S3 where no rule says otherwise, and misbehaves where one does. The requests are boto3's."""
import base64
import contextlib
import hashlib
import http.client
import json
import pathlib
import subprocess
import sys
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from scripted_s3 import ScriptedS3

PART = 5 << 20


def client(s3, secret="secret", region="us-east-1"):
    return boto3.client("s3", endpoint_url=s3.endpoint, region_name=region, aws_access_key_id="key",
                        aws_secret_access_key=secret,
                        config=Config(s3={"addressing_style": "path", "payload_signing_enabled": True},
                                      request_checksum_calculation="when_required",
                                      retries={"total_max_attempts": 1}))


@pytest.fixture
def s3():
    with ScriptedS3(buckets=["lake"], secrets={"key": "secret"}) as server:
        yield server


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(Bucket=arguments.pop("Bucket", "lake"), **arguments)
    return error.value.response["Error"]["Code"]


def test_objects(s3):
    c = client(s3)
    key = "a b/+%/é" + "x" * 300
    c.put_object(Bucket="lake", Key=key, Body=b"hello", Metadata={"a": "b"}, ContentType="text/x",
                 ChecksumAlgorithm="SHA256")
    got = c.get_object(Bucket="lake", Key=key)
    assert got["Body"].read() == b"hello" and got["Metadata"] == {"a": "b"} and got["ContentType"] == "text/x"
    assert c.get_object(Bucket="lake", Key=key, Range="bytes=1-2")["Body"].read() == b"el"
    assert c.get_object(Bucket="lake", Key=key, Range="bytes=-2")["Body"].read() == b"lo"
    assert c.get_object(Bucket="lake", Key=key, Range="bytes=3-")["Body"].read() == b"lo"
    assert c.head_object(Bucket="lake", Key=key, ChecksumMode="ENABLED")["ContentLength"] == 5
    c.delete_object(Bucket="lake", Key=key)
    assert refused(c.get_object, Key=key) == "NoSuchKey"


def test_conditions(s3):
    c = client(s3)
    c.put_object(Bucket="lake", Key="k", Body=b"1", IfNoneMatch="*")
    assert refused(c.put_object, Key="k", Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    assert s3.object("lake", "k").data == b"1"
    s3.conditions = False
    assert refused(c.put_object, Key="k", Body=b"2", IfNoneMatch="*") == "NotImplemented"


def upload(c, sizes):
    i = c.create_multipart_upload(Bucket="lake", Key="m", ChecksumAlgorithm="SHA256")["UploadId"]
    parts = []
    for n, size in enumerate(sizes, 1):
        p = c.upload_part(Bucket="lake", Key="m", UploadId=i, PartNumber=n, Body=bytes([n]) * size,
                          ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": n, "ETag": p["ETag"],
                      "ChecksumSHA256": base64.b64encode(hashlib.sha256(bytes([n]) * size).digest()).decode()})
    return i, parts


def test_multipart(s3):
    c = client(s3)
    i, parts = upload(c, [PART, 3])
    assert refused(c.complete_multipart_upload, Key="m", UploadId="no",
                   MultipartUpload={"Parts": parts}) == "NoSuchUpload"
    assert refused(c.complete_multipart_upload, Key="m", UploadId=i,
                   MultipartUpload={"Parts": parts[::-1]}) == "InvalidPartOrder"
    wrong = [dict(parts[0], ETag='"0"'), parts[1]]
    assert refused(c.complete_multipart_upload, Key="m", UploadId=i,
                   MultipartUpload={"Parts": wrong}) == "InvalidPart"
    wrong = [dict(parts[0], ChecksumSHA256=parts[1]["ChecksumSHA256"]), parts[1]]
    assert refused(c.complete_multipart_upload, Key="m", UploadId=i,
                   MultipartUpload={"Parts": wrong}) == "InvalidPart"
    c.complete_multipart_upload(Bucket="lake", Key="m", UploadId=i, MultipartUpload={"Parts": parts})
    assert s3.object("lake", "m").data == b"\1" * PART + b"\2" * 3
    i, parts = upload(c, [1, 1])
    assert refused(c.complete_multipart_upload, Key="m", UploadId=i,
                   MultipartUpload={"Parts": parts}) == "EntityTooSmall"
    assert refused(c.complete_multipart_upload, Key="m", UploadId=i, IfNoneMatch="*",
                   MultipartUpload={"Parts": parts[:1]}) == "PreconditionFailed"
    c.abort_multipart_upload(Bucket="lake", Key="m", UploadId=i)
    assert refused(c.abort_multipart_upload, Key="m", UploadId=i) == "NoSuchUpload"


def test_listings_have_pages(s3):
    c = client(s3)
    s3.page = 4
    keys = sorted(f"p/{i % 3}/k {i:02}+é" for i in range(15))
    for key in [*keys, "q"]:
        c.put_object(Bucket="lake", Key=key, Body=b"")
        c.create_multipart_upload(Bucket="lake", Key=key)
    pages = list(c.get_paginator("list_objects_v2").paginate(Bucket="lake", Prefix="p/"))
    assert len(pages) == 4 and [o["Key"] for p in pages for o in p["Contents"]] == keys
    uploads = list(c.get_paginator("list_multipart_uploads").paginate(Bucket="lake", Prefix="p/"))
    assert len(uploads) == 4 and [o["Key"] for p in uploads for o in p["Uploads"]] == keys
    folders = c.list_objects_v2(Bucket="lake", Prefix="p/", Delimiter="/")
    assert [p["Prefix"] for p in folders["CommonPrefixes"]] == ["p/0/", "p/1/", "p/2/"]
    assert "Contents" not in folders


def test_buckets(s3):
    c = client(s3)
    c.create_bucket(Bucket="second")
    assert refused(c.create_bucket, Bucket="second") == "BucketAlreadyOwnedByYou"
    assert [b["Name"] for b in c.list_buckets()["Buckets"]] == ["lake", "second"]
    assert c.head_bucket(Bucket="lake")["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    assert refused(c.put_object, Bucket="third", Key="k") == "NoSuchBucket"


def test_signatures(s3):
    assert refused(client(s3, secret="wrong").put_object, Key="k") == "SignatureDoesNotMatch"
    s3.secrets = {"other": "secret"}
    assert refused(client(s3).put_object, Key="k") == "InvalidAccessKeyId"


def test_the_body_is_hashed():
    with ScriptedS3(buckets=["lake"]) as s3:
        c = client(s3)
        c.meta.events.register("before-send.s3.PutObject", lambda request, **_: setattr(request, "body", b"other"))
        assert refused(c.put_object, Key="k", Body=b"hello") == "XAmzContentSHA256Mismatch"
        assert s3.object("lake", "k") is None


def test_unsigned_is_refused(s3):
    connection = http.client.HTTPConnection(s3.host, s3.port)
    connection.request("PUT", "/lake/k", b"hello")
    answer = connection.getresponse()
    assert answer.status == 403 and b"<Code>AccessDenied</Code>" in answer.read()
    assert s3.object("lake", "k") is None


def test_the_clock_and_the_token(s3):
    s3.clock_offset = 3600
    assert refused(client(s3).put_object, Key="k") == "RequestTimeTooSkewed"
    s3.clock_offset = 0
    s3.expired_tokens = {"old"}
    c = boto3.client("s3", endpoint_url=s3.endpoint, region_name="us-east-1", aws_access_key_id="key",
                     aws_secret_access_key="secret", aws_session_token="old")
    assert refused(c.put_object, Key="k") == "ExpiredToken"


def test_rules_skip_and_end(s3):
    c = client(s3)
    s3.rule(op="PUT", key="^a/", nth=2, times=2, status=503, code="SlowDown")
    results = []
    for key in ("a/1", "b/1", "a/2", "a/3", "a/4"):
        with contextlib.suppress(ClientError):
            c.put_object(Bucket="lake", Key=key, Body=b"")
            results.append(key)
    assert results == ["a/1", "b/1", "a/4"]
    assert s3.counts() == {"PUT": 5}
    assert [entry["status"] for entry in s3.log] == [200, 200, 503, 503, 200]
    assert list(s3.buckets["lake"].objects) == results


def test_a_lost_answer_has_done_its_work(s3):
    s3.rule(op="PUT", cut_response=0, work=True)
    with pytest.raises(ConnectionClosedError):
        client(s3).put_object(Bucket="lake", Key="k", Body=b"1")
    assert s3.object("lake", "k").data == b"1"


def test_it_stops_and_starts_where_it_was(s3):
    c = client(s3)
    c.put_object(Bucket="lake", Key="k", Body=b"1")
    port = s3.port
    s3.stop()
    s3.start()
    assert s3.port == port
    assert c.get_object(Bucket="lake", Key="k")["Body"].read() == b"1"


def test_as_a_program():
    program = pathlib.Path(__file__).with_name("scripted_s3.py")
    child = subprocess.Popen([sys.executable, program, "--port", "0", "--bucket", "lake"], stdout=subprocess.PIPE,
                             text=True)
    try:
        endpoint = child.stdout.readline().strip()

        def admin(method, what, data=None):
            request = urllib.request.Request(f"{endpoint}/-/{what}", method=method,
                                             data=None if data is None else json.dumps(data).encode())
            return json.loads(urllib.request.urlopen(request, timeout=5).read())

        admin("POST", "rules", {"op": "PUT", "status": 403, "code": "AccessDenied"})
        c = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="any",
                         aws_secret_access_key="thing")
        assert refused(c.put_object, Key="k", Body=b"1") == "AccessDenied"
        c.put_object(Bucket="lake", Key="k", Body=b"12")
        assert admin("GET", "counts") == {"PUT": 2}
        assert admin("GET", "objects")["lake"]["k"]["bytes"] == 2
        assert [entry["status"] for entry in admin("GET", "log")] == [403, 200]
        admin("POST", "set", {"clock_offset": 7200})
        assert refused(c.put_object, Key="k", Body=b"1") == "RequestTimeTooSkewed"
    finally:
        child.terminate()
        child.wait()
