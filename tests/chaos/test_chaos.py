# SPDX-License-Identifier: Apache-2.0
"""The chaos run, bounded, and what takes longer. A failed seed can be run again: tests/chaos/driver.py --seed N."""
import pathlib
import subprocess
import sys

import pytest

import driver
import events
import steps

pytestmark = pytest.mark.plain  # false clocks are libraries that come before the sanitizer's

HERE = pathlib.Path(__file__).resolve().parent


def assert_well(world, problems):
    assert not problems, "\n".join(world.story)


def test_each_step_is_struck_by_a_kill(parts, tmp_path):
    world, problems = driver.run_seed(parts, 1, driver.bounded, tmp_path / "run", per_second=2000)
    assert_well(world, problems)
    assert world.kills >= 15
    assert set(world.steps) == {s.name for s in steps.STEPS}


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_200_kills_over_20_seeds(tmp_path):
    """Five million records, each step five times: the bars are the driver's."""
    with open(tmp_path / "story", "w") as story:
        done = subprocess.run([sys.executable, HERE / "driver.py", "--long"], stdout=story, stderr=story, check=False)
    assert done.returncode == 0, "\n".join((tmp_path / "story").read_text().splitlines()[-200:])
    print((driver.WORK / "summary").read_text())


def storm(parts, directory, binary=None):
    gaps = []

    def play(world):
        loaded = pathlib.Path(f"/proc/{world.members[0].daemon.process.pid}/maps").read_text()
        assert f"{pathlib.Path(binary).parent if binary else ''}/usr/lib/" in loaded
        gaps.append(events.join_storm(world, 180))
    world, problems = driver.run_seed(parts, 1, play, directory, per_second=2000, age="1s", binary=binary)
    assert_well(world, problems)
    assert max(gaps) < 20


@pytest.mark.slow
@pytest.mark.timeout(700)
def test_join_storm(parts, tmp_path):
    storm(parts, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_join_storm_with_the_librdkafka_of_debian_13(parts, tmp_path):
    made = subprocess.run([HERE / "debian13"], check=True, stdout=subprocess.PIPE, text=True)
    binary, version = made.stdout.split()
    assert version.startswith("2.8."), version
    storm(parts, tmp_path / "run", binary)
