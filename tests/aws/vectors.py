#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes vectors.h: seeded random requests as botocore signs them, and tokens as AWS's signer for MSK makes them, for
test_sigv4.c and test_msk.c. Beside botocore it wants aws-msk-iam-sasl-signer-python 1.0.2.

    python3 tests/aws/vectors.py > tests/aws/vectors.h
"""
import base64
import datetime
import hashlib
import random
import re
import urllib.parse

import botocore.auth
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider as msk
from botocore.auth import S3SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

COUNT = 200
PRESIGNED, TOKENS = 60, 20
SEED = 20260102
MAX_HEADERS = 9
ALPHABET = "abcXYZ019-_.~/ +=&%$!*'();:@,éß漢\u00a0"


def word(rng, low, high, alphabet=ALPHABET):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(low, high)))


def quote(text, safe=""):
    return urllib.parse.quote(text, safe="-_.~" + safe)


def c_string(text):
    assert text.isascii() and text.isprintable()
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def query_of(rng):
    pairs = []
    for _ in range(rng.randint(0, 4)):
        name = rng.choice(["uploads", "uploadId", "partNumber", "prefix", "max-keys", "a", "a-b", "key-marker"])
        pairs.append((name, "" if name == "uploads" else word(rng, 0, 12)))
    return "&".join(f"{quote(n)}={quote(v)}" for n, v in pairs)


def keys_of(rng):
    return (word(rng, 16, 20, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            word(rng, 40, 40, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+"))


def vector(rng):
    when = datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=rng.randint(0, 10 ** 9))
    region = rng.choice(["us-east-1", "eu-central-1", "cn-north-1", "ap-southeast-4"])
    payload_hash = hashlib.sha256(rng.randbytes(rng.randint(0, 99))).hexdigest()
    headers = {"host": rng.choice(["bucket.s3.us-east-1.amazonaws.com", "127.0.0.1:9000", "[::1]:9000", "s3.test"]),
               "x-amz-date": when.strftime("%Y%m%dT%H%M%SZ"), "x-amz-content-sha256": payload_hash}
    for name in rng.sample(["content-type", "if-none-match", "x-amz-meta-range", "x-amz-security-token",
                            "x-amz-storage-class", "x-amz-meta-a"], rng.randint(0, 6)):
        headers[name] = word(rng, 1, 20, "abcXYZ019-_ /=+*;").strip() or "*"
    method = rng.choice(["GET", "PUT", "POST", "DELETE", "HEAD"])
    path = "/" + quote(word(rng, 0, 40), safe="/")
    query = query_of(rng)
    access, secret = keys_of(rng)

    request = AWSRequest(method=method, url=f"http://unused.test{path}" + (f"?{query}" if query else ""),
                         headers=headers)
    request.context["timestamp"] = headers["x-amz-date"]
    request.context["payload_signing_enabled"] = True
    signer = S3SigV4Auth(Credentials(access, secret), "s3", region)
    signer.payload = lambda _request: payload_hash
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    signed = signer.signed_headers(signer.headers_to_sign(request))
    authorization = (f"AWS4-HMAC-SHA256 Credential={access}/{signer.credential_scope(request)}, "
                     f"SignedHeaders={signed}, Signature={signature}")
    pairs = list(headers.items())
    rng.shuffle(pairs)
    stamp = int(when.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000) + rng.randint(0, 999)
    fields = [c_string(f) for f in (method, path, query)]
    fields.append("{ " + ",\n\t    ".join(f"{{ {c_string(n)}, {c_string(v)} }}" for n, v in pairs) + " }")
    fields += [c_string(f) for f in (payload_hash, region, "s3")] + [str(stamp)]
    fields += [c_string(f) for f in (access, secret)]
    fields.append("\n\t  ".join(c_string(part) for part in re.split("(?<= )", authorization)))
    return "\t{ " + ",\n\t  ".join(fields) + " },"


def at(rng):
    """A time, the same as milliseconds, and botocore's clock set to it."""
    when = datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=rng.randint(0, 10 ** 9))
    botocore.auth.get_current_datetime = lambda *_args, **_kw: when
    return int(when.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000) + rng.randint(0, 999)


def row(*fields):
    return "\t{ " + ",\n\t  ".join(f if isinstance(f, str) else str(f) for f in fields) + " },"


def presigned(rng):
    stamp, region = at(rng), rng.choice(["us-east-1", "cn-north-1"])
    access, secret = keys_of(rng)
    token = word(rng, 20, 60, "abcXYZ019/+=") if rng.random() < 0.5 else ""
    lifetime = rng.randint(1, 604800)
    path = "/" + word(rng, 0, 20, "abcXYZ019-_~")    # other services than S3 encode twice
    query = "&".join(f"{n}={quote(word(rng, 1, 12))}" for n in rng.sample(["a", "Action", "x-id", "z"],
                                                                           rng.randint(0, 4)))
    request = AWSRequest(method="GET", url=f"https://h.test{path}" + (f"?{query}" if query else ""))
    SigV4QueryAuth(Credentials(access, secret, token or None), "any", region, expires=lifetime).add_auth(request)
    return row(c_string(path), c_string(query), c_string(region), stamp, lifetime,
               c_string(access), c_string(secret), c_string(token), c_string(request.url.split("?", 1)[1]))


def token(rng):
    """As far as the name of the agent, which has our version in it: whole groups of base64 before that."""
    stamp, region = at(rng), rng.choice(["us-east-1", "eu-central-1", "ap-southeast-4"])
    access, secret = keys_of(rng)
    session = word(rng, 300, 400, "abcXYZ019/+=") if rng.random() < 0.7 else ""
    msk.__get_user_agent__ = lambda: "kafka2s3/"
    text, expires = msk.__construct_auth_token(region, Credentials(access, secret, session or None))
    link = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert link.endswith(b"&User-Agent=kafka2s3%2F")
    return row(c_string(region), stamp, c_string(access), c_string(secret), c_string(session),
               c_string(text[:len(link) // 3 * 4]), expires)


def main():
    rng = random.Random(SEED)
    print("/* SPDX-License-Identifier: Apache-2.0 */\n"
          "/* Written by vectors.py: requests as botocore signs them. */\n"
          "/* clang-format off */\n"
          "#ifndef AWS_VECTORS_H\n#define AWS_VECTORS_H\n\n#include \"aws/sigv4.h\"\n\n"
          f"#define VECTOR_HEADERS {MAX_HEADERS}\n\n"
          "static const struct vector {\n"
          "\tconst char *method, *path, *query;\n"
          "\tstruct sigv4_header headers[VECTOR_HEADERS];\n"
          "\tconst char *payload_hash, *region, *service;\n"
          "\tint64_t time_ms;\n"
          "\tconst char *access_key_id, *secret_access_key, *authorization;\n"
          "} vectors[] = {")
    for _ in range(COUNT):
        print(vector(rng))
    print("};\n\n"
          "static const struct presigned {\n"
          "\tconst char *path, *query, *region;\n"
          "\tint64_t time_ms, lifetime_s;\n"
          "\tconst char *access_key_id, *secret_access_key, *session_token, *signed_query;\n"
          "} presigned[] = {")
    for _ in range(PRESIGNED):
        print(presigned(rng))
    print("};\n\n"
          "static const struct token {\n"
          "\tconst char *region;\n"
          "\tint64_t time_ms;\n"
          "\tconst char *access_key_id, *secret_access_key, *session_token, *begins;\n"
          "\tint64_t expires_ms;\n"
          "} tokens[] = {")
    for _ in range(TOKENS):
        print(token(rng))
    print("};\n\n#endif")


if __name__ == "__main__":
    main()
