# SPDX-License-Identifier: Apache-2.0
"""A token service (STS) as a test wants it: whoever assumes a role gets keys of their own each time.

    with Sts() as sts:
        sts.answer = "deny"            # AccessDenied from now on; "stall": takes questions and does not answer
        sts.secrets                    # {access key id: secret} of all that were given, for ScriptedS3
        sts.asked                      # the questions, as dictionaries
"""
import datetime
import http.server
import threading
import time
import urllib.parse


def document(action, key, secret, token, seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
            f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>{at.strftime('%Y-%m-%dT%H:%M:%SZ')}</Expiration>"
            f"</Credentials></{action}Result></{action}Response>")


DENIED = ("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
          "<Message>User: arn:aws:iam::123456789012:user/x is not authorized to perform: sts:AssumeRole</Message>"
          "</Error></ErrorResponse>")


class Sts:
    def __init__(self, seconds=3600):
        self.seconds = seconds         # until what is given expires
        self.answer = "give"
        self.asked, self.times, self.secrets, self.tokens = [], [], {}, []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
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

    def give(self, action):
        n = len(self.tokens) + 1
        key, secret, token = f"ASIAROLE{n}", f"role/secret+{n}", f"role/token+{n}=="
        self.secrets[key] = secret
        self.tokens.append(token)
        return document(action, key, secret, token, self.seconds)

    def handler(self):
        sts = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                form = dict(urllib.parse.parse_qsl(body.decode()))
                with sts.lock:
                    sts.asked.append(form)
                    sts.times.append(time.monotonic())
                    status, text = (403, DENIED) if sts.answer == "deny" else (200, "")
                    if sts.answer == "give":
                        text = sts.give(form["Action"])
                if sts.answer == "stall":
                    sts.stopping.wait()
                    return
                self.send_response_only(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass
        return Handler
