# SPDX-License-Identifier: Apache-2.0
"""A small, strict S3 in memory: what scripted_s3.py does where no rule says otherwise. It knows no sockets."""
import base64
import dataclasses
import datetime
import email.utils
import hashlib
import re
import time
import urllib.parse
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

NS = "http://s3.amazonaws.com/doc/2006-03-01/"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
SKEW_LIMIT = 15 * 60
SIGNATURE = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/s3/aws4_request, "
                       r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})")


@dataclasses.dataclass
class Request:
    method: str
    path: str
    query: dict
    raw_path: str
    raw_query: str
    headers: dict
    bucket: str = ""
    key: str = ""
    op: str = ""
    body: bytes = b""


@dataclasses.dataclass
class Stored:
    data: bytes
    headers: dict
    etag: str
    modified: float
    parts: int = 0
    checksum: str = ""


@dataclasses.dataclass
class Upload:
    key: str
    headers: dict
    initiated: float
    parts: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Bucket:
    region: str = "us-east-1"
    objects: dict = dataclasses.field(default_factory=dict)
    uploads: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)


class S3Error(Exception):
    def __init__(self, status, code, message="", extra="", headers=None):
        super().__init__(code)
        self.answer = Answer(status, error_body(code, message, extra), {"content-type": "application/xml",
                                                                        **(headers or {})})


def error_body(code, message="", extra=""):
    return (f"{XML}<Error><Code>{escape(code)}</Code><Message>{escape(message or code)}</Message>{extra}"
            f"<RequestId>{uuid.uuid4().hex[:16]}</RequestId></Error>").encode()


