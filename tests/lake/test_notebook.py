# SPDX-License-Identifier: Apache-2.0
"""examples/explore.ipynb, executed as a person would: over what a daemon landed, and by Athena, as moto plays it."""
import json
import pathlib
import re
import urllib.request

import duckdb
import nbclient
import nbformat
import pytest

import gateway as s3_parts
from account import Account
from lake import STOCKS
from process import started

pytestmark = pytest.mark.plain
NOTEBOOK = pathlib.Path(__file__).resolve().parents[2] / "examples" / "explore.ipynb"
LIMIT_S = 600
DAYS = "SELECT count(DISTINCT \"Index\"), count(*) FROM '{}' WHERE \"Index\" IS NOT NULL AND CloseUSD IS NOT NULL"


@pytest.fixture
def execute(monkeypatch, tmp_path):
    """A function that runs all of it with these variables and gives what it printed, and its pictures."""
    def run(**environment):
        monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
        monkeypatch.setenv("AWS_REGION", s3_parts.REGION)
        monkeypatch.setenv("AWS_DEFAULT_REGION", s3_parts.REGION)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        book = nbformat.read(NOTEBOOK, as_version=4)
        nbclient.NotebookClient(book, timeout=LIMIT_S, startup_timeout=LIMIT_S, kernel_name="python3").execute()
        outputs = [o for cell in book.cells if cell.cell_type == "code" for o in cell.outputs]
        assert not [o for o in outputs if o.output_type == "error"]
        text = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
        return text, [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    return run


def test_it_is_kept_without_outputs():
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    for cell in book.cells:
        assert cell.cell_type != "code" or (cell.outputs == [] and cell.execution_count is None)
    assert set(book.metadata) == {"kernelspec", "language_info"}


def test_what_a_daemon_landed(lake, execute):
    text, pictures = execute(KAFKA2S3_BUCKET=lake.bucket, KAFKA2S3_TABLE=STOCKS, KAFKA2S3_WORKGROUP="",
                             AWS_ENDPOINT_URL=lake.case.gateway.endpoint, AWS_ACCESS_KEY_ID=s3_parts.ACCESS_KEY,
                             AWS_SECRET_ACCESS_KEY=s3_parts.SECRET_KEY)
    rows = len(lake.csv.read_bytes().splitlines()) - 1
    assert f"{rows} rows, " in text and "from 2000-01-03 to " in text
    assert sum(int(n) for n in re.findall(r"^dt=\S+ hour=\S+: (\d+) rows$", text, re.MULTILINE)) == rows
    (indexes, prices), = duckdb.sql(DAYS.format(lake.csv)).fetchall()
    assert f"{indexes} indexes, {prices} prices" in text
    assert len(pictures) == 1 and len(pictures[0]) > 10000


@pytest.fixture
def account(tmp_path):
    with started(Account(tmp_path)) as a:
        yield a


def result(columns, *rows):
    """As Athena gives it: text in every cell, the first row of a page the names."""
    cells = [[{"VarCharValue": str(v)} for v in row] for row in [[name for name, _kind in columns], *rows]]
    info = [{"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name, "Type": kind,
             "Precision": 0, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": False} for name, kind in columns]
    return {"rows": [{"Data": row} for row in cells], "column_info": info}


@pytest.mark.slow
def test_by_athena(account, execute):
    results = [
        result([("rows", "bigint"), ("pairs", "bigint"), ("indexes", "bigint"), ("first", "varchar"),
                ("last", "varchar")], (3, 3, 2, "2000-01-03", "2000-01-04")),
        result([("dt", "varchar"), ("hour", "varchar"), ("rows", "bigint")], ("2026-01-02", "03", 3)),
        result([("index", "varchar"), ("day", "date"), ("closeusd", "double")], ("NYA", "2000-01-03", 9504.15),
               ("NYA", "2000-01-04", 9600.0), ("IXIC", "2000-01-03", 4424.2))]
    request = urllib.request.Request(f"{account.endpoint}/moto-api/static/athena/query-results", method="POST",
                                     data=json.dumps({"results": results, "region": s3_parts.REGION}).encode(),
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 201
    account.ask("athena").create_work_group(Name="wg", Configuration={
        "ResultConfiguration": {"OutputLocation": "s3://results/"}})
    key, secret = account.keys
    text, pictures = execute(KAFKA2S3_WORKGROUP="wg", AWS_ENDPOINT_URL=account.endpoint, AWS_ACCESS_KEY_ID=key,
                             AWS_SECRET_ACCESS_KEY=secret)
    assert "3 rows, 3 of them unlike, 2 indexes from 2000-01-03 to 2000-01-04" in text
    assert "dt=2026-01-02 hour=03: 3 rows" in text and "2 indexes, 3 prices" in text
    assert len(pictures) == 1
