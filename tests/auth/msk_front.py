# SPDX-License-Identifier: Apache-2.0
"""What Amazon MSK has before a broker, for IAM: TLS, and SASL/OAUTHBEARER whose token is a signed link. It is checked
here by botocore, and what follows passes to the real broker, which tells its clients to come back here."""
import base64
import datetime
import hmac
import select
import ssl
import struct
import threading
import time
import urllib.parse

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from wire import BULK, Connection, Proxy, read

API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
AUTHENTICATION_FAILED = 58
LIFETIME_S = 900
SKEW_S = 300


def check_token(token, region, users):
    """The access key that signed it; ValueError says what is wrong. users: {access key: (secret, session token)}."""
    link = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    signed, _, rest = link.partition("&X-Amz-Signature=")
    signature, _, agent = rest.partition("&")
    if len(signature) != 64 or not agent.startswith("User-Agent=kafka2s3%2F"):
        raise ValueError("no signature, or no agent behind it")
    url = urllib.parse.urlsplit(signed)
    query = dict(urllib.parse.parse_qsl(url.query, strict_parsing=True))
    if (url.scheme, url.netloc, url.path) != ("https", f"kafka.{region}.amazonaws.com", "/"):
        raise ValueError(f"not this cluster's region: {url.netloc}")
    if query["Action"] != "kafka-cluster:Connect" or query["X-Amz-Expires"] != str(LIFETIME_S):
        raise ValueError("another action, or another lifetime")
    access = query["X-Amz-Credential"].split("/")[0]
    if access not in users:
        raise ValueError(f"unknown access key {access}")
    secret, session = users[access]
    if query.get("X-Amz-Security-Token", "") != session:
        raise ValueError("another session")
    signer = SigV4QueryAuth(Credentials(access, secret, session or None), "kafka-cluster", region, expires=LIFETIME_S)
    request = AWSRequest(method="GET", url=signed)
    request.context["timestamp"] = query["X-Amz-Date"]
    if query["X-Amz-Credential"] != signer.scope(request) or query["X-Amz-SignedHeaders"] != "host":
        raise ValueError("another scope")
    ours = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    if not hmac.compare_digest(ours, signature):
        raise ValueError("the signature does not match")
    age = time.time() - datetime.datetime.strptime(query["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    if not -SKEW_S <= age <= LIFETIME_S:
        raise ValueError(f"signed {age:.0f} s ago")
    return access


class MskConnection(Connection):
    def run(self):
        self.client = self.proxy.context.wrap_socket(self.client, server_side=True)
        while not self._authenticate():
            pass
        self._relay()

    def _authenticate(self):
        """True once the client is let in."""
        frame = read(self.client, struct.unpack(">i", read(self.client, 4))[0])
        op, version, correlation, length = struct.unpack_from(">hhih", frame)
        body = frame[10 + max(length, 0):]
        if op == API_VERSIONS:
            self.server.sendall(struct.pack(">i", len(frame)) + frame)
            size = read(self.server, 4)
            self.client.sendall(size + read(self.server, struct.unpack(">i", size)[0]))
            return False
        if op == SASL_HANDSHAKE:
            assert body[2:] == b"OAUTHBEARER", body
            self._answer(correlation, struct.pack(">hih", 0, 1, 11) + b"OAUTHBEARER")
            return False
        assert op == SASL_AUTHENTICATE and version < 2, (op, version)
        why = self.proxy.judge(body[4:])
        self._answer(correlation, struct.pack(">hh", AUTHENTICATION_FAILED, len(why)) + why.encode() + bytes(4) if why
                     else struct.pack(">hhi", 0, -1, 0), bytes(8) if version == 1 else b"")
        if why:
            raise EOFError
        return True

    def _answer(self, correlation, body, tail=b""):
        self.client.sendall(struct.pack(">ii", 4 + len(body) + len(tail), correlation) + body + tail)

    def _relay(self):
        """By one thread: a TLS connection is not read and written at once."""
        while True:
            ready = [self.client] if self.client.pending() else select.select([self.client, self.server], [], [])[0]
            for source in ready:
                data = source.recv(BULK)
                if not data:
                    raise EOFError
                (self.server if source is self.client else self.client).sendall(data)


class MskFront(Proxy):
    """users: {access key: (secret, session token)}. tokens: those that were taken, refusals: why others were not."""

    def __init__(self, authority, region, users):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(authority.cert, authority.key)
        self.region, self.users = region, users
        self.all_users = dict(users)
        self.tokens, self.seen, self.refusals, self.clients = [], [], [], threading.Lock()
        super().__init__()

    def connection(self, client, server):
        return MskConnection(self, client, server)

    def judge(self, message):
        """"" for a token that lets in, else what the client is told."""
        head, _, rest = message.decode().partition("\x01auth=Bearer ")
        assert head == "n,," and rest.endswith("\x01\x01"), message
        token = rest[:-2]
        with self.clients:
            self.seen.append(token)
            try:
                check_token(token, self.region, self.users)
            except (ValueError, KeyError) as e:
                self.refusals.append(str(e))
                return "[0f9e-1]: Access denied"
            self.tokens.append(token)
            return ""

    def calm(self):
        super().calm()
        self.users = dict(self.all_users)
