# SPDX-License-Identifier: Apache-2.0
"""What landed of the sample is read by DuckDB and pyarrow, folders as columns, and says what the CSV says."""
import importlib.util
import pathlib

import duckdb
import pyarrow
import pyarrow.dataset
import pyarrow.fs
import pytest

import gateway as s3_parts
import sample
from lake import CLICKS, DOCUMENTS, EVENTS, ROOTS, STOCKS

pytestmark = pytest.mark.plain
KINDS = {"VARCHAR": pyarrow.string(), "DOUBLE": pyarrow.float64(), "BIGINT": pyarrow.int64()}


@pytest.fixture(scope="module")
def right(lake):
    return sample.right_answers(lake.csv)


@pytest.fixture(scope="module")
def connection(lake):
    """DuckDB that reads this lake's S3; the extension is what PyPI's package holds."""
    c = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    package = pathlib.Path(importlib.util.find_spec("duckdb_extension_httpfs").origin).parent
    (extension,) = package.rglob("httpfs.duckdb_extension")
    c.sql(f"LOAD '{extension}'")
    endpoint = lake.case.gateway.endpoint.removeprefix("http://")
    c.sql(f"CREATE SECRET (TYPE s3, KEY_ID '{s3_parts.ACCESS_KEY}', SECRET '{s3_parts.SECRET_KEY}', "
          f"REGION '{s3_parts.REGION}', ENDPOINT '{endpoint}', USE_SSL false, URL_STYLE 'path')")
    return c


def read_json(lake, topic, *options):
    """By names and no glob, since versitygw does not encode what it lists, and a glob takes "+" for a blank then."""
    names = ", ".join(f"'s3://{lake.bucket}/{o.key}'" for o in lake.tables[topic])
    options = ["hive_partitioning = true", "hive_types_autocast = false", *options]
    return f"read_json([{names}], {', '.join(options)})"


def test_duckdb(lake, connection, right):
    names = sample.NAMES.format('"Adj Close"')
    connection.sql(f"CREATE OR REPLACE VIEW prices AS SELECT {names} FROM " + read_json(
        lake, STOCKS, "sample_size = -1", "columns = {" + ", ".join(
            f"'{name}': '{kind}'" for name, kind in [*sample.COLUMNS.items(), ("dt", "VARCHAR"), ("hour", "VARCHAR")])
        + "}"))
    assert sample.answers(connection) == right


def test_duckdb_takes_folders_for_columns(lake, connection):
    found = connection.sql("SELECT dt, count(*), count(DISTINCT n), typeof(dt) FROM "
                           + read_json(lake, CLICKS) + " GROUP BY ALL ORDER BY dt NULLS LAST").fetchall()
    assert found == [("2026-09-21", 1497, 1497, "VARCHAR"), ("2026-09-22", 1500, 1500, "VARCHAR"),
                     (None, 3, 3, "VARCHAR")]


def test_duckdb_reads_frames_of_zstd(lake, connection):
    (found,) = connection.sql("SELECT count(*), count(kafka_offset) FROM " + read_json(lake, EVENTS)).fetchall()
    assert found == (len(DOCUMENTS), len(DOCUMENTS))


def dataset(lake, topic, columns, folders):
    fs = pyarrow.fs.S3FileSystem(endpoint_override=lake.case.gateway.endpoint.removeprefix("http://"), scheme="http",
                                 region=s3_parts.REGION, access_key=s3_parts.ACCESS_KEY,
                                 secret_key=s3_parts.SECRET_KEY)
    partitions = pyarrow.schema([(folder, pyarrow.string()) for folder in folders])
    return pyarrow.dataset.dataset(
        f"{lake.bucket}/{ROOTS[topic][0]}", filesystem=fs, format="json",
        schema=pyarrow.unify_schemas([pyarrow.schema(columns), partitions]),
        partitioning=pyarrow.dataset.partitioning(partitions, flavor="hive"))


# One file at a time: with more than there are cores, pyarrow's JSON readers wait for each other for ever.
def test_pyarrow(lake, right):
    found = dataset(lake, STOCKS, [(name, KINDS[kind]) for name, kind in sample.COLUMNS.items()], ["dt", "hour"])
    c = duckdb.connect()
    c.register("landed", found.to_table(fragment_readahead=1))
    c.sql(f"CREATE VIEW prices AS SELECT {sample.NAMES.format(chr(34) + 'Adj Close' + chr(34))} FROM landed")
    assert sample.answers(c) == right


def test_pyarrow_takes_folders_for_columns(lake):
    found = dataset(lake, CLICKS, [("n", pyarrow.int64())], ["dt"]).to_table(fragment_readahead=1)
    counted = found.group_by("dt").aggregate([("n", "count"), ("n", "count_distinct")]).to_pylist()
    assert {row["dt"]: (row["n_count"], row["n_count_distinct"]) for row in counted} == {
        None: (3, 3), "2026-09-21": (1497, 1497), "2026-09-22": (1500, 1500)}
