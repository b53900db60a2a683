# SPDX-License-Identifier: Apache-2.0
"""The tables that the daemon keeps in Glue, by projection and by registered partitions, are read by Trino, the engine
that Athena derives from, after columns were added and widened. moto is Glue."""
import pytest

import sample
from fixtures import CACHE
from kept import GROWING, MIXED, Growing, glue_says, read_ddl
from lake import STOCKS
from moto import Moto
from process import started
from trino import Trino

BOTH = pytest.mark.parametrize("by", ["projection", "registered"])
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    with started(Moto(tmp_path_factory.mktemp("moto"))) as m:
        yield m


@pytest.fixture(scope="module")
def growing(lake, moto, tmp_path_factory):
    g = Growing(lake, moto, tmp_path_factory.mktemp)
    yield g
    g.close()


@pytest.fixture(scope="module")
def trino(moto, gateway, tmp_path_factory):
    with started(Trino(tmp_path_factory.mktemp("trino"), CACHE / "trino", moto.endpoint, gateway.endpoint)) as t:
        yield t


def answers(trino, table):
    names = sample.NAMES.format("adj_close")
    return {what: [tuple(row) for row in trino.rows(f"WITH prices AS (SELECT {names} FROM {table}) {sql}")]
            for what, sql in sample.QUESTIONS.items()}


@pytest.mark.plain
@BOTH
def test_the_sample(lake, growing, trino, by):
    assert answers(trino, f"{by}.{STOCKS}") == sample.right_answers(lake.csv)


@pytest.mark.plain
@BOTH
def test_columns_were_added_and_widened(growing, trino, by):
    assert answers(trino, f"{by}.{GROWING}") == sample.right_answers(growing.csv)


@pytest.mark.plain
@BOTH
def test_what_json_may_hold(growing, trino, by):
    """Structs whose keys have capitals and that grew, lists, what became text, Unicode, metadata."""
    found = trino.rows("SELECT id, adj_close, customer.id AS customer_id, customer.fullname, customer.geo.lat, tags, "
                       f"was, flag, big, list, gr__e__, added FROM {by}.{MIXED} WHERE dt IS NOT NULL ORDER BY id")
    assert found == [
        [1, 5.0, 7, "Zoë", None, ["a", None], '{"a":1}', "true", "9007199254740993", [1.0], None, None],
        [2, None, None, None, None, [], None, None, None, None, None, None],
        [3, 2.5, 8, None, 1.5, ["żółć"], "text", "yes", "12345678901234567890", [0.5], "你好 😀", False],
        [4] + [None] * 11,
    ]
    metadata = trino.rows("SELECT kafka_topic, kafka_partition, kafka_offset, kafka_key, kafka_headers, "
                          "to_unixtime(kafka_timestamp) * 1000, dt, hour, date_format(kafka_timestamp, '%Y-%m-%d'), "
                          f"date_format(kafka_timestamp, '%H') FROM {by}.{MIXED} WHERE dt IS NOT NULL ORDER BY id")
    assert [row[:5] for row in metadata] == [[MIXED, 0, n, None, []] for n in range(4)]
    assert [round(row[5]) for row in metadata] == [growing.early] * 2 + [growing.now] * 2
    assert all(row[6:8] == row[8:10] for row in metadata)


@pytest.mark.plain
def test_records_without_a_time(growing, trino):
    """Registered, they are in Hive's null partition; projection does not see them, and ddl says so."""
    where = f"{MIXED} WHERE dt IS NULL AND hour IS NULL"
    assert trino.rows(f"SELECT id, kafka_timestamp FROM registered.{where}") == [[5, None]]
    assert trino.rows(f"SELECT id FROM projection.{where}") == []
    assert "-- Not seen by projection: records without a usable time" in growing.kept["projection"].ddl(MIXED)


@BOTH
@pytest.mark.parametrize("topic", [STOCKS, GROWING, MIXED])
def test_ddl_says_what_glue_has(growing, by, topic):
    kept = growing.kept[by]
    wanted = glue_says(kept.table(topic))
    assert wanted["properties"].pop("EXTERNAL") == "TRUE"
    found = read_ddl(kept.ddl(topic))
    assert list(found["columns"].items()) == list(wanted["columns"].items())
    assert found == wanted


@pytest.mark.plain
@BOTH
@pytest.mark.parametrize("topic", [STOCKS, GROWING, MIXED])
def test_trino_sees_the_columns_of_the_ddl(growing, trino, by, topic):
    found = {row[0]: row[1] for row in trino.rows(f"SHOW COLUMNS FROM {by}.{topic}")}
    ddl = read_ddl(growing.kept[by].ddl(topic))
    assert list(found) == [*ddl["columns"], *ddl["keys"]]


def test_each_folder_is_registered_as_its_table_is(growing):
    """Every one that has objects, and no other; with the table's columns, SerDe and formats."""
    kept = growing.kept["registered"]
    for topic in (STOCKS, GROWING, MIXED):
        table, found = kept.table(topic)["StorageDescriptor"], kept.partitions(topic)
        folders = {key[:key.rindex("/") + 1] for key in kept.case.keys(f"raw/{topic}/")}
        assert {p["StorageDescriptor"]["Location"] for p in found} == {f"s3://{kept.case.bucket}/{f}" for f in folders}
        for p in found:
            dt, hour = p["Values"]
            assert p["StorageDescriptor"] == {**table, "Location": f"{table['Location']}dt={dt}/hour={hour}/"}
