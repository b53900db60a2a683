# SPDX-License-Identifier: Apache-2.0
"""The demo's S3 refuses what S3 refuses. The requests are boto3's."""
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from demo_s3 import Server, Store


def client(server, secret="demo-secret"):
    return boto3.client("s3", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id="demo",
                        aws_secret_access_key=secret,
                        config=Config(s3={"addressing_style": "path", "payload_signing_enabled": True},
                                      request_checksum_calculation="when_required", retries={"max_attempts": 1}))


@pytest.fixture
def server():
    s = Server(Store("lake", "demo", "demo-secret"))
    yield s
    s.shutdown()
    s.server_close()


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def test_put_get_list(server):
    s3 = client(server)
    key = "raw/é ü/dt=2026-01-02/a+0+1.json"
    s3.put_object(Bucket="lake", Key=key, Body=b"{}\n", Metadata={"range": "7"}, ContentType="application/x-ndjson")
    s3.put_object(Bucket="lake", Key="other/x", Body=b"")
    got = s3.get_object(Bucket="lake", Key=key)
    assert (got["Body"].read(), got["Metadata"]) == (b"{}\n", {"range": "7"})
    assert got["ContentType"] == "application/x-ndjson"
    listed = s3.list_objects_v2(Bucket="lake", Prefix="raw/")["Contents"]
    assert [(o["Key"], o["Size"]) for o in listed] == [(key, 3)]
    assert server.store.refused == 0


def test_wrong_secret_is_refused(server):
    assert refused(client(server, "another").put_object, Bucket="lake", Key="k", Body=b"x") == "SignatureDoesNotMatch"
    assert server.store.snapshot() == {}


def test_wrong_checksum_is_refused(server):
    assert refused(client(server).put_object, Bucket="lake", Key="k", Body=b"x", ChecksumSHA256="A" * 43 + "=") == \
        "BadDigest"


def test_a_key_is_written_once(server):
    s3 = client(server)
    s3.put_object(Bucket="lake", Key="k", Body=b"1", IfNoneMatch="*")
    assert refused(s3.put_object, Bucket="lake", Key="k", Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    assert server.store.snapshot()["k"][0] == b"1"


def test_multipart(server):
    s3 = client(server)
    upload = s3.create_multipart_upload(Bucket="lake", Key="big", Metadata={"range": "8"})["UploadId"]
    listed = s3.list_multipart_uploads(Bucket="lake", Prefix="b")["Uploads"]
    assert [(u["Key"], u["UploadId"]) for u in listed] == [("big", upload)]
    bodies = [b"a" * (5 << 20), b"b"]
    parts = [{"PartNumber": n, "ETag": s3.upload_part(Bucket="lake", Key="big", UploadId=upload, PartNumber=n,
                                                      Body=body)["ETag"]} for n, body in enumerate(bodies, 1)]
    assert server.store.snapshot() == {}
    s3.complete_multipart_upload(Bucket="lake", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert server.store.snapshot()["big"][0] == b"".join(bodies)
    assert refused(s3.upload_part, Bucket="lake", Key="big", UploadId=upload, PartNumber=1, Body=b"") == "NoSuchUpload"


def test_what_it_does_not_know_is_said(server):
    assert refused(client(server).get_object_tagging, Bucket="lake", Key="k") == "NotImplemented"
    assert refused(client(server).put_object, Bucket="pond", Key="k", Body=b"") == "NoSuchBucket"
