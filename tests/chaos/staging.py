# SPDX-License-Identifier: Apache-2.0
"""What the staged scenarios share: a world of daemons with a plot, and what is asked of it in between."""
import time

import driver
from wire import REQUEST
from world import NARROW_PARTITIONS


def staged(parts, tmp_path, play, **more):
    """A daemon on two topics while a producer never rests; play(world), then all has to be there once."""
    world, problems = driver.run_seed(parts, 1, play, tmp_path / "run", **{"per_second": 1000, "age": "1s", **more})
    assert not problems, "\n".join(world.story)
    return world


def caught(world, what, stage, tries=5):
    """A moment that a slow machine can miss: staged until stage() says that it was there. What comes of it is judged
    once."""
    for _ in range(tries):
        if stage():
            return
        world.say(f"missed: {what}; S3 was asked for {[member.s3.counts for member in world.members]}")
        world.progress(everywhere=True)
    raise AssertionError(f"missed {tries} times: {what}")


def within(seconds, condition):
    """Does it become true? For a moment that is over then."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def burst_until(world, rule):
    """A range of the wide topic may be sealed by its age before it holds a part."""
    def burst():
        world.burst()
        return rule.hit.wait(15)
    caught(world, "an upload in parts", burst)


def cut_off(world, member):
    """From Kafka, until the rule is removed."""
    return world.parts.kafka.rule(None, REQUEST, "cut", client=member.name, times=None)


def both_are_in(world):
    world.case.until("two members", lambda: len(world.parts.broker.members(world.case.group) or ()) == 2, 30)


def of_narrow(world, partition):
    """For a rule that means one partition only."""
    return lambda e: e.topic == world.narrow and e.partition == partition


def others_go_on(world, partition):
    """All of the narrow topic but this partition are committed further, and it is not."""
    before = world.committed()
    others = {p: before.get(p, 0) + 1 for p in range(NARROW_PARTITIONS) if p != partition}
    world.case.wait_committed(world.narrow, others, world.patience)
    assert world.committed().get(partition) == before.get(partition)


def wait_state(world, member, topic, partition, words):
    """Until it answers to SIGUSR1 in these words."""
    world.case.until(lambda: f"{topic}:{partition}: {words}, is: {member.daemon.state(topic, partition)}",
                     lambda: words in member.daemon.state(topic, partition), 30)
