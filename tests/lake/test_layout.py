# SPDX-License-Identifier: Apache-2.0
"""The rules of Athena and of Glue's crawlers that JSON lines could break, each against what a real daemon landed.

What stands beside a rule that has no test here holds it too, or alone:

| rule | where |
|---|---|
| names that Athena would hide | tests/store/test_key.c (any template) |
| no empty folder, in settings | tests/store/test_key.c: refused |
| a table's name, from any topic | tests/settings/test_load.c; two topics with one name: tests/real/test_births.py |
| one format and compression in a table that several topics share | tests/settings/test_bad.c (with a catalog) |
| partition columns of a catalog's table | tests/store/test_key_catalog.c, tests/lake/test_trino.py |
| a row of 32 MiB at most | tests/real/test_landing.py: metadata columns count, a wrapper's 10 bytes do not |
| concatenated gzip members and zstd frames | tests/encode/test_codec.c; every reader of this folder |
| a document is passed on as it is | tests/real/test_landing.py, tests/encode/test_golden.c |
| a column of metadata that a document has already | tests/real/test_landing.py, tests/encode/test_json_scan.c |
| numbers of the replay module | tests/replay/test_row.c; beyond 64 bits the column is a string: tests/schema |
| storage classes that Athena cannot read | said where s3.storage_class is explained |
"""
import collections
import itertools
import json
import re

from lake import AUDIT, BEYOND, CLICKS, DEAD, EVENTS, METADATA, NO_OBJECTS, ORDERS, PASSED_ON, ROOTS, STOCKS

NULL = "__HIVE_DEFAULT_PARTITION__"
FOLDERS = {ORDERS: ["dt", "hour"], AUDIT: ["dt", "hour"], EVENTS: [], CLICKS: ["dt"], STOCKS: ["dt", "hour"],
           BEYOND: ["dt", "hour"]}
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
COMPOSED = {"kafka_topic": str, "kafka_partition": int, "kafka_offset": int, "kafka_timestamp": str, "kafka_key": str,
            "kafka_headers": list}
LETTER = {"topic": str, "reason": str, "partition": int, "offset": int, "timestamp": str, "key": str, "headers": list,
          "value": str}


def objects(lake, dead=False):
    return [o for found in (lake.dead_letters if dead else lake.tables).values() for o in found]


def composed(lake):
    """[(topic, line)] that the daemon made, or added to."""
    return [(topic, line) for topic in (ORDERS, AUDIT, EVENTS, CLICKS)
            for line in lake.rows(topic) + lake.letters(topic)]


def partition_of(folder):
    name, _equals, value = folder.partition("=")
    return name, value


# Keys: aws.md 1.1, 1.2, 1.6

def test_below_a_table_lies_nothing_but_its_rows(lake):
    for topic, found in lake.tables.items():
        assert found, topic
        assert all(re.fullmatch(r"t?[\w.-]+\+\d+\+\d{20}\+[0-9a-f]{16}\.[a-z.]+", o.name) for o in found)
    places = [root for root, _ext in ROOTS.values()] + [DEAD + "/"]
    assert [key for key in lake.keys if not key.startswith(tuple(places))] == []


def test_what_is_no_row_lies_beside_the_tables(lake):
    assert objects(lake, dead=True)
    for root, _ext in ROOTS.values():
        assert not root.startswith(DEAD) and not DEAD.startswith(root)


def test_no_file_and_no_folder_is_hidden(lake):
    hidden = [key for key in lake.keys for part in key.split("/") if re.match(r"[_.]", part)]
    assert hidden == []
    assert {o.name.partition("+")[0] for o in lake.tables[AUDIT] + lake.tables[EVENTS]} == {"t_audit", "t.events"}


def test_each_folder_below_a_table_is_a_named_partition(lake):
    for topic, found in lake.tables.items():
        assert {tuple(partition_of(f)[0] for f in o.folders) for o in found} == {tuple(FOLDERS[topic])}


def test_partition_columns_are_lower_case(lake):
    names = {partition_of(f)[0] for o in objects(lake) + objects(lake, dead=True) for f in o.folders}
    assert names == {"dt", "hour"} and all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


def test_partition_values_need_no_escaping(lake):
    values = {partition_of(f) for o in objects(lake) + objects(lake, dead=True) for f in o.folders}
    for name, value in values:
        assert value == NULL or re.fullmatch({"dt": r"\d{4}-\d\d-\d\d", "hour": r"\d\d"}[name], value), (name, value)
    assert all(re.fullmatch(r"[0-9A-Za-z._-]+", value) for _name, value in values)


def test_the_null_partition_is_hives(lake):
    """In all of its columns, and in each table that has a record without a time."""
    for topic, found in lake.tables.items():
        without = [o for o in found if any(partition_of(f)[1] == NULL for f in o.folders)]
        assert bool(without) == (topic in (ORDERS, AUDIT, CLICKS)), topic
        assert all(partition_of(f)[1] == NULL for o in without for f in o.folders)


def test_all_folders_of_a_table_have_the_same_depth_and_its_files_one_extension(lake):
    for topic, found in lake.tables.items():
        assert {(len(o.folders), o.ext) for o in found} == {(len(FOLDERS[topic]), ROOTS[topic][1])}
    for topic, found in lake.dead_letters.items():
        assert {(len(o.folders), o.ext) for o in found} <= {(2, ROOTS[topic][1])}


