# SPDX-License-Identifier: Apache-2.0
"""Without the package: README.md's commands for where there is none, on a Debian that boots. What is built on this one
is taken there; all else runs there as it stands."""
import re

import pytest

from conftest import TOP, said
from daemon import libconfig
from rows import stock_rows

pytestmark = pytest.mark.slow
BLOCK = re.search(r"^Elsewhere:\n.*?```sh\n(.*?)^```$", (TOP / "README.md").read_text(), re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def machine(bare_machine):
    return bare_machine


def test_a_service_as_the_readme_sets_it_up(case, machine, tmp_path):
    built, rest = BLOCK.split("\n", 1)
    assert built == "make -j2 && make install prefix=/usr"
    said(["sh", "-ec", f"{built} DESTDIR={tmp_path}/tree; tar -C {tmp_path}/tree -cf {tmp_path}/tree.tar .; echo done"])
    machine.take(tmp_path / "tree.tar", "/root/tree.tar")
    machine.sh("tar -xf /root/tree.tar -C / --no-same-owner --no-overwrite-dir --keep-directory-symlink")
    topic = case.topic(2)
    case.produce(topic, stock_rows(1000), partitions=2)
    machine.write("/root/kafka2s3.conf", "".join(f"{k} = {libconfig(v)};\n" for k, v in case.settings([topic]).items()))
    machine.sh(f"cd /root; {rest}")
    assert machine.show("kafka2s3", "ActiveState", "UnitFileState", "User") == {
        "ActiveState": "active", "UnitFileState": "enabled", "User": "kafka2s3"}
    case.wait_landed(topic, seconds=60)
    assert case.judge(topic).rows == 1000