def iso(stamp):
    return datetime.datetime.fromtimestamp(stamp, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def local(tag):
    return tag.rsplit("}", 1)[-1]


class LittleS3:
    """Buckets, objects and uploads, and one method `_do_…` an operation."""

    def __init__(self, buckets=(), secrets=None, virtual_domain="s3.test", min_part=5 << 20, conditions=True,
                 page=1000):
        self.secrets = secrets                # {access key id: secret}: signatures are checked
        self.virtual_domain = virtual_domain
        self.min_part = min_part
        self.conditions = conditions          # False: 501 to If-None-Match
        self.page = page                      # most entries in one page of a listing
        self.clock_offset = 0.0               # of this server's clock; checks x-amz-date against it
        self.expired_tokens = set()
        self.owner = ""                       # the account that has the buckets; "": does not look
        self.lifecycle = ""                   # rules as XML: of every bucket
        self.ignores_conditions = False       # as a store does that has never heard of them
        self.moved = "301"                    # how a request to another region is told: 301, 400 or 307
        self.buckets = {name: Bucket() for name in buckets}

    def place(self, r):
        host = r.headers.get("host", "").rsplit(":", 1)[0] if "]" not in r.headers.get("host", "") else ""
        if host.endswith("." + self.virtual_domain):
            r.bucket, r.key = host[:-len(self.virtual_domain) - 1], r.path[1:]
        else:
            r.bucket, _, r.key = r.path[1:].partition("/")
        if not r.bucket:
            r.op = "LIST_BUCKETS"
        elif not r.key:
            r.op = {"PUT": "CREATE_BUCKET", "HEAD": "HEAD_BUCKET", "DELETE": "DELETE_BUCKET",
                    "POST": "DELETE_OBJECTS"}.get(r.method, "LIST")
            if r.method == "GET" and "uploads" in r.query:
                r.op = "LIST_UPLOADS"
            elif r.method == "GET" and "location" in r.query:
                r.op = "LOCATION"
            elif r.method == "GET" and "lifecycle" in r.query:
                r.op = "LIFECYCLE"
        elif "uploadId" in r.query:
            r.op = {"PUT": "PART", "POST": "COMPLETE", "DELETE": "ABORT", "GET": "LIST_PARTS"}.get(r.method, r.method)
        elif "uploads" in r.query and r.method == "POST":
            r.op = "CREATE"
        else:
            r.op = r.method

    def do(self, r):
        """The usual answer to a request that place() has looked at."""
        try:
            self.authorize(r)
            return getattr(self, "_do_" + r.op.lower(), self._unknown)(r)
        except S3Error as e:
            return e.answer

    def authorize(self, r):
        now = time.time() + self.clock_offset
        stamp = r.headers.get("x-amz-date")
        signed = SIGNATURE.fullmatch(r.headers.get("authorization", ""))
        if signed is None or stamp is None:
            raise S3Error(403, "AccessDenied", "the request is not signed")
        access, day, region, names, signature = signed.groups()
        for name in r.headers:
            if name.startswith("x-amz-") and name not in names.split(";"):
                raise S3Error(403, "AccessDenied", f"There were headers present in the request which were not "
                                                   f"signed: {name}")
        when = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
        if abs(when - now) > SKEW_LIMIT:
            raise S3Error(403, "RequestTimeTooSkewed", "The difference between the request time and the current time "
                                                       "is too large.", f"<ServerTime>{iso(now)}</ServerTime>")
        if r.headers.get("x-amz-security-token") in self.expired_tokens:
            raise S3Error(400, "ExpiredToken", "The provided token has expired.")
        if self.secrets is not None:
            if access not in self.secrets:
                raise S3Error(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our "
                                                         "records.")
            if signature != self._sign(r, access, region, names, stamp) or not stamp.startswith(day):
                raise S3Error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the "
                                                            "signature you provided.")
        self._check_body(r)
        self._check_region(r, region)
        if self.owner and r.headers.get("x-amz-expected-bucket-owner", self.owner) != self.owner:
            raise S3Error(403, "AccessDenied", "Access Denied")

    def _sign(self, r, access, region, names, stamp):
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        headers = {n: r.headers[n] for n in names.split(";") if n in r.headers}
        url = f"http://{r.headers['host']}{r.raw_path}" + (f"?{r.raw_query}" if r.raw_query else "")
        request = AWSRequest(method=r.method, url=url, headers=headers)
        request.context["timestamp"] = stamp
        signer = S3SigV4Auth(Credentials(access, self.secrets[access]), "s3", region)
        signer.payload = lambda _request: r.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        signer.headers_to_sign = lambda _request: request.headers
        canonical = signer.canonical_request(request)
        return signer.signature(signer.string_to_sign(request, canonical), request)

    @staticmethod
    def _check_body(r):
        digest = hashlib.sha256(r.body)
        said = r.headers.get("x-amz-content-sha256", "")
        if not re.fullmatch("[0-9a-f]{64}", said) and said != "UNSIGNED-PAYLOAD":
            raise S3Error(400, "InvalidArgument", "x-amz-content-sha256 must be a hash or UNSIGNED-PAYLOAD")
        if said != "UNSIGNED-PAYLOAD" and said != digest.hexdigest():
            raise S3Error(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not "
                                                            "match what was computed.")
        checksum = r.headers.get("x-amz-checksum-sha256")
        if checksum is not None and checksum != base64.b64encode(digest.digest()).decode():
            raise S3Error(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")

    def _check_region(self, r, region):
        bucket = self.buckets.get(r.bucket)
        if bucket is None or bucket.region == region or r.op == "CREATE_BUCKET":
            return
        headers = {"x-amz-bucket-region": bucket.region}
        if self.moved == "400":
            raise S3Error(400, "AuthorizationHeaderMalformed", f"the region '{region}' is wrong; expecting "
                          f"'{bucket.region}'", f"<Region>{bucket.region}</Region>")
        if self.moved == "307":
            raise S3Error(307, "TemporaryRedirect", "Please re-send this request to the specified temporary endpoint.",
                          f"<Endpoint>{r.headers['host']}</Endpoint>", headers)
        raise S3Error(301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the "
                      "specified endpoint.", f"<Endpoint>{r.headers['host']}</Endpoint>", headers)

    def _bucket(self, r):
        if r.bucket not in self.buckets:
            raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist",
                          f"<BucketName>{escape(r.bucket)}</BucketName>")
        return self.buckets[r.bucket]

    def _condition(self, r, bucket):
        said = r.headers.get("if-none-match")
        if said is None or self.ignores_conditions:
            return
        if not self.conditions or said != "*":
            raise S3Error(501, "NotImplemented", "A header you provided implies functionality that is not implemented",
                          "<Header>If-None-Match</Header>")
        if r.key in bucket.objects:
            raise S3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                          "<Condition>If-None-Match</Condition>")

    @staticmethod
    def _kept(headers):
        keep = ("content-type", "content-encoding", "x-amz-storage-class", "x-amz-server-side-encryption",
                "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-checksum-algorithm")
        return {n: v for n, v in headers.items() if n in keep or n.startswith("x-amz-meta-")}

    def _unknown(self, r):
        raise S3Error(405, "MethodNotAllowed", f"{r.method} is not known here")

    def _do_put(self, r):
        bucket = self._bucket(r)
        if "content-length" not in r.headers:
            raise S3Error(411, "MissingContentLength")
        if len(r.key.encode()) > 1024:
            raise S3Error(400, "KeyTooLongError")
        self._condition(r, bucket)
        etag = f'"{hashlib.md5(r.body).hexdigest()}"'
        checksum = base64.b64encode(hashlib.sha256(r.body).digest()).decode()
        bucket.objects[r.key] = Stored(r.body, self._kept(r.headers), etag, time.time(), 0, checksum)
        return Answer(200, b"", {"etag": etag, "x-amz-checksum-sha256": checksum})

    def _object(self, r):
        found = self._bucket(r).objects.get(r.key)
        if found is None:
            raise S3Error(404, "NoSuchKey", "The specified key does not exist.", f"<Key>{escape(r.key)}</Key>")
        return found

    def _do_get(self, r):
        o = self._object(r)
        headers = {**o.headers, "etag": o.etag, "accept-ranges": "bytes",
                   "last-modified": email.utils.formatdate(o.modified, usegmt=True)}
        if r.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED" and "range" not in r.headers and o.checksum:
            headers["x-amz-checksum-sha256"] = o.checksum
        part = re.fullmatch(r"bytes=(\d*)-(\d*)", r.headers.get("range", ""))
        if not part or part.groups() == ("", ""):
            return Answer(200, o.data, {**headers, "content-length": str(len(o.data))})
        first, last = part.groups()
        size = len(o.data)
        begin = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if begin >= size:
            raise S3Error(416, "InvalidRange")
        return Answer(206, o.data[begin:end + 1], {**headers, "content-range": f"bytes {begin}-{end}/{size}"})

    _do_head = _do_get

    def _do_delete(self, r):
        self._bucket(r).objects.pop(r.key, None)
        return Answer(204)

    def _do_create(self, r):
        bucket = self._bucket(r)
        upload_id = uuid.uuid4().hex + "/+=&"   # opaque, and not made for URLs
        bucket.uploads[upload_id] = Upload(r.key, self._kept(r.headers), time.time())
        return Answer(200, f'{XML}<InitiateMultipartUploadResult xmlns="{NS}"><Bucket>{r.bucket}</Bucket>'
                           f"<Key>{escape(r.key)}</Key><UploadId>{escape(upload_id)}</UploadId>"
                           f"</InitiateMultipartUploadResult>".encode())

    def _upload(self, r):
        upload = self._bucket(r).uploads.get(r.query["uploadId"])
        if upload is None or upload.key != r.key:
            raise S3Error(404, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or "
                                               "the upload may have been aborted or completed.")
        return upload

    def _do_part(self, r):
        upload = self._upload(r)
        number = int(r.query.get("partNumber", 0))
        if not 1 <= number <= 10000:
            raise S3Error(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
        etag = f'"{hashlib.md5(r.body).hexdigest()}"'
        upload.parts[number] = (r.body, etag, r.headers.get("x-amz-checksum-sha256"))
        return Answer(200, b"", {"etag": etag})

    def _do_abort(self, r):
        self._upload(r)
        del self._bucket(r).uploads[r.query["uploadId"]]
        return Answer(204)

    def _do_complete(self, r):
        bucket, upload = self._bucket(r), self._upload(r)
        wanted = []
        try:
            for part in ET.fromstring(r.body):
                wanted.append({local(e.tag): e.text for e in part})
        except ET.ParseError:
            raise S3Error(400, "MalformedXML") from None
        if not wanted:
            raise S3Error(400, "MalformedXML", "no parts")
        self._condition(r, bucket)
        numbers = [int(part["PartNumber"]) for part in wanted]
        if numbers != sorted(set(numbers)):
            raise S3Error(400, "InvalidPartOrder")
        data = []
        checks = upload.headers.get("x-amz-checksum-algorithm") == "SHA256"
        for part in wanted:
            body, etag, checksum = upload.parts.get(int(part["PartNumber"]), (b"", None, None))
            if etag != part["ETag"] or (checks and checksum != part.get("ChecksumSHA256")):
                raise S3Error(400, "InvalidPart", "One or more of the specified parts could not be found.")
            data.append(body)
        if any(len(body) < self.min_part for body in data[:-1]):
            raise S3Error(400, "EntityTooSmall")
        etag = f'"{hashlib.md5(b"".join(hashlib.md5(d).digest() for d in data)).hexdigest()}-{len(data)}"'
        headers = {n: v for n, v in upload.headers.items() if n != "x-amz-checksum-algorithm"}
        bucket.objects[r.key] = Stored(b"".join(data), headers, etag, time.time(), len(data))
        del bucket.uploads[r.query["uploadId"]]
        return Answer(200, f'{XML}<CompleteMultipartUploadResult xmlns="{NS}"><Location>x</Location>'
                           f"<Bucket>{r.bucket}</Bucket><Key>{escape(r.key)}</Key><ETag>{escape(etag)}</ETag>"
                           f"</CompleteMultipartUploadResult>".encode())

    def _do_list_uploads(self, r):
        bucket = self._bucket(r)
        marker = (r.query.get("key-marker", ""), r.query.get("upload-id-marker", ""))
        most = min(int(r.query.get("max-uploads", 1000)), self.page)
        found = sorted((u.key, i, u.initiated) for i, u in bucket.uploads.items()
                       if u.key.startswith(r.query.get("prefix", "")) and (u.key, i) > marker)
        code = self._coder(r)
        rows = "".join(f"<Upload><Key>{code(k)}</Key><UploadId>{escape(i)}</UploadId><Initiator><ID>x</ID>"
                       f"</Initiator><StorageClass>STANDARD</StorageClass><Initiated>{iso(t)}</Initiated></Upload>"
                       for k, i, t in found[:most])
        more = ""
        if len(found) > most:
            key, upload_id, _ = found[most - 1]
            more = (f"<NextKeyMarker>{code(key)}</NextKeyMarker>"
                    f"<NextUploadIdMarker>{escape(upload_id)}</NextUploadIdMarker>")
        kind = "<EncodingType>url</EncodingType>" if "encoding-type" in r.query else ""
        return Answer(200, f'{XML}<ListMultipartUploadsResult xmlns="{NS}"><Bucket>{r.bucket}</Bucket>{kind}{more}'
                           f"<IsTruncated>{str(len(found) > most).lower()}</IsTruncated>{rows}"
                           f"</ListMultipartUploadsResult>".encode())

    @staticmethod
    def _coder(r):
        if r.query.get("encoding-type") == "url":
            return lambda s: urllib.parse.quote(s, safe="/*-._")
        return escape

    def _do_list(self, r):
        bucket = self._bucket(r)
        prefix, delimiter = r.query.get("prefix", ""), r.query.get("delimiter", "")
        after = r.query.get("start-after", "")
        if "continuation-token" in r.query:
            after = base64.urlsafe_b64decode(r.query["continuation-token"]).decode()
        most = min(int(r.query.get("max-keys", 1000)), self.page)
        code = self._coder(r)
        rows, groups, last, count, more = [], [], after, 0, False
        for key in sorted(k for k in bucket.objects if k.startswith(prefix)):
            group = None
            if delimiter and delimiter in key[len(prefix):]:
                group = prefix + key[len(prefix):].split(delimiter)[0] + delimiter
            name = group or key
            if name <= after or (groups and group == groups[-1]):
                continue
            if count == most:
                more = True
                break
            last, count = name, count + 1
            if group:
                groups.append(group)
                continue
            o = bucket.objects[key]
            rows.append(f"<Contents><Key>{code(key)}</Key><LastModified>{iso(o.modified)}</LastModified>"
                        f"<ETag>{escape(o.etag)}</ETag><Size>{len(o.data)}</Size>"
                        f"<StorageClass>STANDARD</StorageClass></Contents>")
        token = base64.urlsafe_b64encode(last.encode()).decode()
        kind = "<EncodingType>url</EncodingType>" if "encoding-type" in r.query else ""
        next_page = f"<NextContinuationToken>{token}</NextContinuationToken>" if more else ""
        prefixes = "".join(f"<CommonPrefixes><Prefix>{code(g)}</Prefix></CommonPrefixes>" for g in groups)
        return Answer(200, (f'{XML}<ListBucketResult xmlns="{NS}"><Name>{r.bucket}</Name>'
                            f"<Prefix>{code(prefix)}</Prefix>{kind}<KeyCount>{count}</KeyCount>"
                            f"<MaxKeys>{most}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>{next_page}"
                            f"{''.join(rows)}{prefixes}</ListBucketResult>").encode())

    def _do_create_bucket(self, r):
        if r.bucket in self.buckets:
            raise S3Error(409, "BucketAlreadyOwnedByYou")
        self.buckets[r.bucket] = Bucket()
        return Answer(200, b"", {"location": f"/{r.bucket}"})

    def _do_head_bucket(self, r):
        return Answer(200, b"", {"x-amz-bucket-region": self._bucket(r).region})

    def _do_lifecycle(self, r):
        self._bucket(r)
        if not self.lifecycle:
            raise S3Error(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
        return Answer(200, f'{XML}<LifecycleConfiguration xmlns="{NS}">{self.lifecycle}</LifecycleConfiguration>'
                      .encode(), {"content-type": "application/xml"})

    def _do_location(self, r):
        region = self._bucket(r).region
        return Answer(200, f'{XML}<LocationConstraint xmlns="{NS}">{region}</LocationConstraint>'.encode())

    def _do_list_buckets(self, _request):
        rows = "".join(f"<Bucket><Name>{name}</Name><CreationDate>{iso(0)}</CreationDate></Bucket>"
                       for name in self.buckets)
        return Answer(200, f'{XML}<ListAllMyBucketsResult xmlns="{NS}"><Owner><ID>x</ID></Owner>'
                           f"<Buckets>{rows}</Buckets></ListAllMyBucketsResult>".encode())
