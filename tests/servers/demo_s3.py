# SPDX-License-Identifier: Apache-2.0
"""An S3 in memory for the demo: it checks each signature with botocore's signer, which shares no code with the daemon.

What it knows: PUT, GET, HEAD, LIST (version 2) of objects, multipart uploads and their list, If-None-Match: * on PUT
and Complete, x-amz-checksum-sha256, user metadata. Path style, one bucket, one key pair, loopback only. What it does
not know is answered 501, so that nothing passes unseen.
"""
import base64
import datetime
import hashlib
import http.server
import itertools
import threading
import urllib.parse
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
CLOCK_SKEW = datetime.timedelta(minutes=15)
MIN_PART = 5 << 20


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


class Store:
    """The bucket. Every change is made under its lock."""

    def __init__(self, bucket, access_key, secret_key, region="us-east-1"):
        self.bucket, self.region = bucket, region
        self.credentials = Credentials(access_key, secret_key)
        self.lock = threading.Lock()
        self.objects = {}   # key: (body, headers)
        self.uploads = {}   # upload id: (key, headers, {part number: body})
        self.upload_ids = itertools.count(1)
        self.requests = self.refused = 0

    def put(self, key, body, headers, only_if_absent):
        with self.lock:
            if only_if_absent and key in self.objects:
                raise Refusal(412, "PreconditionFailed", "the key is there already")
            self.objects[key] = (body, headers)

    def snapshot(self):
        with self.lock:
            return dict(self.objects)


def parse_authorization(headers):
    scheme, _, rest = headers.get("Authorization", "").partition(" ")
    if scheme != "AWS4-HMAC-SHA256":
        raise Refusal(403, "AccessDenied", "no AWS4-HMAC-SHA256 signature")
    fields = dict(field.strip().split("=", 1) for field in rest.split(","))
    access_key, date, region, service, end = fields["Credential"].split("/")
    return fields["Signature"], fields["SignedHeaders"].split(";"), access_key, (date, region, service, end)


def check_signature(store, method, url, headers, body):
    """Signs the request as it arrived, with the same headers, and compares."""
    given, signed, access_key, scope = parse_authorization(headers)
    stamp = headers.get("x-amz-date", "")
    sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    if access_key != store.credentials.access_key:
        raise Refusal(403, "InvalidAccessKeyId", f'no such key "{access_key}"')
    if scope != (stamp[:8], store.region, "s3", "aws4_request"):
        raise Refusal(400, "AuthorizationHeaderMalformed", f"the scope is {scope}")
    if abs(datetime.datetime.now(datetime.UTC) - sent) > CLOCK_SKEW:
        raise Refusal(403, "RequestTimeTooSkewed", f"sent at {stamp}")
    unsigned = [h.lower() for h in headers if h.lower().startswith("x-amz-") and h.lower() not in signed]
    if unsigned or "host" not in signed:
        raise Refusal(403, "AccessDenied", f"not signed: {unsigned or 'host'}")
    if headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
        raise Refusal(400, "XAmzContentSHA256Mismatch", "the body is another than the signed one")
    auth = S3SigV4Auth(store.credentials, "s3", store.region)
    request = AWSRequest(method=method, url=url, headers={name: headers[name] for name in signed})
    request.context["timestamp"] = stamp
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    if expected != given:
        raise Refusal(403, "SignatureDoesNotMatch", "the signature does not match what arrived")


def check_checksum(headers, body):
    digest = headers.get("x-amz-checksum-sha256")
    if digest and digest != base64.b64encode(hashlib.sha256(body).digest()).decode():
        raise Refusal(400, "BadDigest", "x-amz-checksum-sha256 does not match")


def object_headers(headers):
    """What GET and HEAD give back."""
    kept = {k.lower(): v for k, v in headers.items() if k.lower().startswith("x-amz-meta-")}
    kept["Content-Type"] = headers.get("Content-Type", "binary/octet-stream")
    return kept


