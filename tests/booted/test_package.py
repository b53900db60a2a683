# SPDX-License-Identifier: Apache-2.0
"""The package on a booted Debian: installed, configured, run, upgraded, removed, as an operator does it. In this order:
each test leaves the machine to the next one."""
import json
import random
import re
import time

import pytest

from asking import ask
from crashing import CRASH_AT, crashing_rows, shim
from daemon import libconfig, merged
from hold import held, threads
from process import free_port
from rows import Feeder, stock_rows
from waiting import until

FILE = "/etc/kafka2s3.conf"
UNIT = "kafka2s3.service"

pytestmark = pytest.mark.parametrize(
    "suite", ["bookworm", pytest.param("trixie", marks=[pytest.mark.slow, pytest.mark.timeout(3000)])], indirect=True)


def write(machine, settings, path=FILE):
    text = "".join(f"{k} = {libconfig(v)};\n" for k, v in settings.items())
    machine.write(path, text)
    machine.sh(f"chown root:kafka2s3 {path}; chmod 640 {path}")


def is_active(machine, unit=UNIT):
    return machine.run("systemctl", "is-active", unit, check=False).stdout.strip()


def restarts(machine, unit=UNIT):
    return int(machine.show(unit, "NRestarts")["NRestarts"])


def main_pid(machine, unit=UNIT):
    return int(machine.show(unit, "MainPID")["MainPID"])


def test_install(machine):
    """Enabled, not started while the file is the sample, and said so; the file is its user's alone."""
    said = machine.run("apt-get", "install", "-y", "-o", "Acquire::Retries=1", "/root/kafka2s3.deb")
    assert f"edit {FILE}" in said.stdout
    assert machine.run("systemctl", "is-enabled", UNIT).stdout.strip() == "enabled"
    assert is_active(machine) == "inactive"
    assert machine.run("stat", "-c", "%U:%G %a", FILE).stdout.strip() == "root:kafka2s3 640"
    machine.run("kafka2s3", "check", "--syntax")
    for unit in (UNIT, "kafka2s3@.service"):
        unit = f"/lib/systemd/system/{unit}"
        said = machine.run("systemd-analyze", "verify", unit)
        assert said.stdout + said.stderr == ""
        machine.run("systemd-analyze", "security", "--offline=true", "--threshold=12", unit)  # ten times 1.2
    limits = {"StartLimitIntervalUSec": "0", "RestartUSec": "5s", "Restart": "on-failure",
              "TimeoutStopUSec": "1min 30s", "RestartPreventExitStatus": "78", "LimitNOFILE": "65536", "LimitCORE": "1"}
    assert machine.show(UNIT, *limits) == limits


def test_a_broken_file_ends_the_start_and_is_named(machine):
    machine.write(FILE, "kafka = { topics = [ \"x\" ]; group = \"g\" }\ns3 = { bukket = \"b\"; };\n")
    assert machine.run("systemctl", "start", UNIT, check=False).returncode != 0
    shown = machine.show(UNIT, "ExecMainStatus", "Result", "SubState")
    assert shown["ExecMainStatus"] == "78"
    assert shown["SubState"] == "failed"
    status = machine.run("systemctl", "status", "--no-pager", "-l", UNIT, check=False).stdout
    assert f"{FILE}:2" in status and "bukket" in status and "bucket" in status
    time.sleep(6)  # longer than RestartSec: no restart was scheduled
    assert restarts(machine) == 0
    machine.run("systemctl", "reset-failed", UNIT)


