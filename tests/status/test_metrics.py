# SPDX-License-Identifier: Apache-2.0
"""The metrics of a made-up daemon (metrics_of.c) as others read them, and what examples/ makes of them.

The slow part is Prometheus' own: promtool, from Debian's package, which is not installed for it.
"""
import json
import pathlib
import re
import subprocess

import pytest
import yaml
from prometheus_client.openmetrics import parser

TOP = pathlib.Path(__file__).resolve().parents[2]
RULES = TOP / "examples/prometheus/kafka2s3.rules.yml"
TRIED = pathlib.Path(__file__).with_name("rules_test.yml")
DASHBOARD = TOP / "examples/grafana/kafka2s3.json"
# What Prometheus adds to each sample.
TARGET = {"job", "instance"}
RECORDED = re.compile(r"\bkafka2s3:[a-z0-9_]+:[a-z0-9_]+\b")
NAME = re.compile(r"(?<![\w:\"])(?:kafka2s3|process)_\w+|(?<![\w:])up(?=[{ ])")
SELECTED = re.compile(r"([a-z0-9_:]+)\{([^}]*)\}")
GROUPED = re.compile(r"\b(?:by|on) \(([^)]*)\)")


def metrics_of(*arguments):
    program = TOP / "build/tests/status/metrics_of"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def text():
    return metrics_of()


@pytest.fixture(scope="module")
def known(text):
    """{name of a sample: the names of its labels}"""
    labels = {"up": set()}
    for family in parser.text_string_to_metric_families(text):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def queries():
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def unknown(expr, known):
    """What the expression names and no sample has."""
    names = set(NAME.findall(expr))
    assert names or RECORDED.search(expr), f"no metric in {expr}"
    yield from names - set(known)
    for name, selector in SELECTED.findall(expr):
        yield from set(re.findall(r"(\w+) ?[=!]~?", selector)) - TARGET - known.get(name, set())
    recorded = {"topic"} if RECORDED.search(expr) else set()
    there = TARGET.union(recorded, *(known.get(name, set()) for name in names))
    for group in GROUPED.findall(expr):
        yield from {label.strip() for label in group.split(",")} - there


def test_another_reader_understands_it(text):
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert families["kafka2s3_landed_records"].type == "counter"
    assert families["kafka2s3_landed_records"].samples[0].value == 900
    assert families["kafka2s3_partition_headroom_seconds"].unit == "seconds"
    assert families["kafka2s3_s3_object_bytes"].type == "histogram"
    topics = {sample.labels["topic"] for sample in families["kafka2s3_partition_lag_records"].samples}
    assert topics == {"clicks", "orders", "clicks<script>alert(1)</script>&\"'\\x1b[2J\\xff"}
    assert all(family.documentation for family in families.values())


def test_a_thousand_partitions_are_read_too():
    families = {family.name: family for family in parser.text_string_to_metric_families(metrics_of("1000"))}
    assert len(families["kafka2s3_partition_lag_records"].samples) == 1000


def test_rules_name_only_what_there_is(known):
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for rule in rules():
        assert not list(unknown(rule["expr"], known)), rule
        assert set(RECORDED.findall(rule["expr"])) <= recorded
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"critical", "warning"}
            assert {"summary", "description"} <= set(rule["annotations"])


def test_the_reasons_that_need_a_person_are_reasons(text):
    told = set(re.findall(r'kafka2s3_waiting_partitions\{reason="([\w-]+)"', text))
    expr = next(rule["expr"] for rule in rules() if rule.get("alert") == "Kafka2S3WaitsForPerson")
    named = re.search(r'reason=~"([^"]*)"', expr).group(1).split("|")
    assert len(named) == 7
    assert set(named) <= told


def test_each_alert_is_tried():
    tried = {(check["alertname"], bool(check.get("exp_alerts"))) for test in yaml.safe_load(TRIED.read_text())["tests"]
             for check in test["alert_rule_test"]}
    assert tried == {(rule["alert"], fires) for rule in rules() if "alert" in rule for fires in (True, False)}


def test_the_dashboard_names_only_what_there_is(known):
    variables = json.loads(DASHBOARD.read_text())["templating"]["list"]
    asked = [v["query"]["query"] for v in variables if v["type"] == "query"]
    for expr in queries() + [re.sub(r"label_values\((.*), \w+\)", r"\1", query) for query in asked]:
        assert not list(unknown(expr, known)), expr
        assert set(re.findall(r"\$(?!__)(\w+)", expr)) <= {v["name"] for v in variables}


def test_each_panel_says_what_it_shows(known):
    seen = set()
    for panel in panels():
        assert panel["title"] and panel["description"] and panel["targets"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        for target in panel["targets"]:
            labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert labels <= TARGET.union(*(known[name] for name in NAME.findall(target["expr"])))
        x, y, w, h = (panel["gridPos"][name] for name in "xywh")
        cells = {(i, k) for i in range(x, x + w) for k in range(y, y + h)}
        assert x + w <= 24 and not cells & seen, panel["title"]
        seen |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


@pytest.fixture(scope="module")
def promtool(tmp_path_factory):
    """Out of Debian's package, without its server."""
    folder = tmp_path_factory.mktemp("prometheus")
    for command in (["apt-get", "-q", "update"], ["apt-get", "-q", "download", "prometheus"],
                    ["sh", "-c", "dpkg-deb -x prometheus_*.deb ."]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def run(*arguments, **kwargs):
        return subprocess.run([folder / "usr/bin/promtool", *arguments], capture_output=True, text=True, timeout=300,
                              check=False, **kwargs)
    return run


@pytest.mark.slow
def test_promtool_finds_nothing_wrong_with_the_names(promtool, text):
    """It reads the older format alone: there a counter is called by its sample, and nobody knows of units and info."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.M))
    suffixes = {name: {"counter": "_total", "info": "_info"}.get(kind, "") for name, kind in kinds.items()}
    older = re.sub(r"^# (UNIT .*|EOF)\n", "", text, flags=re.M).replace(" info\n", " gauge\n")
    older = re.sub(r"^# (TYPE|HELP) (\S+)", lambda m: f"# {m[1]} {m[2]}{suffixes[m[2]]}", older, flags=re.M)
    done = promtool("check", "metrics", input=older)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_each_rule_fires_when_it_should_and_only_then(promtool):
    done = promtool("test", "rules", str(TRIED))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_promtool_reads_every_query_of_the_dashboard(promtool, tmp_path):
    records = [{"record": f"panel:{i}", "expr": expr.replace("$__rate_interval", "5m")}
               for i, expr in enumerate(queries())]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": records}]}))
    done = promtool("check", "rules", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
