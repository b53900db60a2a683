# SPDX-License-Identifier: Apache-2.0
"""The metadata service of an EC2 instance, and the agent that gives a container its credentials, as a test wants them.

    with Metadata() as metadata:
        metadata.role("lake", document(ACCESS_KEY, SECRET_KEY, "token"))
        ...                            # AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint
        metadata.expire_tokens()       # from now on the session tokens that were given are refused (401)
        metadata.stall("PUT")          # takes requests and does not answer

Questions need a session token, as of version 2; what none was given for is in `refused`.
"""
import datetime
import http.server
import json
import threading
import uuid

ROLES = "/latest/meta-data/iam/security-credentials/"


def document(access_key, secret, token, seconds=21600, **more):
    """What the service says of a role; seconds: until they expire."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return json.dumps({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": access_key, "SecretAccessKey": secret,
                       "Token": token, "Expiration": at.strftime("%Y-%m-%dT%H:%M:%SZ"), **more})


class Metadata:
    def __init__(self):
        self.answers = {}              # path: (status, text)
        self.tokens = set()
        self.token_answer = None       # (status, text) instead of a token
        self.authorization = {}        # path: what the container's agent wants there
        self.log = []                  # (method, path)
        self.refused = []              # paths that were asked for without a token, or with a wrong one
        self.stalled = set()
        self.stopping = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    # For the test.

    def role(self, name, text, status=200):
        """The instance has this role, and says this of it."""
        self.answers[ROLES] = (200, name)
        self.answers[ROLES + name] = (status, text)

    def container(self, path, text, authorization=None, status=200):
        """The container's agent gives this there to whoever shows this authorization."""
        self.answers[path] = (status, text)
        self.authorization[path] = authorization

    def place(self, name, text):
        self.answers[f"/latest/meta-data/placement/{name}"] = (200, text)

    def expire_tokens(self):
        self.tokens.clear()

    def stall(self, method):
        self.stalled.add(method)

    def count(self, method, path):
        return self.log.count((method, path))

    # The service.

    def answer(self, method, path, headers):
        if path in self.authorization:
            want = self.authorization[path]
            if want is not None and headers.get("authorization") != want:
                self.refused.append(path)
                return 401, "{}"
            return self.answers[path]
        if (method, path) == ("PUT", "/latest/api/token"):
            if self.token_answer:
                return self.token_answer
            if not 1 <= int(headers.get("x-aws-ec2-metadata-token-ttl-seconds", 0)) <= 21600:
                return 400, "no time to live"
            token = uuid.uuid4().hex
            self.tokens.add(token)
            return 200, token
        if headers.get("x-aws-ec2-metadata-token") not in self.tokens:
            self.refused.append(path)
            return 401, "no token, or one that has expired"
        return self.answers.get(path, (404, "not there"))

    def handler(self):
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                service.log.append((self.command, self.path))
                if self.command in service.stalled:
                    service.stopping.wait(60)
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, text = service.answer(self.command, self.path, headers)
                data = text.encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_PUT = do_GET

            def log_message(self, *_):
                pass

        return Handler