def test_200000_rows_by_name_over_tls(case, machine):
    topic = case.topic(4)
    case.produce(topic, stock_rows(200_000), partitions=4)
    write(machine, merged(case.settings([topic]), {"roll": {"age": "5s"}}))
    machine.run("systemctl", "start", UNIT)
    assert is_active(machine) == "active"
    assert machine.show(UNIT, "WatchdogUSec") == {"WatchdogUSec": "1min"}
    case.wait_landed(topic, seconds=120)
    case.judge(topic)
    machine.run("systemctl", "stop", UNIT)
    assert machine.show(UNIT, "Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}


def test_over_ipv6(case, machine):
    topic = case.topic(2)
    case.produce(topic, stock_rows(2000), partitions=2)
    write(machine, merged(case.settings([topic]), {"kafka": {"brokers": case.broker.by_name6},
                                                   "s3": {"endpoint": case.gateway.by_name6}}))
    machine.run("systemctl", "start", UNIT)
    case.wait_landed(topic, seconds=60)
    case.judge(topic)


def by_process(machine, settings):
    """These settings with a profile in place of the keys, whose command the sandbox has to let run."""
    s3 = settings["s3"]
    machine.write("/etc/kafka2s3/keys.json", json.dumps({"Version": 1, "AccessKeyId": s3.pop("access_key_id"),
                                                         "SecretAccessKey": s3.pop("secret_access_key")}))
    machine.write("/etc/kafka2s3/aws", "[profile printed]\ncredential_process = cat '/etc/kafka2s3/keys.json'\n")
    machine.write(f"/etc/systemd/system/{UNIT}.d/aws.conf",
                  "[Service]\nEnvironment=AWS_CONFIG_FILE=/etc/kafka2s3/aws\n")
    machine.sh("chown root:kafka2s3 /etc/kafka2s3/*; chmod 640 /etc/kafka2s3/*; systemctl daemon-reload")
    return merged(settings, {"s3": {"profile": "printed"}})


def writable(machine):
    """The files and folders that the service may write to, where it is and as who it is; devices, sockets and what
    systemd (254 and later) has every service write its wish for news of memory's pressure to aside."""
    found = set(machine.sh(f"pid={main_pid(machine)};"
                          "nsenter -t $pid -m cut -d ' ' -f 2 /proc/self/mounts | grep -v '^/proc\\|^/dev/pts' |"
                          "nsenter -t $pid -m xargs setpriv --reuid=kafka2s3 --regid=kafka2s3 --clear-groups"
                          " sh -c 'find \"$@\" -xdev \\( -type f -o -type d \\) -writable 2>/dev/null || true' find"
                          ).stdout.split())
    return {path for path in found if not path.endswith(f"/{UNIT}/memory.pressure")}


def test_zstd_parts_replay_metrics_and_a_credential_process_in_its_sandbox(case, machine):
    large, rows = case.topic(suffix="-large"), case.topic(suffix="-rows")
    rng = random.Random(3)
    records = [json.dumps({"x": rng.randbytes(500_000).hex()}).encode() for _ in range(16)]
    port = free_port()
    write(machine, merged(by_process(machine, case.settings([large, rows])), {
        "output": {"compression": "zstd"}, "s3": {"part_size": "5MiB"}, "roll": {"age": "1h", "records": len(records)},
        "override": [{"topics": [rows], "roll": {"age": "1s", "records": 0}}],
        "replay": {"enabled": True, "file": "/etc/kafka2s3/rows.csv", "topic": rows, "rate": 5000.0},
        "metrics": {"listen": f"127.0.0.1:{port}"}}))
    machine.write("/etc/kafka2s3/rows.csv", "n\n" + "".join(f"{n}\n" for n in range(500)), 0o644)
    machine.run("systemctl", "start", UNIT)
    case.produce(large, records)
    case.until("the rows in Kafka", lambda: case.broker.watermarks(rows)[0][1] == 500, 60)
    case.wait_landed(large, rows, seconds=60)
    code, _headers, body = ask(f"http://127.0.0.1:{port}", "/metrics")
    assert code == 200 and body.endswith(b"# EOF\n") and rows.encode() in body
    assert ask(f"http://127.0.0.1:{port}", "/healthz")[0] == 200
    assert writable(machine) == {"/run/kafka2s3"}
    machine.sh(f"systemctl stop {UNIT}; rm -r /etc/systemd/system/{UNIT}.d; systemctl daemon-reload")
    assert case.judge(rows, ext="json.zst").rows == 500
    made = case.judge(large, ext="json.zst").objects[0]
    assert "-" in case.s3.head_object(Bucket=case.bucket, Key=made.key)["ETag"]  # it came in parts


def test_reload(case, machine):
    """A new roll age takes effect with the next range, without a rebalance; a file that is wrong changes nothing."""
    topic = case.topic(2)
    settings = merged(case.settings([topic]), {"roll": {"age": "1h", "records": 500}})
    write(machine, settings)
    machine.run("systemctl", "start", UNIT)
    case.produce(topic, stock_rows(1000), partitions=2)
    case.wait_landed(topic)
    pid = main_pid(machine)
    machine.write(FILE, "roll = { age = \"1 fortnight\"; };\n")
    assert machine.run("systemctl", "reload", UNIT, check=False).returncode != 0
    until("a word about the file", lambda: [e for e in machine.journal("-u", UNIT)
                                            if f"{FILE}:1: roll.age: " in e["MESSAGE"]], 30)
    assert is_active(machine) == "active" and main_pid(machine) == pid
    write(machine, merged(settings, {"roll": {"age": "1s", "records": 0}}))
    machine.run("systemctl", "reload", UNIT)
    assert is_active(machine) == "active" and main_pid(machine) == pid
    case.produce(topic, stock_rows(100, first=1000), partitions=2)
    case.wait_landed(topic)
    until("a line about the group", lambda: machine.journal("-u", UNIT, f"_PID={pid}", "EVENT=assigned"), 30)
    assert not machine.journal("-u", UNIT, f"_PID={pid}", "EVENT=revoked")
    machine.run("systemctl", "stop", UNIT)
    case.judge(topic)


def test_stop_in_full_flow(case, machine):
    topic = case.topic(4)
    write(machine, case.settings([topic]))
    machine.run("systemctl", "start", UNIT)
    with Feeder(case.broker, topic, 4):
        case.wait_progress(topic)
        machine.run("systemctl", "stop", UNIT)
        assert machine.show(UNIT, "Result")["Result"] == "success"
        machine.run("systemctl", "start", UNIT)
        case.wait_progress(topic)
    case.wait_landed(topic, seconds=60)
    case.judge(topic)


def test_killed_it_is_started_again(case, machine):
    topic = case.topic(4)
    write(machine, case.settings([topic]))
    machine.run("systemctl", "start", UNIT)
    with Feeder(case.broker, topic, 4):
        case.wait_progress(topic)
        machine.run("systemctl", "kill", "--signal=KILL", UNIT)
        until("the restart", lambda: restarts(machine) == 1 and is_active(machine) == "active", 60)
        case.wait_progress(topic, seconds=60)
    case.wait_landed(topic, seconds=60)
    case.judge(topic)


def test_a_crash_loop_is_ended_by_kafka_skip(case, machine, tmp_path):
    """The journal names the record, and shows where; the restart limit ends no loop."""
    topic = case.topic(1)
    case.produce(topic, crashing_rows(100))
    write(machine, case.settings([topic]))
    machine.take(shim(tmp_path), "/usr/local/lib/crashing.so")
    machine.sh("chmod 644 /usr/local/lib/crashing.so")
    machine.write(f"/run/systemd/system/{UNIT}.d/crashes.conf",
                  "[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/crashing.so\nRestartSec=100ms\n")
    machine.run("systemctl", "daemon-reload")
    skip = f"{topic}:0:{CRASH_AT}"
    try:
        machine.run("systemctl", "start", UNIT, check=False)  # it may crash before it is ready
        until("restarts", lambda: restarts(machine) >= 6, 120)
        words = until("the last words", lambda: [e["MESSAGE"] for e in machine.journal("-u", UNIT, "EVENT=crashed")
                                                 if skip in e["MESSAGE"]], 60)
        assert f'kafka.skip = [ "{skip}" ]' in words[0]
        assert [e for e in machine.journal("-u", UNIT) if "kafka2s3(+0x" in e["MESSAGE"]]
        assert [e for e in machine.journal("-u", UNIT) if re.search("SIGSEGV.*build id [0-9a-f]{40}", e["MESSAGE"])]
        assert case.keys() == []
        write(machine, merged(case.settings([topic]), {"kafka": {"skip": [skip]}}))
        case.wait_landed(topic, seconds=60)
    finally:
        machine.sh(f"systemctl stop {UNIT}; rm -r /run/systemd/system/{UNIT}.d /usr/local/lib/crashing.so;"
                   "systemctl daemon-reload")
    assert case.judge(topic, skip=[(0, CRASH_AT)]).dead == 1


def test_a_thread_that_hangs_is_found_by_the_watchdog(case, machine, suite):
    """Each thread of ours in turn, held from outside; those of credentials and of Glue, which tests/daemon holds too,
    where there is time for it."""
    more = ("credentials", "glue") if suite == "trixie" else ()
    topic = case.topic(4)
    replay = {"enabled": True, "file": "/etc/kafka2s3/rows.csv", "topic": case.topic(suffix="-rows"), "rate": 20.0,
              "loop": True}
    write(machine, merged(case.settings([topic]), {
        "replay": replay, "catalog": "table" if more else "none", "glue": {"database": "lake"}}))
    machine.write("/etc/kafka2s3/rows.csv", "n\n1\n2\n", 0o644)
    machine.write(f"/run/systemd/system/{UNIT}.d/watchdog.conf",
                  "[Service]\nWatchdogSec=6s\nTimeoutAbortSec=5s\nRestartSec=100ms\n"
                  "Environment=AWS_ENDPOINT_URL_GLUE=http://127.0.0.1:9\n")
    machine.run("systemctl", "daemon-reload")
    try:
        machine.run("systemctl", "start", UNIT)
        with Feeder(case.broker, topic, 4, per_second=500):
            for n, name in enumerate(("consumer", "uploader", "replay", *more, "kafka2s3"), 1):
                case.wait_progress(topic, seconds=60)
                with held(threads(machine.host_pid(main_pid(machine)))[name]) as hear:
                    until(f"the restart, {name} held", lambda n=n, hear=hear: hear() or restarts(machine) == n, 20,
                          every=0.3)
                until("it is up again", lambda: is_active(machine) == "active", 60, every=0.3)
        case.wait_landed(topic, seconds=90)
    finally:
        machine.sh(f"systemctl stop {UNIT}; rm -r /run/systemd/system/{UNIT}.d; systemctl daemon-reload")
    assert [e for e in machine.journal("-u", UNIT) if "Watchdog timeout" in e["MESSAGE"]]
    case.judge(topic)


def test_two_instances_share_a_group(case, machine):
    topic = case.topic(4)
    for name in ("one", "two"):
        settings = merged(case.settings([topic]), {"kafka": {"options": [
            *case.settings([topic])["kafka"]["options"], f"client.id={name}"]}})
        write(machine, settings, f"/etc/kafka2s3/{name}.conf")
        machine.run("systemctl", "start", f"kafka2s3@{name}")
    with Feeder(case.broker, topic, 4):
        case.until("both in the group", lambda: case.broker.members(case.group) == ["one", "two"], 60, every=0.5)
        for name in ("one", "two"):
            until(f"what {name} has landed",
                  lambda name=name: machine.journal("-u", f"kafka2s3@{name}", "EVENT=range-landed"), 60)
    case.wait_landed(topic, seconds=60)
    case.judge(topic)


def test_the_journal_has_fields(case, machine):
    topic = case.topic(1)
    write(machine, merged(case.settings([topic]), {"log": {"level": "debug"}}))
    machine.run("systemctl", "start", UNIT)
    case.produce(topic, [b"no document", *stock_rows(499)])
    case.wait_landed(topic)
    until("the last line about the topic",
          lambda: machine.journal(f"TOPIC={topic}", "OFFSET_NEXT=500", "EVENT=range-landed"), 30)
    entries = machine.journal(f"TOPIC={topic}")
    assert {e["PARTITION"] for e in entries} == {"0"}
    landed = [e for e in entries if e.get("EVENT") == "range-landed"]
    assert [int(e["OFFSET_FIRST"]) for e in landed] == [0] + [int(e["OFFSET_NEXT"]) for e in landed[:-1]]
    assert sum(int(e["RECORDS"]) for e in landed) == 500
    sizes = [o["Size"] for o in case.s3.list_objects_v2(Bucket=case.bucket)["Contents"]]
    assert sum(int(e["BYTES"]) for e in landed) == sum(sizes)
    assert all(len(e["MESSAGE_ID"]) == 32 and e["PRIORITY"] == "6" for e in landed)
    assert [e["PRIORITY"] for e in entries if e.get("EVENT") == "dead-letters"] == ["4"]
    objects = [e for e in entries if e.get("EVENT") == "object-published"]
    assert sorted(e["S3_KEY"] for e in objects) == sorted(case.keys()) and {e["PRIORITY"] for e in objects} == {"7"}
    explained = machine.run("journalctl", "--no-pager", "-x", f"TOPIC={topic}", "EVENT=range-landed").stdout
    assert all(part in explained for part in ("Subject: ", "Documentation: man:kafka2s3-runbook(7)", "Do: "))


def test_upgrade_and_downgrade_in_full_flow(case, machine):
    topic = case.topic(4)
    write(machine, case.settings([topic]))
    machine.run("systemctl", "start", UNIT)
    with Feeder(case.broker, topic, 4):
        case.wait_progress(topic)
        pid = main_pid(machine)
        machine.run("apt-get", "install", "-y", "/root/newer.deb")
        assert is_active(machine) == "active" and main_pid(machine) != pid
        assert case.group in machine.run("cat", FILE).stdout  # although the sample is another one
        case.wait_progress(topic, seconds=60)
        pid = main_pid(machine)
        machine.run("apt-get", "install", "-y", "--allow-downgrades", "/root/kafka2s3.deb")
        assert is_active(machine) == "active" and main_pid(machine) != pid
        case.wait_progress(topic, seconds=60)
    assert case.group in machine.run("cat", FILE).stdout
    case.wait_landed(topic, seconds=60)
    case.judge(topic)


def test_start_upgrade_and_stop_while_s3_is_away(case, machine):
    topic = case.topic(1)
    write(machine, merged(case.settings([topic]), {"start_timeout": "3s"}))
    case.produce(topic, stock_rows(500))
    case.gateway.stop()
    try:
        machine.run("systemctl", "start", UNIT)
        assert "S3" in machine.show(UNIT, "StatusText")["StatusText"]
        machine.run("apt-get", "install", "-y", "/root/newer.deb")
        assert is_active(machine) == "active"
        assert restarts(machine) == 0
        case.wait_intent(topic, 0, seconds=60)
        machine.run("systemctl", "stop", UNIT)
        assert machine.show(UNIT, "Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}
        case.wait_intent(topic, 0)  # it is left in place
    finally:
        case.gateway.start()
    machine.run("systemctl", "start", UNIT)
    case.wait_landed(topic, seconds=60)
    case.judge(topic)


def test_what_a_boot_starts_waits_for_no_kafka(case, machine):
    """As a boot does it: by the target. Nor does another version, which it is then."""
    write(machine, merged(case.settings(["none"]), {"kafka": {"brokers": "kafka.test:9"}, "start_timeout": "2s"}))
    machine.run("systemctl", "start", "multi-user.target")
    assert is_active(machine) == "active"
    assert "waits for Kafka" in machine.show(UNIT, "StatusText")["StatusText"]
    pid = main_pid(machine)
    machine.run("apt-get", "install", "-y", "--allow-downgrades", "/root/kafka2s3.deb")
    assert is_active(machine) == "active" and main_pid(machine) != pid
    machine.run("systemctl", "stop", UNIT)
    assert machine.show(UNIT, "Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}


def test_a_credential_is_seen_nowhere(case, machine):
    topic = case.topic(1)
    settings = case.settings([topic])
    secret = settings["s3"]["secret_access_key"]
    settings["s3"]["secret_access_key"] = "file:${CREDENTIALS_DIRECTORY}/s3"
    write(machine, settings)
    machine.write("/etc/kafka2s3/s3-secret", secret + "\n", 0o600)
    machine.write(f"/etc/systemd/system/{UNIT}.d/secret.conf", "[Service]\nLoadCredential=s3:/etc/kafka2s3/s3-secret\n")
    machine.run("systemctl", "daemon-reload")
    try:
        machine.run("systemctl", "start", UNIT)
        case.produce(topic, stock_rows(500))
        case.wait_landed(topic)
        machine.run("systemctl", "reload", UNIT)
        pid = main_pid(machine)
        seen = [machine.run("systemctl", "show", UNIT).stdout, machine.run("journalctl", "-o", "export").stdout,
                machine.run("kafka2s3", "status", "--json").stdout, machine.run("kafka2s3", "settings").stdout,
                machine.run("cat", f"/proc/{pid}/environ", f"/proc/{pid}/cmdline").stdout]
        assert all(seen) and not [text for text in seen if secret in text]
    finally:
        machine.sh(f"systemctl stop {UNIT}; rm -r /etc/systemd/system/{UNIT}.d; systemctl daemon-reload")
        write(machine, case.settings([topic]))
    case.judge(topic)


def test_remove_and_purge_leave_nothing(case, machine):
    """Removed, the file stays its user's, as does one that was there before the package; purged, nothing is left but
    the user that the files belonged to."""
    machine.run("apt-get", "remove", "-y", "kafka2s3")
    assert is_active(machine) == "inactive"
    assert "group" in machine.run("cat", FILE).stdout
    machine.run("apt-get", "install", "-y", "/root/kafka2s3.deb")
    assert "group" in machine.run("cat", FILE).stdout
    assert is_active(machine) == "active"  # its file is no more the sample
    machine.sh("rm -rf /etc/kafka2s3/*")
    machine.run("apt-get", "purge", "-y", "kafka2s3")
    write(machine, merged(case.settings(["none"]), {"start_timeout": "1s"}))
    machine.run("apt-get", "install", "-y", "/root/kafka2s3.deb")
    assert case.group in machine.run("cat", FILE).stdout and is_active(machine) == "active"
    assert machine.run("stat", "-c", "%U:%G %a", FILE).stdout.strip() == "root:kafka2s3 640"
    machine.run("apt-get", "purge", "-y", "kafka2s3")
    left = machine.sh("find / -xdev \\( -path /proc -o -path /sys -o -path /root -o -path /var/log -o -path /var/cache"
                      " -o -path /tmp \\) -prune -o -name '*kafka2s3*' -print").stdout.split()
    assert left == []
    assert machine.run("dpkg", "--audit").stdout == ""