def etag(body):
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demo-s3"
    timeout = 60

    def log_message(self, *_):
        pass

    @property
    def store(self):
        return self.server.store

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            with self.store.lock:
                self.store.requests += 1
            url = f"http://{self.headers['Host']}{self.path}"
            check_signature(self.store, self.command, url, self.headers, body)
            check_checksum(self.headers, body)
            parts = urllib.parse.urlsplit(self.path)
            bucket, _, key = urllib.parse.unquote(parts.path).lstrip("/").partition("/")
            if bucket != self.store.bucket:
                raise Refusal(404, "NoSuchBucket", f'no bucket "{bucket}"')
            query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
            self.route(key, query, body)
        except Refusal as refusal:
            with self.store.lock:
                self.store.refused += 1
            self.answer(refusal.status, f"<Error><Code>{refusal.code}</Code>"
                                        f"<Message>{escape(str(refusal))}</Message></Error>")
        except (KeyError, ValueError) as error:
            self.answer(400, f"<Error><Code>InvalidRequest</Code><Message>{escape(repr(error))}</Message></Error>")

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request

    def route(self, key, query, body):
        match self.command, bool(key), sorted(query):
            case "PUT", True, []:
                self.put_object(key, body)
            case "POST", True, ["uploads"]:
                self.create_upload(key)
            case "PUT", True, ["partNumber", "uploadId"]:
                self.put_part(key, query["uploadId"], int(query["partNumber"]), body)
            case "POST", True, ["uploadId"]:
                self.complete_upload(key, query["uploadId"], body)
            case "DELETE", True, ["uploadId"]:
                with self.store.lock:
                    self.store.uploads.pop(query["uploadId"], None)
                self.answer(204, "")
            case ("GET" | "HEAD"), True, []:
                self.get_object(key)
            case "GET", False, names if "list-type" in names:
                self.list_objects(query)
            case "GET", False, names if "uploads" in names:
                self.list_uploads(query)
            case "HEAD", False, []:
                self.answer(200, "")
            case _:
                raise Refusal(501, "NotImplemented", f"{self.command} {self.path}")

    def only_if_absent(self):
        return self.headers.get("If-None-Match") == "*"

    def put_object(self, key, body):
        self.store.put(key, body, object_headers(self.headers), self.only_if_absent())
        self.answer(200, "", {"ETag": etag(body)})

    def create_upload(self, key):
        with self.store.lock:
            upload_id = f"upload-{next(self.store.upload_ids)}"
            self.store.uploads[upload_id] = (key, object_headers(self.headers), {})
        self.answer(200, f'<InitiateMultipartUploadResult xmlns="{NAMESPACE}"><Bucket>{self.store.bucket}</Bucket>'
                         f"<Key>{escape(key)}</Key><UploadId>{upload_id}</UploadId></InitiateMultipartUploadResult>")

    def upload(self, key, upload_id):
        found = self.store.uploads.get(upload_id)
        if found is None or found[0] != key:
            raise Refusal(404, "NoSuchUpload", f'no upload "{upload_id}"')
        return found

    def put_part(self, key, upload_id, number, body):
        with self.store.lock:
            self.upload(key, upload_id)[2][number] = body
        self.answer(200, "", {"ETag": etag(body)})

    def complete_upload(self, key, upload_id, body):
        with self.store.lock:
            _, headers, parts = self.upload(key, upload_id)
        named = [(int(part.findtext("{*}PartNumber")), part.findtext("{*}ETag"))
                 for part in ElementTree.fromstring(body).iter() if part.tag.split("}")[-1] == "Part"]
        if not named or named != sorted(named) or any(n not in parts or etag(parts[n]) != tag for n, tag in named):
            raise Refusal(400, "InvalidPart", "a part is missing, out of order or another")
        if any(len(parts[n]) < MIN_PART for n, _ in named[:-1]):
            raise Refusal(400, "EntityTooSmall", "a part before the last is below 5 MiB")
        self.store.put(key, b"".join(parts[n] for n, _ in named), headers, self.only_if_absent())
        with self.store.lock:
            self.store.uploads.pop(upload_id, None)
        self.answer(200, f'<CompleteMultipartUploadResult xmlns="{NAMESPACE}"><Bucket>{self.store.bucket}</Bucket>'
                         f"<Key>{escape(key)}</Key><ETag>&quot;{upload_id}-{len(named)}&quot;</ETag>"
                         "</CompleteMultipartUploadResult>")

    def get_object(self, key):
        found = self.store.snapshot().get(key)
        if found is None:
            raise Refusal(404, "NoSuchKey", f'no key "{key}"')
        self.answer(200, found[0], {"ETag": etag(found[0]), **found[1]})

    def list_objects(self, query):
        objects = self.store.snapshot()
        keys = sorted(k for k in objects if k.startswith(query.get("prefix", "")))
        rows = "".join(f"<Contents><Key>{escape(k)}</Key><Size>{len(objects[k][0])}</Size></Contents>" for k in keys)
        self.answer(200, f'<ListBucketResult xmlns="{NAMESPACE}"><Name>{self.store.bucket}</Name>'
                         f"<KeyCount>{len(keys)}</KeyCount><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>")

    def list_uploads(self, query):
        with self.store.lock:
            uploads = [(key, i) for i, (key, _, _) in self.store.uploads.items()
                       if key.startswith(query.get("prefix", ""))]
        rows = "".join(f"<Upload><Key>{escape(k)}</Key><UploadId>{i}</UploadId></Upload>" for k, i in sorted(uploads))
        self.answer(200, f'<ListMultipartUploadsResult xmlns="{NAMESPACE}"><Bucket>{self.store.bucket}</Bucket>'
                         f"<IsTruncated>false</IsTruncated>{rows}</ListMultipartUploadsResult>")

    def answer(self, status, body, headers=None):
        payload = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/xml", **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, store):
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = store
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_port}"
