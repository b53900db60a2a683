# SPDX-License-Identifier: Apache-2.0
"""Prices as the replay module sends them, nulls and Unicode among them, and the questions that every SQL engine is
asked about them. The right answers are what DuckDB says of the CSV itself."""
import csv
import pathlib

import duckdb

SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "stock_market.csv"
MORE = [
    "żółć 你好 😀,2000-01-03,1.5,2.5,0.5,2,2,10,0.25",
    "żółć 你好 😀,2000-01-04,,,,,,,",
    '"J203.JO, ""quoted"" \\ back/slash",2000-01-05,1e3,1000.5,-0.5,1000,,9007199254740993,',
    ",2000-01-06,7,7,7,7,7,0,7",
]
COLUMNS = {"Index": "VARCHAR", "Date": "VARCHAR", "Open": "DOUBLE", "High": "DOUBLE", "Low": "DOUBLE",
           "Close": "DOUBLE", "Adj Close": "DOUBLE", "Volume": "BIGINT", "CloseUSD": "DOUBLE"}

# Sums of decimals, which do not depend on an order; both dialects have the same words for all of it.
EXACT = "CAST({} AS DECIMAL(24, 9))"
QUESTIONS = {
    "count": "SELECT count(*), count(index), count(adj_close), count(volume), count(DISTINCT index) FROM prices",
    "sums": f"SELECT sum(volume), CAST(sum({EXACT.format('adj_close')}) AS VARCHAR), "
            f"CAST(sum({EXACT.format('closeusd')}) AS VARCHAR), max(high), min(low) FROM prices",
    "groups": f"SELECT index, count(*), min(date), max(date), CAST(sum({EXACT.format('close')}) AS VARCHAR), "
              "sum(volume) FROM prices GROUP BY index ORDER BY index NULLS FIRST",
    "single rows": "SELECT * FROM prices WHERE index = 'NYA' AND date IN ('2000-01-03', '2001-06-29') ORDER BY date",
    "unicode": "SELECT * FROM prices WHERE index LIKE '%好 😀' ORDER BY date",
    "quotes": "SELECT * FROM prices WHERE volume = 9007199254740993",
    "nulls": "SELECT date, high, open FROM prices WHERE index IS NULL OR closeusd IS NULL "
             "ORDER BY date, \"open\" NULLS FIRST, volume NULLS FIRST",
    "every row": "SELECT * FROM prices ORDER BY date, index NULLS FIRST, volume NULLS FIRST",
}
# What all engines are to call a table.
NAMES = 'index, date, "open", high, low, "close", {} AS adj_close, volume, closeusd'


def write_csv(path):
    path.write_bytes(SAMPLE.read_bytes() + "".join(f"{row}\n" for row in MORE).encode())
    return path


def read_csv(path):
    """[{name: value}] as JSON has them: empty is null, and of the columns that are numbers they are."""
    kinds = {"VARCHAR": str, "DOUBLE": float, "BIGINT": int}
    with open(path, newline="", encoding="utf-8") as f:
        return [{name: kinds[COLUMNS[name]](text) if text else None for name, text in row.items()}
                for row in csv.DictReader(f)]


def write_rows(path, rows):
    """The way back; a row may lack columns."""
    with open(path, "w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, list(COLUMNS))
        writer.writeheader()
        writer.writerows(rows)
    return path


def answers(connection):
    """What a connection of DuckDB that has prices says to each question."""
    return {what: connection.sql(sql).fetchall() for what, sql in QUESTIONS.items()}


def right_answers(path):
    connection = duckdb.connect()
    types = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items()) + "}"
    names = NAMES.format('"Adj Close"')
    connection.sql(f"CREATE VIEW prices AS SELECT {names} FROM read_csv('{path}', header = true, columns = {types})")
    return answers(connection)
