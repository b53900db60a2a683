# SPDX-License-Identifier: Apache-2.0
"""kafka2s3 query: against moto, whose results a test queues, and against an Athena that says what moto never does."""
import csv
import io
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import urllib.request

import pytest

from conftest import TOP, wait_until

BINARY = os.environ.get("KAFKA2S3_BIN", str(TOP / "build" / "kafka2s3"))
SUCCEEDED = {"QueryExecution": {"StatementType": "DML", "Status": {"State": "SUCCEEDED"},
                                "Statistics": {"DataScannedInBytes": 3 << 20}}}
COLUMNS = [("day", "varchar"), ("n", "bigint"), ("mean", "double"), ("ok", "boolean")]
ROWS = [("2026-01-02", "12345678901234567890", "1.5", "true"), (None, "7", "NaN", None),
        ("", "0", None, "false"), ('a "b", c\nd', "-1", "1.0E10", "true"), ("\x1b[31mé漢", "2", "2", "true")]


class Query:
    def __init__(self, directory, endpoint, **more):
        self.conf = pathlib.Path(directory) / "query.conf"
        athena = {"endpoint": endpoint, "workgroup": "primary", "output": "s3://results/q/", **more}
        self.conf.write_text(
            'kafka = { topics = "t"; group = "g"; };\n'
            's3 = { bucket = "lake"; region = "eu-west-1"; access_key_id = "AKIDTEST"; '
            'secret_access_key = "secret"; };\n'
            'glue = { database = "lake"; };\n'
            "athena = { " + " ".join(f'{k} = "{v}";' for k, v in athena.items()) + " };\n")
        self.conf.chmod(0o600)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}

    def start(self, sql, *options):
        return subprocess.Popen([BINARY, "-c", str(self.conf), "query", sql, *options], env=self.env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, sql, *options):
        p = self.start(sql, *options)
        out, err = p.communicate(timeout=240)
        return p.returncode, out, err


def cells(row):
    return {"Data": [{} if v is None else {"VarCharValue": v} for v in row]}


def page(rows, header=True, token=None):
    names = [cells([n for n, _ in COLUMNS])] if header else []
    info = [{"Name": n, "Type": t, "Nullable": "UNKNOWN"} for n, t in COLUMNS]
    return {"ResultSet": {"Rows": names + [cells(r) for r in rows], "ResultSetMetadata": {"ColumnInfo": info}},
            **({"NextToken": token} if token else {})}


def state(word, why=None, message=None):
    status = {"State": word, **({"StateChangeReason": why} if why else {}),
              **({"AthenaError": {"ErrorCategory": 2, "ErrorMessage": message}} if message else {})}
    return {"QueryExecution": {"StatementType": "DML", "Status": status}}


class Athena:
    """Answers by operation, each list one after the other and its last for ever."""

    def __init__(self, answers, **by):
        self.answers, self.left = answers, {k: list(v) for k, v in by.items()}
        self.left.setdefault("StartQueryExecution", [{"QueryExecutionId": "q-1"}])
        self.left.setdefault("StopQueryExecution", [{}])
        answers.queue.append(self._answer)

    def _answer(self, said):
        queue = self.left[said.headers["x-amz-target"].removeprefix("AmazonAthena.")]
        now = queue.pop(0) if len(queue) > 1 else queue[0]
        status, body = now if isinstance(now, tuple) else (200, now)
        return status, json.dumps(body), {"content-type": "application/x-amz-json-1.1"}

    def asked(self, operation):
        return [json.loads(s.body) for s in self.answers.said if s.headers["x-amz-target"].endswith("." + operation)]


@pytest.fixture
def query(answers, tmp_path):
    return Query(tmp_path, answers.endpoint)


