#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The chaos run: the shipped daemon between two proxies, killed, frozen, cut off and crowded, and judged.

    tests/chaos/driver.py --seed N [--kills K]      one seed, its story, and the judge's word
    tests/chaos/driver.py --seeds N --kills K       N seeds from --seed on, K kills in all

The same seed makes the same choices; what the daemons are at in that instant is left to the machine. The files of a
seed that failed stay in build/chaos.
"""
import argparse
import os
import pathlib
import shutil
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "real")]

import events  # noqa: E402
import steps  # noqa: E402
from parts import Parts  # noqa: E402
from world import World  # noqa: E402

WORK = HERE.parent.parent / "build" / "chaos"
RARE = 0.04     # of an event: the broker restarts, which takes long
FREEZES = 0.25  # of the steps are struck by a freeze, not a kill


def at_a_step(world, step, freezes=FREEZES):
    strike = events.freeze if world.rng.random() < freezes else events.kill
    events.catch(world, world.busy(), step, strike)


def pick(world, waiting):
    """The next event: of the steps that wait for their turn, or of all that can happen."""
    if waiting and world.rng.random() < 0.5:
        step = waiting.pop()
        return lambda w: at_a_step(w, step)
    if world.rng.random() < RARE:
        return events.broker_restarts
    return world.rng.choice(events.COMMON)


def bounded(world):
    """Each step once, by a kill, and some more at any instant."""
    order = list(steps.STEPS)
    world.rng.shuffle(order)
    for step in order:
        for _ in range(3):
            if step.name not in world.steps:
                at_a_step(world, step, freezes=0)
        world.progress()
    while world.kills < 15:
        events.kill_at_any_instant(world)
        world.progress()


def free(world, kills):
    """Mixed events until so many kills; a third of the steps in turn, so that a row of seeds has them all."""
    waiting = [s for i, s in enumerate(steps.STEPS) if (i + world.seed) % 2 == 0]
    world.rng.shuffle(waiting)
    while world.kills < kills or waiting:
        pick(world, waiting)(world)
        if world.rng.random() < 0.7:
            took = world.progress()
            if took > 10:
                world.say(f"    the next commit came after {took:.1f} s")


def run_seed(parts, seed, play, directory=None, **more):
    """(world, problems): one seed from its first record to the verdict."""
    directory = pathlib.Path(directory or WORK / f"seed-{seed}")
    world = World(parts, seed, str(directory), **more)
    try:
        with_story(world, play)
        problems, verdict = world.verdict()
    except Exception as error:
        traceback.print_exc(limit=-4)
        problems, verdict = [f"{type(error).__name__}: {error}"], f"seed {seed}: the run itself failed"
    finally:
        world.close()
    world.say(verdict)
    for problem in problems:
        world.say(f"    {problem[:3000]}")
    (directory / "story").write_text("\n".join(world.story) + "\n")
    if not problems:
        world.forget()
        shutil.rmtree(directory)
    return world, problems


def with_story(world, play):
    world.members[0].start()
    world.say(f"{world.members[0].name} is started")
    world.feeder.__enter__()
    world.progress(everywhere=True)
    play(world)
    world.settle()


def session_ms(seed):
    """One seed in ten with the time-out that users have."""
    return 45000 if seed % 10 == 0 else 3000


def times(worlds, step):
    return sum(w.steps.get(step.name, 0) for w in worlds)


def table(worlds):
    """How often each step was struck."""
    return "\n".join(["times  struck between"] + [f"{times(worlds, s):5}  {s.name}" for s in steps.STEPS])


def sums(worlds):
    return (f"{len(worlds)} seeds, {sum(w.kills for w in worlds)} kills, {sum(w.frozen for w in worlds)} freezes, "
            f"{sum(w.sent for w in worlds)} records")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--kills", type=int, default=10, help="in all seeds together")
    parser.add_argument("--per-second", type=int, default=4000, help="records produced")
    parser.add_argument("--bounded", action="store_true", help="each step once, as make check does it")
    options = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    each = -(-options.kills // options.seeds)
    worlds, failed = [], []
    with Parts(fresh(WORK / f"parts-{os.getpid()}")) as parts:
        for seed in range(options.seed, options.seed + options.seeds):
            world, problems = run_seed(parts, seed, bounded if options.bounded else lambda w: free(w, each),
                                       session_ms=session_ms(seed), per_second=options.per_second)
            worlds.append(world)
            failed += [seed] if problems else []
        if not failed:
            shutil.rmtree(parts.dir)
    conclude(worlds, failed)
    return 1 if failed else 0


def conclude(worlds, failed=()):
    """The last lines of a run, printed and kept in build/chaos/summary."""
    text = f"{table(worlds)}\n{sums(worlds)}, failed seeds: {', '.join(map(str, failed)) or 'none'}\n"
    print(text, end="")
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "summary").write_text(text)


def fresh(directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


if __name__ == "__main__":
    sys.exit(main())
