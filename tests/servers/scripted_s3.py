#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An S3 that misbehaves as a test says.

Without rules it is a small, strict S3 in memory: PUT and Complete with If-None-Match, multipart uploads with checks,
GET with Range, HEAD, DELETE, ListObjectsV2, ListMultipartUploads, buckets. It re-hashes every body against
x-amz-content-sha256 and x-amz-checksum-sha256, and refuses chunked uploads. With `secrets` it checks signatures with
botocore's signer.

In a test:

    with ScriptedS3(buckets=["lake"]) as s3:
        s3.rule(op="PUT", nth=2, times=3, status=503, code="SlowDown")
        ...                                  # talk to s3.endpoint
        assert s3.counts()["PUT"] == 5

As a program: `scripted_s3.py --port 0 --bucket lake` prints its address; rules, log and state are under /-/ :

    POST /-/rules  {"op": "PUT", "status": 503, "code": "SlowDown", "times": 0}     DELETE /-/rules
    POST /-/set    {"clock_offset": 3600}
    GET  /-/log    GET /-/counts    DELETE /-/log    GET /-/objects

A rule matches by `op` ("PUT", "CREATE", "PART", "COMPLETE", "ABORT", "LIST_UPLOADS", "GET", "HEAD", "LIST", "DELETE", …
or "*") and `key` (a regular expression searched in it); it skips the first `nth` - 1 matches and then applies `times`
times (0: for ever). See Rule for what it does.
"""
import argparse
import asyncio
import dataclasses
import email.utils
import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import uuid

from little_s3 import Answer, LittleS3, Request, error_body


@dataclasses.dataclass
class Rule:
    """What happens instead of, or around, the usual answer."""
    op: str = "*"
    key: str = ""
    nth: int = 1
    times: int = 1
    # The answer: an error by status and code, or any body; without a status the usual answer.
    status: int = 0
    code: str = ""
    message: str = ""
    extra: str = ""               # more XML inside <Error>, such as <Region>
    body: str | None = None
    headers: dict = dataclasses.field(default_factory=dict)
    work: bool = False            # do the work all the same: the answer lies, or is lost
    # The transport.
    before_body: bool = False     # answer before the body is read (and close)
    stall_before: float = 0       # seconds before the answer
    stall_after_headers: float = 0
    stall_request: int = -1       # read this many bytes of the body, then no more for stall_before seconds
    cut_request: int = -1         # reset the connection after this many bytes of the body
    cut_response: int = -1        # reset it after this many bytes of the answer
    drip: float = 0               # seconds of one space each 0.1 s between headers and body (a slow Complete)
    close: bool = False           # Connection: close
    date_offset: float = 0        # seconds, added to Date
    seen: int = 0
    used: int = 0

    def takes(self, request):
        if self.op not in ("*", request.op) or not re.search(self.key, request.key):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times and self.used >= self.times):
            return False
        self.used += 1
        return True


class Cut(Exception):
    """The connection ends here."""


class ScriptedS3(LittleS3):
    """The server; its state and script are shared with the test under one lock."""

    def __init__(self, buckets=(), host="127.0.0.1", port=0, tls=None, secrets=None, virtual_domain="s3.test",
                 min_part=5 << 20, conditions=True, page=1000):
        super().__init__(buckets, secrets, virtual_domain, min_part, conditions, page)
        self.host, self.port = host, port
        self.tls = tls                        # (certificate file, key file)
        self.delay = 0.0                      # seconds added to each answer
        self.rules = []
        self.log = []
        self.lock = threading.RLock()
        self._loop = None
        self._thread = None
        self._server = None

    # For the test.

    def rule(self, **what):
        with self.lock:
            self.rules.append(Rule(**what))
        return self.rules[-1]

    def clear(self):
        with self.lock:
            self.rules.clear()
            self.log.clear()

    def counts(self):
        with self.lock:
            out = {}
            for entry in self.log:
                out[entry["op"]] = out.get(entry["op"], 0) + 1
            return out

    def object(self, bucket, key):
        with self.lock:
            return self.buckets[bucket].objects.get(key)

    @property
    def endpoint(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        ready = threading.Event()
        failure = []

        def run():
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
            try:
                self._loop.run_until_complete(self.listen())
            except OSError as e:
                failure.append(e)
                ready.set()
                return
            ready.set()
            self._loop.run_forever()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        ready.wait()
        if failure:
            raise failure[0]

    def stop(self):
        """No connection is taken or kept; state and port stay, so that start() goes on with them."""
        def close():
            self._server.close()
            self._loop.stop()
        if self._thread is None:
            return
        self._loop.call_soon_threadsafe(close)
        self._thread.join()
        self._thread = None

    async def listen(self):
        context = None
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
        self._server = await asyncio.start_server(self._connection, self.host, self.port, ssl=context, limit=1 << 20,
                                                  reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    # The wire.

    async def _connection(self, reader, writer):
        try:
            while await self._one(reader, writer):
                pass
        except (Cut, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError,
                asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _one(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        request = self._parse(head.decode("latin-1"))
        if request.path.startswith("/-/"):
            return await self._admin(request, reader, writer)
        with self.lock:
            self.place(request)
            rule = next((r for r in self.rules if r.takes(request)), None)
            entry = {"n": len(self.log) + 1, "at": time.time(), "op": request.op, "bucket": request.bucket,
                     "key": request.key, "method": request.method, "target": request.raw_path,
                     "query": request.query, "headers": request.headers, "status": 0, "bytes": 0,
                     "scripted": rule is not None}
            self.log.append(entry)
        rule = rule or Rule()
        if not rule.before_body:
            await self._read_body(request, rule, reader, writer, entry)
        if rule.stall_request < 0 and rule.stall_before:
            await asyncio.sleep(rule.stall_before)
        if self.delay:
            await asyncio.sleep(self.delay)
        with self.lock:
            answer = self._answer(request, rule)
            entry["status"] = answer.status
        close = rule.close or rule.before_body
        await self._write(request, answer, rule, writer, close)
        return not close

    def _parse(self, head):
        lines = head.split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            if ":" in line:
                name, value = line.split(":", 1)
                headers[name.strip().lower()] = value.strip()
        if "://" in target:                   # asked as a proxy
            split = urllib.parse.urlsplit(target)
            headers["x-seen-as-proxy"] = split.netloc
            target = target.split("://", 1)[1]
            target = "/" + target.split("/", 1)[1] if "/" in target else "/"
        raw_path, _, raw_query = target.partition("?")
        query = dict(urllib.parse.parse_qsl(raw_query, keep_blank_values=True))
        return Request(method, urllib.parse.unquote(raw_path), query, raw_path, raw_query, headers)

    async def _read_body(self, r, rule, reader, writer, entry):
        if "transfer-encoding" in r.headers:
            raise Cut
        length = int(r.headers.get("content-length", 0))
        if r.headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        stops = [(n, how) for n, how in ((rule.cut_request, "cut"), (rule.stall_request, "stall")) if n >= 0]
        limit, how = min(stops) if stops else (length, "")
        r.body = await reader.readexactly(min(limit, length))
        entry["bytes"] = len(r.body)
        if how == "cut":
            self._reset(writer)
        elif how == "stall":
            reader._transport.pause_reading()
            await asyncio.sleep(rule.stall_before)
            self._reset(writer)

    @staticmethod
    def _reset(writer):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        raise Cut

    async def _write(self, r, answer, rule, writer, close):
        reason = {200: "OK", 204: "No Content", 206: "Partial Content"}.get(answer.status, "Scripted")
        headers = {"date": email.utils.formatdate(time.time() + self.clock_offset + rule.date_offset, usegmt=True),
                   "server": "scripted", "x-amz-request-id": uuid.uuid4().hex[:16].upper(), **answer.headers,
                   **rule.headers}
        body = b" " * int(rule.drip * 10) + answer.body if rule.drip else answer.body
        if answer.status not in (204, 304):
            headers.setdefault("content-length", str(len(body)))
        if close:
            headers["connection"] = "close"
        head = f"HTTP/1.1 {answer.status} {reason}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items()) + "\r\n"
        if r.method == "HEAD":
            body = b""
        out = head.encode("latin-1")
        if rule.cut_response >= 0:
            writer.write((out + body)[:rule.cut_response])
            await writer.drain()
            await asyncio.sleep(0.05)
            self._reset(writer)
        writer.write(out)
        if rule.stall_after_headers:
            await writer.drain()
            await asyncio.sleep(rule.stall_after_headers)
        if rule.drip:
            for _ in range(int(rule.drip * 10)):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.1)
            body = answer.body
        writer.write(body)
        await writer.drain()

    async def _admin(self, r, reader, writer):
        r.body = await reader.readexactly(int(r.headers.get("content-length", 0)))
        what = r.path[3:]
        with self.lock:
            out = {}
            if what == "rules" and r.method == "POST":
                rules = json.loads(r.body)
                for one in rules if isinstance(rules, list) else [rules]:
                    self.rules.append(Rule(**one))
            elif what == "rules" and r.method == "DELETE":
                self.rules.clear()
            elif what == "log" and r.method == "DELETE":
                self.log.clear()
            elif what == "log":
                out = self.log
            elif what == "counts":
                out = self.counts()
            elif what == "objects":
                out = {b: {k: {"bytes": len(o.data), "parts": o.parts, "headers": o.headers}
                           for k, o in bucket.objects.items()} for b, bucket in self.buckets.items()}
            elif what == "set":
                for name, value in json.loads(r.body).items():
                    if name not in ("clock_offset", "conditions", "delay", "moved", "min_part", "page",
                                    "expired_tokens", "secrets"):
                        raise Cut
                    setattr(self, name, value)
        await self._write(r, Answer(200, json.dumps(out).encode(), {"content-type": "application/json"}), Rule(),
                          writer, False)
        return True

    # The answer.

    def _answer(self, r, rule):
        if not rule.status or rule.work:
            answer = self.do(r)
            if not rule.status:
                return answer
        if rule.body is not None:
            return Answer(rule.status, rule.body.encode(), {})
        if rule.code:
            return Answer(rule.status, error_body(rule.code, rule.message, rule.extra),
                          {"content-type": "application/xml"})
        return Answer(rule.status)


def main():
    parser = argparse.ArgumentParser(description="an S3 that misbehaves as a test says")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bucket", action="append", default=[])
    parser.add_argument("--secret", action="append", default=[], metavar="ID:SECRET",
                        help="check signatures against these (wants botocore)")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    options = parser.parse_args()
    secrets = dict(s.split(":", 1) for s in options.secret) or None
    s3 = ScriptedS3(options.bucket, options.host, options.port, options.tls, secrets)
    s3.start()
    print(s3.endpoint, flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
