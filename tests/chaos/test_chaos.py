# SPDX-License-Identifier: Apache-2.0
"""The chaos run, bounded, and what takes longer. A failed seed can be run again: tests/chaos/driver.py --seed N."""
import pytest

import driver
import events
import steps


def assert_well(world, problems):
    assert not problems, "\n".join(world.story)


def test_each_step_is_struck_by_a_kill(parts, tmp_path):
    world, problems = driver.run_seed(parts, 1, driver.bounded, tmp_path / "run", per_second=2000)
    assert_well(world, problems)
    assert world.kills >= 15
    assert set(world.steps) == {s.name for s in steps.STEPS}


@pytest.mark.slow
@pytest.mark.timeout(7000)
def test_200_kills_over_20_seeds(parts, tmp_path):
    worlds = []
    for seed in range(1, 21):
        world, problems = driver.run_seed(parts, seed, lambda w: driver.free(w, 10), tmp_path / f"seed-{seed}",
                                          session_ms=driver.session_ms(seed))
        assert_well(world, problems)
        worlds.append(world)
    driver.conclude(worlds)
    assert sum(w.kills for w in worlds) >= 200
    assert sum(w.sent for w in worlds) >= 5_000_000
    assert all(driver.times(worlds, s) >= 5 for s in steps.STEPS), driver.table(worlds)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_join_storm(parts, tmp_path):
    gaps = []
    world, problems = driver.run_seed(parts, 1, lambda w: gaps.append(events.join_storm(w, 180)), tmp_path / "run",
                                      per_second=2000, age="1s")
    assert_well(world, problems)
    assert max(gaps) < 20