def test_moto(moto, tmp_path):
    rows = [cells([n for n, _ in COLUMNS])] + [cells(r) for r in ROWS]
    info = [{"Name": n, "Type": t} for n, t in COLUMNS]
    body = {"account_id": "123456789012", "region": "eu-west-1", "results": [{"rows": rows, "column_info": info}]}
    request = urllib.request.Request(moto + "/moto-api/static/athena/query-results", data=json.dumps(body).encode(),
                                     method="POST", headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 201
    code, out, err = Query(tmp_path, moto).run("SELECT * FROM t", "--csv")
    assert code == 0, err
    assert list(csv.reader(io.StringIO(out)))[1:] == [["" if v is None else v for v in r] for r in ROWS]


def test_a_table(query, answers):
    athena = Athena(answers, GetQueryExecution=[state("QUEUED"), state("RUNNING"), SUCCEEDED],
                    GetQueryResults=[page(ROWS)])
    code, out, err = query.run("SELECT é")
    assert code == 0, err
    lines = out.split("\n")
    assert re.split(" +", lines[0].strip()) == ["day", "n", "mean", "ok"]
    assert re.split(" +", lines[3].strip()) == ["NULL", "7", "NaN", "NULL"]
    assert "\x1b" not in out and "\\x1b[31mé漢" in out and len(lines) == 8
    assert "5 rows" in err and "3MiB scanned" in err
    asked, = athena.asked("StartQueryExecution")
    assert 32 <= len(asked.pop("ClientRequestToken")) <= 128
    assert asked == {"QueryString": "SELECT é", "WorkGroup": "primary",
                     "QueryExecutionContext": {"Catalog": "AwsDataCatalog", "Database": "lake"},
                     "ResultConfiguration": {"OutputLocation": "s3://results/q/"}}


def test_progress_on_a_terminal(query, answers):
    """What Athena says of it while it runs, in a line that is drawn over and goes away; the result alone elsewhere."""
    running = state("RUNNING")
    running["QueryExecution"]["Statistics"] = {"DataScannedInBytes": 2 << 20}
    Athena(answers, GetQueryExecution=[state("QUEUED"), running, SUCCEEDED], GetQueryResults=[page(ROWS[:1])])
    ours, theirs = pty.openpty()
    with subprocess.Popen([BINARY, "-c", str(query.conf), "query", "SELECT 1", "--csv"], env=query.env, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        try:
            while data := os.read(ours, 65536):
                seen += data
        except OSError:
            pass  # the other side is closed
        out = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0, seen
    assert re.search(rb"\r\x1b\[KQUEUED  \d+\.\d s  0 scanned", seen), seen
    assert re.search(rb"\r\x1b\[KRUNNING  \d+\.\d s  2MiB scanned", seen) and seen.endswith(b"\r\x1b[K"), seen
    assert out.startswith("day,n,mean,ok\n") and "\x1b" not in out


def test_pages_and_throttling(query, answers):
    """Three pages as CSV, by their tokens; what is throttled is asked again, with the same token for the same query."""
    busy = (400, {"__type": "TooManyRequestsException", "Message": "Rate exceeded", "Reason": "CONCURRENT"})
    athena = Athena(answers, StartQueryExecution=[busy, {"QueryExecutionId": "q-1"}],
                    GetQueryExecution=[busy, SUCCEEDED],
                    GetQueryResults=[page(ROWS[:2], token="two"), busy, page(ROWS[2:4], False, "three"),
                                     page(ROWS[4:], False)])
    code, out, err = query.run("SELECT 1", "--csv")
    assert code == 0, err
    lines = out.split("\n")
    assert lines[0] == "day,n,mean,ok" and lines[2] == ",7,NaN," and lines[3] == '"",0,,false'
    assert list(csv.reader(io.StringIO(out)))[1:] == [["" if v is None else v for v in r] for r in ROWS]
    first, second = athena.asked("StartQueryExecution")
    assert first == second
    assert [a.get("NextToken") for a in athena.asked("GetQueryResults")] == [None, "two", "two", "three"]


def test_json(query, answers):
    Athena(answers, GetQueryExecution=[SUCCEEDED], GetQueryResults=[page(ROWS[:3], token="two"), page([], False)])
    code, out, err = query.run("SELECT 1", "--json")
    assert code == 0, err
    assert json.loads(out) == [{"day": "2026-01-02", "n": 12345678901234567890, "mean": 1.5, "ok": True},
                               {"day": None, "n": 7, "mean": "NaN", "ok": None},
                               {"day": "", "n": 0, "mean": None, "ok": False}]


def test_nothing_found(query, answers):
    Athena(answers, GetQueryExecution=[SUCCEEDED], GetQueryResults=[page([])])
    assert json.loads(query.run("SELECT 1", "--json")[1]) == []


def test_failures_say_what_athena_says(query, answers):
    Athena(answers, GetQueryExecution=[state("FAILED", "the reason", "COLUMN_NOT_FOUND: line 1:8: 'x'")],
           GetQueryResults=[page([])])
    code, out, err = query.run("SELECT x")
    assert (code, out) == (65, "") and "COLUMN_NOT_FOUND: line 1:8: 'x'" in err


@pytest.mark.parametrize("answer,code,says", [
    ((400, {"__type": "InvalidRequestException", "AthenaErrorCode": "MALFORMED_QUERY", "Message": "line 1:1: no"}), 65,
     "line 1:1: no"),
    ((400, {"__type": "AccessDeniedException", "Message": "not allowed: athena:StartQueryExecution"}), 69,
     "athena:StartQueryExecution"),
])
def test_refusals(query, answers, answer, code, says):
    Athena(answers, StartQueryExecution=[answer])
    got, out, err = query.run("SELEC")
    assert (got, out) == (code, "") and says in err


def test_ctrl_c_stops_it_there(query, answers):
    athena = Athena(answers, GetQueryExecution=[state("RUNNING")])
    p = query.start("SELECT 1")
    wait_until(lambda: athena.asked("GetQueryExecution"), lambda: "a question")
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=240)
    assert p.returncode == 75 and out == ""
    assert athena.asked("StopQueryExecution") == [{"QueryExecutionId": "q-1"}] and "is stopped" in err


@pytest.mark.parametrize("words", [["SELECT 1", "2"], ["SELECT 1", "--csv", "--json"]])
def test_one_statement_in_one_form(query, words):
    assert query.run(*words)[0] == 64


def test_a_statement_that_is_no_text(query):
    code, _, err = query.run(b"SELECT '\xff'")
    assert code == 65 and "the statement is not UTF-8" in err
