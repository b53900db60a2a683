#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The chaos run: the shipped daemon between two proxies, killed, frozen, cut off and crowded, and judged.

    tests/chaos/driver.py --seed N [--kills K]      one seed, its story, and the judge's word
    tests/chaos/driver.py --long                    the long run: its seeds, two side by side, against its bars

A seed draws from one row of numbers. What the daemons are at is left to the machine; where that decides how many are
drawn (which of them is busy, whether one came to a step) two runs part from there on. The files of a seed that failed
stay in build/chaos, its last lines and how to run it again in build/chaos/summary.
"""
import argparse
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "real"), str(HERE.parent / "servers")]

import events  # noqa: E402
import process  # noqa: E402
import steps  # noqa: E402
from parts import Parts  # noqa: E402
from world import World  # noqa: E402

WORK = HERE.parent.parent / "build" / "chaos"
RARE = 0.04     # of an event: the broker restarts, which takes long
FREEZES = 0.25  # of the steps are struck by a freeze, not a kill
LONG = {"seeds": 20, "kills": 200, "records": 5_000_000, "each": 5, "lanes": 2}


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
    return world.rng.choice(events.COMMON + (events.OF_GLUE if world.glue else []))


def bounded(world):
    """Each step once, by a kill, and some more at any instant."""
    order = list(steps.STEPS)
    world.rng.shuffle(order)
    for step in order:
        for _ in range(5):
            if step.name not in world.steps:
                at_a_step(world, step, freezes=0)
        world.progress()
    while world.kills < 15:
        events.kill_at_any_instant(world)
        world.progress()


def free(world, kills, records=0):
    """Mixed events until so many kills and records; half of the steps in turn, so that a row of seeds has them all."""
    waiting = [s for i, s in enumerate(steps.STEPS) if (i + world.seed) % 2 == 0]
    world.rng.shuffle(waiting)
    while world.kills < kills or waiting or world.sent < records:
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
    return None if seed % 10 == 0 else 3000


class Result:
    """What is left of a seed."""

    def __init__(self, seed, kills, frozen, sent, steps_struck, problems):
        self.seed, self.kills, self.frozen, self.sent = seed, kills, frozen, sent
        self.steps, self.problems = steps_struck, problems

    @classmethod
    def of(cls, world, problems):
        return cls(world.seed, world.kills, world.frozen, world.sent, world.steps, problems)

    def line(self):
        return json.dumps([self.seed, self.kills, self.frozen, self.sent, self.steps, self.problems]) + "\n"


def run_lane(options):
    """[Result]: seeds one after the other, on a Kafka and an S3 of their own."""
    kills, records = -(-options.kills // options.seeds), -(-options.records // options.seeds)
    results = []
    with Parts(tempfile.mkdtemp(prefix="parts-", dir=WORK)) as parts:
        for seed in range(options.seed, options.seed + options.seeds * options.every, options.every):
            play = bounded if options.bounded else lambda w: free(w, kills, records)
            result = Result.of(*run_seed(parts, seed, play, session_ms=session_ms(seed),
                                         per_second=options.per_second))
            results.append(result)
            if options.results:
                with open(options.results, "a") as f:
                    f.write(result.line())
        if not any(r.problems for r in results):
            shutil.rmtree(parts.dir)
    return results


def start_lane(options, number, path):
    """A process that runs every so many-th seed; it ends with us."""
    seeds = len(range(number, options.seeds, options.lanes))
    argv = {"seed": options.seed + number, "seeds": seeds, "every": options.lanes, "results": path,
            "kills": options.kills * seeds // options.seeds, "records": options.records * seeds // options.seeds,
            "per-second": options.per_second}
    return subprocess.Popen([sys.executable, __file__, *(f"--{k}={v}" for k, v in argv.items())],
                            preexec_fn=lambda: process.libc.prctl(process.PR_SET_PDEATHSIG, signal.SIGTERM))


def run_lanes(options):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "results"
        path.touch()
        for lane in [start_lane(options, n, path) for n in range(options.lanes)]:
            lane.wait()
        return [Result(*json.loads(line)) for line in path.read_text().splitlines()]


def times(results, step):
    return sum(r.steps.get(step.name, 0) for r in results)


def table(results):
    """How often each step was struck."""
    return "\n".join(["times  struck between"] + [f"{times(results, s):5}  {s.name}" for s in steps.STEPS])


def sums(results):
    return (f"{len(results)} seeds, {sum(r.kills for r in results)} kills, {sum(r.frozen for r in results)} freezes, "
            f"{sum(r.sent for r in results)} records")


def again(options):
    """How to run one of its seeds by itself."""
    of_each = {k: -(-getattr(options, k) // options.seeds) for k in ("kills", "records")}
    more = "--bounded" if options.bounded else " ".join(f"--{k} {v}" for k, v in of_each.items())
    return f"tests/chaos/driver.py --seed N {more} --per-second {options.per_second}"


def unmet(results, options):
    """[bars that were not reached]"""
    failed = sorted(r.seed for r in results if r.problems)
    found = [f"failed seeds: {', '.join(map(str, failed))} (again: {again(options)})"] if failed else []
    if len(results) < options.seeds:
        found.append(f"{options.seeds - len(results)} seeds did not come to an end")
    for name, reached in (("kills", sum(r.kills for r in results)), ("records", sum(r.sent for r in results))):
        if reached < getattr(options, name):
            found.append(f"{reached} {name}, not {getattr(options, name)}")
    return found + [f"fewer than {options.each} times: {s.name}" for s in steps.STEPS
                    if times(results, s) < options.each]


def conclude(results, options):
    """The last lines of a run, printed and kept in build/chaos/summary. True: all is well."""
    found = unmet(results, options)
    text = f"{table(results)}\n{sums(results)}: {'; '.join(found) or 'missing 0, double 0'}\n"
    print(text, end="", flush=True)
    (WORK / "summary").write_text(text)
    return not found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--every", type=int, default=1, help="from one seed to the next")
    parser.add_argument("--kills", type=int, default=10, help="in all seeds together, at least")
    parser.add_argument("--records", type=int, default=0, help="in all seeds together, at least")
    parser.add_argument("--each", type=int, default=0, help="how often each step is struck, at least")
    parser.add_argument("--lanes", type=int, default=1, help="seeds side by side")
    parser.add_argument("--per-second", type=int, default=2500, help="records produced for each seed")
    parser.add_argument("--bounded", action="store_true", help="each step once, as make check does it")
    parser.add_argument("--long", action="store_true", help=", ".join(f"{k} {v}" for k, v in LONG.items()))
    parser.add_argument("--results", help="a file to add a line for each seed to")
    options = parser.parse_args()
    if options.long:
        vars(options).update(LONG)
    return options


def main():
    options = arguments()
    WORK.mkdir(parents=True, exist_ok=True)
    if options.results:     # another run's lane
        return 1 if any(r.problems for r in run_lane(options)) else 0
    results = run_lane(options) if options.lanes == 1 else run_lanes(options)
    return 0 if conclude(results, options) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
