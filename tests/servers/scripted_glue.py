# SPDX-License-Identifier: Apache-2.0
"""A Glue Data Catalog in memory that is as strict as AWS's where moto is not, and that misbehaves as a test says.

Names are lower case, BatchCreatePartition takes 100 at most, UpdateTable wants the version that it names, pages are
pages, a table needs a column. Signatures are not looked at: moto does that. A rule matches an action and applies
`times` times (0: for ever) after the first `nth` - 1 matches:

    with ScriptedGlue() as glue:
        glue.rule("CreateTable", code="AccessDeniedException", message="not authorized to perform: glue:CreateTable")
        glue.rule("*", status=503, times=0)         # away
        glue.rule("*", cut=True, times=0)           # as one that nobody reaches
"""
import contextlib
import copy
import dataclasses
import http.server
import json
import threading
import time
from collections.abc import Callable

MESSAGES = {"EntityNotFoundException": "Entity Not Found", "AlreadyExistsException": "Already exists."}


class Refused(Exception):
    def __init__(self, code, message=None, status=400):
        super().__init__(code)
        self.code, self.message, self.status = code, message or MESSAGES.get(code, code), status


@dataclasses.dataclass
class Rule:
    action: str
    code: str = "ServiceUnavailableException"
    message: str = "as the test says"
    status: int = 400
    times: int = 1
    nth: int = 1
    each: bool = False      # inside a 200, for each entry of a batch
    work: bool = False      # the work is done, and its answer lost
    cut: bool = False       # the connection ends without an answer
    chance: Callable = None     # says whether it strikes this time
    seen: int = 0
    used: int = 0

    def takes(self, action):
        if self.action not in ("*", action):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times and self.used >= self.times) or (self.chance and not self.chance()):
            return False
        self.used += 1
        return True


class Cut(Exception):
    """No answer."""


