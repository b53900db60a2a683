# SPDX-License-Identifier: Apache-2.0
"""The daemon asked from outside: HTTP on its Unix socket or its port, and its page taken apart."""
import html.parser
import http.client
import json
import socket
import urllib.parse

from prometheus_client.openmetrics import parser


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(place, path="/", method="GET"):
    """(status, headers, body) of a request to a URL, or to the path of a Unix socket."""
    if place.startswith("/"):
        connection = UnixConnection(place)
    else:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(place).netloc, timeout=60)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def status(place):
    code, _headers, body = ask(place, "/status")
    assert code == 200, body
    return json.loads(body)


def metrics(place):
    """{(name, value of each label by the label's name): value}, as Prometheus' own reader has it."""
    code, headers, body = ask(place, "/metrics")
    assert code == 200, body
    assert headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    samples = [s for family in parser.text_string_to_metric_families(body.decode()) for s in family.samples]
    found = {(s.name, *sorted(s.labels.values())): s.value for s in samples}
    assert len(found) == len(samples) > 100
    return found


def partition(document, number):
    return next((p for p in document["partitions"] if p["partition"] == number), None)


class Page(html.parser.HTMLParser):
    """The texts of elements that have an id, and the rows of each table."""
    VOID = {"meta", "link", "br", "img"}

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.tables, self.urls = [], {}, {}, []
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.urls += [attrs[name] for name in ("src", "href") if name in attrs]
        if tag in self.VOID:
            return
        self.open.append((tag, attrs.get("id")))
        if tag == "table":
            self.tables[attrs["id"]] = []
        elif tag == "tr":
            self.tables[self.table()].append([])
        elif tag in ("td", "th"):
            self.tables[self.table()][-1].append("")

    def table(self):
        return next(i for tag, i in reversed(self.open) if tag == "table")

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> in {self.open}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1][0] in ("td", "th"):
            self.tables[self.table()][-1][-1] += data
        for _tag, i in self.open:
            if i:
                self.texts[i] = self.texts.get(i, "") + data
