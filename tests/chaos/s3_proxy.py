# SPDX-License-Identifier: Apache-2.0
"""A proxy before an S3 store, HTTP/1.1 with keep-alive. Signatures cover the Host header, so heads pass as they are:
the store must take any host.

Besides what every rule can do: "stall" or "cut" with half=True at REQUEST or ANSWER strikes in the middle of the body;
"say" with a status answers in the store's place, at REQUEST before it knew of the request, at ANSWER after it has done
the work. Its Date is off by the rule's clock, in seconds.
"""
import email.utils
import re
import time
import urllib.parse

from wire import ANSWER, ANSWERED, REQUEST, SENT, Connection, Cut, Proxy, pass_on, read

PUT, CREATE, PART, COMPLETE, ABORT = "PUT", "Create", "Part", "Complete", "Abort"
GET, HEAD, LIST, UPLOADS, OTHER = "GET", "HEAD", "LIST", "ListUploads", "other"
PROBE = "Probe"     # the upload that a daemon begins and aborts when it starts
CODES = {400: "ExpiredToken", 403: "AccessDenied", 404: "NoSuchUpload", 409: "ConditionalRequestConflict",
         412: "PreconditionFailed", 500: "InternalError", 503: "SlowDown"}
REASONS = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict", 412: "Precondition Failed",
           500: "Internal Server Error", 503: "Slow Down"}
HEAD_MAX = 64 << 10
BUFFER = 64 << 10
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
WAITS = re.compile(rb"\r\nexpect: *100-continue", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


def operation(method, path, query):
    if path.endswith("/_kafka2s3_start") and method in ("POST", "DELETE"):
        return PROBE
    if path.count("/") < 2 or path.endswith("/") and path.count("/") == 2:
        return UPLOADS if "uploads" in query else LIST if method == "GET" else OTHER
    if method == "PUT":
        return PART if "partNumber" in query else PUT
    if method == "POST":
        return CREATE if "uploads" in query else COMPLETE if "uploadId" in query else OTHER
    if method == "DELETE" and "uploadId" in query:
        return ABORT
    return {"GET": GET, "HEAD": HEAD}.get(method, OTHER)


class Request:
    client = None

    def __init__(self, head):
        self.method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = urllib.parse.parse_qs(query, keep_blank_values=True)
        self.op = operation(self.method, path, self.query)
        self.head = head
        self.status = None


class S3Connection(Connection):
    def __init__(self, proxy, client, server):
        super().__init__(proxy, client, server)
        self.spare = {client: b"", server: b""}    # what was read behind a head

    def run(self):
        while True:
            self._exchange()

    def _exchange(self):
        head = self._head(self.client)
        request = Request(head)
        self.proxy.count(request.op)
        rule = self.proxy.strike(request, REQUEST)
        length = int(found.group(1)) if (found := LENGTH.search(head)) else 0
        if rule is not None and rule.do == "say":
            self._swallow(head, length)
            self._say(request, rule)
            return
        self.server.sendall(head)
        if length > 0 and not self._may_send(head, request):
            return
        self._body(self.client, self.server, length, rule)
        self.proxy.strike(request, SENT)
        self._answer(request)

    def _may_send(self, head, request):
        """The store's word to a client that asks whether its body is welcome; False: it has refused."""
        if not WAITS.search(head):
            return True
        answer = self._head(self.server)
        if answer.startswith(b"HTTP/1.1 100"):
            self.client.sendall(answer)
            return True
        self._answer(request, answer)
        raise Cut

    def _answer(self, request, head=None):
        head = head or self._head(self.server)
        request.status = int(head.split(b" ", 2)[1])
        rule = self.proxy.strike(request, ANSWER)
        bodiless = request.method == "HEAD" or request.status in (204, 304)
        if rule is not None and rule.do == "say":
            if CHUNKED.search(head):
                self._chunks(None)
            else:
                self._take(self.server, 0 if bodiless else self._length(head))
            self._say(request, rule)
            return
        if rule is not None and rule.half and (bodiless or self._length(head) == 0):
            head_half = len(head) // 2
            self.client.sendall(head[:head_half])
            self._middle(rule)
            head = head[head_half:]
            rule = None
        self.client.sendall(head)
        if CHUNKED.search(head):
            self._chunks(self.client)
        else:
            self._body(self.server, self.client, 0 if bodiless else self._length(head), rule)
        self.proxy.strike(request, ANSWERED)
        if CLOSES.search(head):
            raise Cut

    @staticmethod
    def _length(head):
        found = LENGTH.search(head)
        return int(found.group(1)) if found else 0

    @staticmethod
    def _middle(rule):
        if rule.do == "cut":
            raise Cut
        time.sleep(rule.seconds)

    def _body(self, source, target, length, rule):
        if rule is not None and rule.half:
            self._pass(source, target, length // 2)
            self._middle(rule)
            length -= length // 2
        self._pass(source, target, length)

    def _pass(self, source, target, n):
        first = self.spare[source][:n]
        self.spare[source] = self.spare[source][len(first):]
        if first:
            target.sendall(first)
        pass_on(source, target, n - len(first))

    def _take(self, source, n):
        first = self.spare[source][:n]
        self.spare[source] = self.spare[source][len(first):]
        return first + read(source, n - len(first))

    def _chunks(self, target):
        while True:
            line = self._line(self.server)
            size = int(line.split(b";")[0], 16)
            data = line + self._take(self.server, size + 2)
            if target is not None:
                target.sendall(data)
            if size == 0:
                return

    def _swallow(self, head, length):
        if length > 0 and WAITS.search(head):
            self.client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._take(self.client, length)

    def _say(self, request, rule):
        status, code = rule.status, rule.code or CODES[rule.status]
        body = f"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>"
        body = b"" if request.method == "HEAD" else body.encode()
        date = email.utils.formatdate(time.time() + rule.clock, usegmt=True)
        self.client.sendall(f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/xml\r\nDate: {date}\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        request.status = status
        self.proxy.strike(request, ANSWERED)

    def _until(self, source, mark):
        data = self.spare[source]
        while mark not in data:
            if len(data) > HEAD_MAX:
                raise Cut
            more = source.recv(BUFFER)
            if not more:
                raise EOFError
            data += more
        end = data.index(mark) + len(mark)
        self.spare[source] = data[end:]
        return data[:end]

    def _head(self, source):
        return self._until(source, b"\r\n\r\n")

    def _line(self, source):
        return self._until(source, b"\r\n")


class S3Proxy(Proxy):
    def connection(self, client, server):
        return S3Connection(self, client, server)

    @property
    def endpoint(self):
        return f"http://{self.address}"
