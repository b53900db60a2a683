# SPDX-License-Identifier: Apache-2.0
"""What is left of a daemon that crashes over a record."""
import os
import re
import signal
import subprocess

import pytest

from crashing import CRASH_AT, crashing_rows, shim

pytestmark = pytest.mark.plain  # a sanitizer has its own last words


def test_a_crash_loop_is_ended_by_kafka_skip(case, tmp_path):
    """Each one names the record that was in hand, and dies by its signal, with a build id and a backtrace; nothing is
    landed until the record is skipped, unparsed."""
    topic = case.topic()
    case.produce(topic, crashing_rows(100))
    d = case.daemon(topic, start=False)
    d.env = {"LD_PRELOAD": str(shim(tmp_path))}
    skip = f"{topic}:0:{CRASH_AT}"
    build_id = subprocess.run(["readelf", "-n", d.binary], check=True, capture_output=True, text=True).stdout
    build_id = re.search(r"Build ID: ([0-9a-f]+)", build_id).group(1)
    for _ in range(2):
        d.start()
        d.expected_up = False
        assert d.process.wait_end(90) == -signal.SIGSEGV
        said = d.log()[d.began:]
        assert re.search(rf'had in hand: topic {re.escape(topic)} partition 0 offset {CRASH_AT}; .*'
                         rf'kafka.skip = \[ "{re.escape(skip)}" \]', said)
        assert re.search(rf"crashed: signal 11 \(SIGSEGV\), thread uploader, build id {build_id}", said)
        assert f"{os.path.basename(d.binary)}(+0x" in said
    assert not case.keys()
    d.write(kafka={"skip": [skip]})
    d.start()
    case.wait_landed(topic, seconds=60)
    assert d.terminate(60) == 0
    j = case.judge(topic, skip=[(0, CRASH_AT)])
    assert (j.rows, j.dead) == (99, 1)
