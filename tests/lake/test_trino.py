# SPDX-License-Identifier: Apache-2.0
"""What landed of the sample is read by Trino, the engine that Athena derives from, and says what the CSV says. moto is
its Glue."""
import pytest

import sample
from conftest import CACHE
from lake import ROOTS, STOCKS
from moto import Moto
from trino import SCHEMA, Trino

pytestmark = [pytest.mark.slow, pytest.mark.plain]
COLUMNS = [("index", "string"), ("date", "string"), ("open", "double"), ("high", "double"), ("low", "double"),
           ("close", "double"), ("adj_close", "double"), ("volume", "bigint"), ("closeusd", "double")]


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    m = Moto(tmp_path_factory.mktemp("moto"))
    try:
        m.start()
        m.glue().create_database(DatabaseInput={"Name": SCHEMA})
        yield m
    finally:
        if m.process:
            m.process.kill()


@pytest.fixture(scope="module")
def trino(moto, gateway, tmp_path_factory):
    t = Trino(tmp_path_factory.mktemp("trino"), CACHE / "trino", moto.endpoint, gateway.endpoint)
    try:
        t.start()
        yield t
    finally:
        if t.process:
            t.process.kill()


@pytest.fixture(scope="module")
def right(lake):
    return sample.right_answers(lake.csv)


def storage(location):
    return {"Columns": [{"Name": name, "Type": kind} for name, kind in COLUMNS], "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
                          "Parameters": {"mapping.adj_close": "adj close"}}}


def create(glue, name, location, **parameters):
    glue.create_table(DatabaseName=SCHEMA, TableInput={
        "Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage(location),
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in ("dt", "hour")],
        "Parameters": {"EXTERNAL": "TRUE", "classification": "json", **parameters}})


def answers(trino, table):
    names = sample.NAMES.format("adj_close")
    return {what: [tuple(row) for row in trino.rows(f"WITH prices AS (SELECT {names} FROM {table}) {sql}")]
            for what, sql in sample.QUESTIONS.items()}


def test_projection(lake, moto, trino, right):
    """From the first day on that has rows: each folder of the range is looked into."""
    location = f"s3://{lake.bucket}/{ROOTS[STOCKS][0]}"
    first = min(o.folders[0].removeprefix("dt=") for o in lake.tables[STOCKS])
    create(moto.glue(), "projected", location, **{
        "projection.enabled": "true",
        "projection.dt.type": "date", "projection.dt.format": "yyyy-MM-dd", "projection.dt.range": f"{first},NOW+1DAY",
        "projection.dt.interval": "1", "projection.dt.interval.unit": "DAYS",
        "projection.hour.type": "integer", "projection.hour.range": "0,23", "projection.hour.digits": "2",
        "storage.location.template": location + "dt=${dt}/hour=${hour}/"})
    assert answers(trino, "projected") == right


def test_registered_partitions(lake, moto, trino, right):
    location = f"s3://{lake.bucket}/{ROOTS[STOCKS][0]}"
    create(moto.glue(), "registered", location)
    folders = {tuple(o.folders) for o in lake.tables[STOCKS]}
    answer = moto.glue().batch_create_partition(DatabaseName=SCHEMA, TableName="registered", PartitionInputList=[
        {"Values": [dt.removeprefix("dt="), hour.removeprefix("hour=")],
         "StorageDescriptor": storage(f"{location}{dt}/{hour}/")} for dt, hour in folders])
    assert not answer.get("Errors")
    assert answers(trino, "registered") == right
