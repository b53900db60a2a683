# SPDX-License-Identifier: Apache-2.0
"""What both proxies share: rules that strike at a point of a request's life, and a listener with a thread each way.

A request passes four points: REQUEST (the server knows nothing yet), SENT (it has the request), ANSWER (it has done the
work, the client does not know), ANSWERED (the client has been told).
"""
import socket
import threading
import time

from waiting import PATIENCE

REQUEST, SENT, ANSWER, ANSWERED = "request", "sent", "answer", "answered"
BULK = 256 << 10
LOOPBACK = "127.0.0.1"


class Cut(Exception):
    """The connection ends here."""


class Rule:
    """What happens to the next requests that it fits. do: "hold" until release() or cut(), "delay" by seconds, "drop"
    the message, "cut" the connection, or "see" it only. times: how often, None for always."""

    def __init__(self, ops, at, do, when=None, client=None, times=1, seconds=0.0, chance=None, half=False, status=500,
                 code=None, clock=0, change=None, only=None):
        self.ops = {ops} if isinstance(ops, (int, str)) else set(ops or ())
        self.at, self.do, self.when, self.client = at, do, when, client
        self.left, self.seconds, self.half, self.status = times, seconds, half, status
        self.code, self.clock = code, clock
        self.change = change       # a function that makes other bytes of them, where the proxy knows "change"
        self.only = only           # which parts of a request it means, for what only the proxy of that protocol can do
        self.chance = chance       # a function that says whether it strikes this time
        self.hits = 0
        self.last = None
        self.hit = threading.Event()
        self.go = threading.Event()
        self.cuts = False

    def fits(self, request, at):
        return (at == self.at and self.left != 0 and (not self.ops or request.op in self.ops)
                and (self.client is None or request.client == self.client)
                and (self.when is None or self.when(request))
                and (self.chance is None or self.chance()))

    def wait_hit(self, seconds):
        """For a test that fails when it is not."""
        return self.hit.wait(seconds * PATIENCE)

    def release(self):
        """What is held goes on, and nothing more is held."""
        self.left = 0
        self.go.set()

    def cut(self):
        """What is held never arrives: its connection ends."""
        self.cuts = True
        self.release()


class Proxy:
    """Listens at once, forwards to upstream_port when there is one. counts: {op: requests that came}."""

    def __init__(self, upstream_port=None, host=LOOPBACK):
        self.host = host
        self.upstream_port = upstream_port
        self.counts = {}
        self.lock = threading.Lock()
        self.rules = []
        self.connections = set()
        self.away = False
        self.closed = False
        self.listener = socket.create_server((host, 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.address = f"{host}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def rule(self, ops, at, do, **more):
        r = Rule(ops, at, do, **more)
        with self.lock:
            self.rules.append(r)
        return r

    def remove(self, rule, cut=False):
        with self.lock:
            if rule in self.rules:
                self.rules.remove(rule)
        if cut:
            rule.cut()
        else:
            rule.release()

    def calm(self):
        """No rule is left, what was held goes on."""
        for rule in list(self.rules):
            self.remove(rule)
        self.away = False

    def go_away(self):
        """As a server that is not there: every connection ends, and none is taken until calm()."""
        self.away = True
        self.cut_all()

    def cut_all(self):
        with self.lock:
            open_now = list(self.connections)
        for c in open_now:
            c.end()

    def close(self):
        self.closed = True
        self.calm()
        self.listener.close()
        self.cut_all()

    def count(self, op):
        with self.lock:
            self.counts[op] = self.counts.get(op, 0) + 1

    def first_fit(self, request, at):
        """The first rule that fits this request here; it is struck by that."""
        if not self.rules:
            return None
        with self.lock:
            for rule in self.rules:
                if rule.fits(request, at):
                    if rule.left is not None:
                        rule.left -= 1
                    rule.hits += 1
                    rule.last = request
                    rule.hit.set()
                    return rule
        return None

    def wants(self, request):
        """May a rule strike this request's answer?"""
        return any(r.left != 0 and r.at in (ANSWER, ANSWERED) and (not r.ops or request.op in r.ops)
                   for r in list(self.rules))

    def strike(self, request, at):
        """The rule that struck, for what only the proxy of that protocol can do; Cut when the connection ends."""
        rule = self.first_fit(request, at)
        if rule is None or rule.half:
            return rule
        if rule.do == "hold":
            rule.go.wait()
            if rule.cuts:
                raise Cut
        elif rule.do in ("delay", "say"):
            time.sleep(rule.seconds)
        elif rule.do == "cut":
            raise Cut
        return rule

    def _accept(self):
        while not self.closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.away:
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection((LOOPBACK, self.upstream_port), 5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self.connection(client, server)
        with self.lock:
            self.connections.add(connection)
        try:
            if self.away:
                return
            connection.run()
        except (OSError, EOFError, Cut):
            pass
        finally:
            connection.end()
            with self.lock:
                self.connections.discard(connection)

    def connection(self, client, server):
        raise NotImplementedError


class Connection:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server

    def end(self):
        for s in (self.client, self.server):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()


def read(source, n):
    data = bytearray(n)
    view, at = memoryview(data), 0
    while at < n:
        got = source.recv_into(view[at:])
        if got == 0:
            raise EOFError
        at += got
    return bytes(data)


def pass_on(source, target, n):
    """n bytes as they are, in large pieces."""
    view = memoryview(bytearray(min(n, BULK)))
    while n > 0:
        got = source.recv_into(view[:min(n, len(view))])
        if got == 0:
            raise EOFError
        target.sendall(view[:got])
        n -= got