def test_the_extension_says_how_a_file_is_compressed(lake):
    """In lower case, behind the format."""
    magic = {"json": b"{", "json.gz": b"\x1f\x8b", "json.zst": b"\x28\xb5\x2f\xfd"}
    assert {o.ext for o in objects(lake)} == set(magic)
    assert all(o.body.startswith(magic[o.ext]) for o in objects(lake) + objects(lake, dead=True))


def test_no_path_has_an_empty_folder(lake):
    """Nor a dot for a folder, nor one at its beginning."""
    assert [key for key in lake.keys if {"", ".", ".."} & set(key.split("/"))] == []


def test_tables_are_siblings(lake):
    roots = {root for root, _ext in ROOTS.values()} | {f"{DEAD}/{root.split('/')[-2]}/" for root, _ in ROOTS.values()}
    assert not [(a, b) for a, b in itertools.permutations(roots, 2) if a.startswith(b)]
    assert len({root.split("/")[-2] for root, _ext in ROOTS.values()}) == len(ROOTS)


def test_names_of_tables_are_legal_in_glue(lake):
    tables = {key.split("/")[1] for key in lake.keys if key.startswith(("raw/", DEAD + "/"))}
    assert tables == {"orders_v2_eu", "t_audit", "stock_market", "beyond"}
    assert all(re.fullmatch(r"[a-z0-9_]{1,255}", table) for table in tables)


def test_no_object_is_empty(lake):
    assert all(o.lines for o in objects(lake) + objects(lake, dead=True))


# Lines: aws.md 1.3

def test_each_line_is_one_object_in_utf8(lake):
    """Minified, never empty, without a byte order mark; ended by a line feed alone."""
    for o in objects(lake) + objects(lake, dead=True):
        for line in o.lines:
            text = line.decode("utf-8")
            assert text.startswith("{") and text.endswith("}") and isinstance(json.loads(text), dict), (o.key, line)
            assert not re.search(r"[\x00-\x1f]", text), (o.key, line)
            assert re.sub(r'"(?:[^"\\]|\\.)*"', "", text).count(" ") == 0, (o.key, line)


def test_what_is_no_object_is_wrapped(lake):
    wrapped = collections.Counter(json.dumps(json.loads(line)["value"]) for line in lake.rows(ORDERS)
                                  if line.startswith(b'{"value":'))
    assert wrapped == {json.dumps(json.loads(value)): 4 for value in NO_OBJECTS}


def test_what_a_producer_wrote_is_passed_on(lake):
    """Two keys of one name, keys that differ in case alone, large numbers: told of, and not changed."""
    for value in PASSED_ON:
        assert sum(line.startswith(value[:-1] + b",") for line in lake.rows(ORDERS)) == 4


def own_columns(topic, line):
    """[(name, value)] of what the daemon added, in their order; of a dead letter all."""
    pairs = json.loads(line, object_pairs_hook=list)
    return [(k, v) for k, v in pairs if k.startswith("kafka_")] if pairs[0][0] != "topic" else pairs


def test_no_name_is_twice_among_what_the_daemon_composes(lake):
    """Nor but for its case, at any level; and one that a document has already makes it a dead letter."""
    for topic, line in composed(lake):
        names = [name.lower() for name, _value in own_columns(topic, line)]
        assert len(set(names)) == len(names), line
        headers = dict(own_columns(topic, line)).get("kafka_headers", [])
        assert all([name for name, _value in header] == ["key", "value"] for header in headers)
    reasons = [json.loads(line)["reason"] for line in lake.letters(ORDERS)]
    assert sum("a key that a metadata column wants" in reason for reason in reasons) == 4


def test_columns_keep_their_place_and_their_type(lake):
    seen = collections.defaultdict(set)
    for topic, line in composed(lake):
        own = own_columns(topic, line)
        dead = own[0][0] == "topic"
        assert [name for name, _value in own] == (list(json.loads(line)) if dead else METADATA)
        for name, value in own:
            seen[dead, name].add(type(value))
    for (dead, name), kinds in seen.items():
        assert kinds - {type(None)} == {(LETTER if dead else COMPOSED)[name]}, name


def test_integers_fit_into_64_bits(lake):
    for topic, line in composed(lake):
        assert all(-2**63 <= value < 2**63 for _name, value in own_columns(topic, line) if isinstance(value, int))


def test_what_json_has_no_number_for_is_a_string(lake):
    """From the replay module, which makes JSON of a CSV."""
    assert lake.rows(BEYOND) == [b'{"a":9223372036854775807,"b":-9223372036854775808,"c":"NaN","d":"-inf",'
                                 b'"e":"1e999","f":null,"g":0.10}']


def test_times_are_as_every_serde_reads_them(lake):
    times = [value for topic, line in composed(lake) for name, value in own_columns(topic, line)
             if name in ("kafka_timestamp", "timestamp")]
    assert None in times and all(value is None or TIME.fullmatch(value) for value in times)
    assert "2026-09-21 14:00:00.000" in times


def test_control_characters_are_escaped(lake):
    keys = {value for topic, line in composed(lake) for name, value in own_columns(topic, line)
            if name in ("kafka_key", "key")}
    assert bytes(range(32)).decode() + '"\\\x7f' in keys