class ScriptedGlue:
    def __init__(self, page=1000, host="127.0.0.1"):
        self.page, self.host = page, host
        self.databases, self.crawlers = {}, {}      # database: {table: {"Table": …, "partitions": {values: …}}}
        self.rules, self.log, self.asked_at = [], [], []
        self.lock = threading.RLock()
        self.server = None

    # For the test.

    def rule(self, action, **what):
        with self.lock:
            self.rules.append(Rule(action, **what))
        return self.rules[-1]

    def clear(self):
        with self.lock:
            self.rules.clear()

    def count(self, action):
        with self.lock:
            return sum(1 for a, _request in self.log if a == action)

    def requests(self, action):
        with self.lock:
            return [copy.deepcopy(request) for a, request in self.log if a == action]

    def times(self, action):
        """Of each request, in seconds of the monotonic clock."""
        with self.lock:
            return [at for a, at in self.asked_at if a == action]

    def table(self, database, name):
        with self.lock:
            found = self.databases.get(database, {}).get(name)
            return copy.deepcopy(found["Table"]) if found else None

    def partitions(self, database, name):
        """{values: partition}"""
        with self.lock:
            found = self.databases.get(database, {}).get(name)
            return copy.deepcopy(found["partitions"]) if found else {}

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                with contextlib.suppress(ConnectionError):  # of a daemon that was killed
                    super().handle()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    status, answer = outer.answer(self.headers, body)
                except Cut:
                    self.close_connection = True
                    return
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((self.host, 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    # The service.

    def answer(self, headers, body):
        target = headers.get("X-Amz-Target", "")
        assert "/glue/aws4_request" in headers.get("Authorization", "")
        action = target.removeprefix("AWSGlue.")
        with self.lock:
            request = json.loads(body)
            self.log.append((action, request))
            self.asked_at.append((action, time.monotonic()))
            try:
                rule = next((r for r in self.rules if r.takes(action)), None)
                if rule and not rule.each:
                    if rule.work:
                        getattr(self, action)(copy.deepcopy(request))
                    if rule.cut:
                        raise Cut
                    raise Refused(rule.code, rule.message, rule.status)
                return 200, getattr(self, action)(copy.deepcopy(request), **({"rule": rule} if rule else {}))
            except Refused as e:
                return e.status, {"__type": e.code, "Message": e.message}

    def _tables(self, request):
        name = request["DatabaseName"]
        if name not in self.databases:
            raise Refused("EntityNotFoundException", f"Database {name} not found.")
        return self.databases[name]

    def _table(self, request):
        tables, name = self._tables(request), request.get("TableName") or request.get("Name")
        if name not in tables:
            raise Refused("EntityNotFoundException", f"Entity Not Found ({name})")
        return tables[name]

    @staticmethod
    def _check(table):
        storage = table["StorageDescriptor"]
        names = [c["Name"] for c in storage["Columns"]] + [k["Name"] for k in table.get("PartitionKeys", [])]
        if not storage["Columns"] or len(set(names)) != len(names) or any(n != n.lower() for n in names):
            raise Refused("InvalidInputException", f"columns {names}")
        if set(table) - {"Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys",
                         "TableType", "Parameters"}:
            raise Refused("InvalidInputException", f"members {sorted(table)}")

    def CreateDatabase(self, request):
        name = request["DatabaseInput"]["Name"]
        if name in self.databases:
            raise Refused("AlreadyExistsException")
        self.databases[name] = {}
        return {}

    def GetTable(self, request):
        return {"Table": copy.deepcopy(self._table(request)["Table"])}

    def CreateTable(self, request):
        tables, table = self._tables(request), request["TableInput"]
        if table["Name"] in tables:
            raise Refused("AlreadyExistsException")
        self._check(table)
        tables[table["Name"]] = {"Table": {**table, "VersionId": "0", "CreateTime": 1.5, "Retention": 0,
                                           "DatabaseName": request["DatabaseName"], "CreatedBy": "arn:x",
                                           "IsRegisteredWithLakeFormation": False}, "partitions": {}}
        return {}

    def UpdateTable(self, request):
        entry = self._table({**request, "Name": request["TableInput"]["Name"]})
        before = entry["Table"]
        if request.get("VersionId") not in (None, before["VersionId"]):
            raise Refused("VersionMismatchException", "The version is not the table's.")
        self._check(request["TableInput"])
        kept = {k: before[k] for k in ("CreateTime", "CreatedBy", "DatabaseName", "IsRegisteredWithLakeFormation")}
        entry["Table"] = {**request["TableInput"], **kept, "VersionId": str(int(before["VersionId"]) + 1)}
        return {}

    def BatchCreatePartition(self, request, rule=None):
        entry, errors = self._table(request), []
        if len(request["PartitionInputList"]) > 100:
            raise Refused("InvalidInputException", "more than 100")
        for one in request["PartitionInputList"]:
            values = tuple(one["Values"])
            if rule:
                errors.append((values, rule.code, rule.message))
            elif values in entry["partitions"]:
                errors.append((values, "AlreadyExistsException", "Partition already exists."))
            else:
                entry["partitions"][values] = one
        return {"Errors": [{"PartitionValues": list(values), "ErrorDetail": {"ErrorCode": c, "ErrorMessage": m}}
                           for values, c, m in errors]}

    def BatchGetPartition(self, request):
        there = self._table(request)["partitions"]
        asked = [tuple(p["Values"]) for p in request["PartitionsToGet"]]
        return {"Partitions": [there[v] for v in asked if v in there], "UnprocessedKeys": []}

    def GetPartitions(self, request):
        there = list(self._table(request)["partitions"].values())
        at, n = int(request.get("NextToken", 0)), min(self.page, request.get("MaxResults", 1000))
        rows = copy.deepcopy(there[at:at + n])
        if request.get("ExcludeColumnSchema"):
            for row in rows:
                del row["StorageDescriptor"]["Columns"]
        return {"Partitions": rows, **({"NextToken": str(at + n)} if at + n < len(there) else {})}

    def BatchUpdatePartition(self, request):
        there = self._table(request)["partitions"]
        if len(request["Entries"]) > 100:
            raise Refused("InvalidInputException", "more than 100")
        for one in request["Entries"]:
            there[tuple(one["PartitionValueList"])] = one["PartitionInput"]
        return {"Errors": []}

    def GetCrawler(self, request):
        if request["Name"] not in self.crawlers:
            raise Refused("EntityNotFoundException")
        return {"Crawler": self.crawlers[request["Name"]]}

    def CreateCrawler(self, request):
        self.crawlers[request["Name"]] = {**request, "State": "READY"}
        return {}

    def UpdateCrawler(self, request):
        self.crawlers[request["Name"]].update(request)
        return {}

    def StartCrawler(self, request):
        crawler = self.GetCrawler(request)["Crawler"]
        if crawler["State"] == "RUNNING":
            raise Refused("CrawlerRunningException")
        return {}
