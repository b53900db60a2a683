# SPDX-License-Identifier: Apache-2.0
"""The sample is what its generator makes, and what the README says of it holds."""
import csv
import pathlib
import subprocess

import pytest

pytestmark = pytest.mark.plain  # there is no daemon in it
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


def generate(*args):
    return subprocess.run([EXAMPLES / "generate_stock_market", *args], capture_output=True, check=True).stdout


def test_sample_is_generated():
    assert generate() == (EXAMPLES / "stock_market.csv").read_bytes()


def test_sample_is_plausible():
    with open(EXAMPLES / "stock_market.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["Index", "Date", "Open", "High", "Low", "Close", "Adj Close", "Volume", "CloseUSD"]
    assert len(rows) == 4800
    assert len({row["Index"] for row in rows}) == 8
    assert [row["Date"] for row in rows] == sorted(row["Date"] for row in rows)
    for row in rows:
        low, high = float(row["Low"]), float(row["High"])
        assert 0 < low <= min(float(row["Open"]), float(row["Close"]))
        assert high >= max(float(row["Open"]), float(row["Close"]))


def test_size_and_seed():
    assert generate("--rows", "0").count(b"\n") == 1
    big = generate("--rows", "60000")  # more days than the calendar holds: it begins again
    assert big.count(b"\n") == 60001
    assert generate("--rows", "100") == b"".join(big.splitlines(keepends=True)[:101])
    assert generate("--rows", "100", "--seed", "2") != generate("--rows", "100")
