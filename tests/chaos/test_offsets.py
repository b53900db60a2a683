# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 offsets set` while others are at work."""
import subprocess

from rows import stock_rows
from s3_proxy import LIST
from wire import REQUEST


def test_a_group_that_moves_while_its_offsets_are_being_set(case):
    """Between what the command has read and what it would commit."""
    topic = case.topic(2)
    d = case.daemon(topic)
    case.produce(topic, stock_rows(200), partitions=2)
    case.wait_landed(topic)
    assert d.terminate() == 0
    looks = case.proxy.rule(LIST, REQUEST, "hold", times=None)
    with subprocess.Popen(d.command("offsets", "set", "--from-s3", "--replace"), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as command:
        assert looks.wait_hit(20)
        case.commit_from_outside(topic, 0, 50)
        text = case.text(topic, 1)
        case.proxy.remove(looks)
        said = "".join(command.communicate(timeout=200))
    assert command.returncode == 75, said
    assert f'topic "{topic}" partition 0 has moved meanwhile: nothing is set, run it again' in said
    assert case.committed(topic) == {0: 50, 1: 100}
    assert case.text(topic, 1) == text
