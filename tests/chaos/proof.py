# SPDX-License-Identifier: Apache-2.0
"""`kafka2s3 verify --deep` against the judge, in both directions: of what a seed has left they say the same, and of
three objects that are taken away, doubled and cut short after that, too."""
import re

import judge

TWIN = "00ffee00c0ffee11"


def agree(auditor, judgements):
    """[where the two differ]; auditor: a daemon with the group's settings that was never started."""
    code, said = auditor.verify("--deep")
    whole = not any(j.problems() for j in judgements)
    if (code == 0) != whole:
        return [f"the judge finds {'nothing' if whole else 'something'} wrong, verify --deep exits with {code}: "
                f"{said['findings'][:5]}"]
    counted, rows = sum(p["records"] for p in said["partitions"]), sum(j.rows + j.dead for j in judgements)
    return [f"the judge counts {rows} records, verify --deep {counted}"] if whole and counted != rows else []


def take_away(case, o):
    case.s3.delete_object(Bucket=case.bucket, Key=o.key)


def double(case, o):
    case.s3.copy_object(Bucket=case.bucket, Key=o.key.replace(o.id, TWIN),
                        CopySource={"Bucket": case.bucket, "Key": o.key})


def cut_short(case, o):
    meta = case.s3.head_object(Bucket=case.bucket, Key=o.key)["Metadata"]
    case.s3.put_object(Bucket=case.bucket, Key=o.key, Body=o.body[:-5], Metadata=meta)


HARMS = [(take_away, "missing"), (double, "double"), (cut_short, "damaged")]


def victim(j, partition, rng):
    """An object of it, not of its newest range: nothing names that one yet but the group."""
    ranges = sorted(r for r in j.ranges if r[0] == partition)
    return rng.choice(j.ranges[rng.choice(ranges[:-1])])


def harm(case, j, rng):
    """{partition: (kind, start of the range)}: what is to be found, one harm to each of three partitions."""
    partitions = rng.sample(range(3), 3)
    todo = {}
    for partition, (do, kind) in zip(partitions, HARMS, strict=True):
        o = victim(j, partition, rng)
        do(case, o)
        todo[partition] = (kind, o.start)
    return todo


def seen_by_judge(j):
    """{(partition, kind)}"""
    seen = {(int(m.split(":")[1]), "missing") for m in j.missing}
    for kind in ("double", "damaged"):
        seen |= {(int(judge.KEY.match(re.split(" line |: ", text)[0])["partition"]), kind)
                 for text in getattr(j, kind)}
    return seen


def unseen(auditor, j, harmed):
    """[what either of the two did not find, or found besides]"""
    problems = []
    seen = seen_by_judge(j)
    for partition, (kind, start) in harmed.items():
        if (partition, kind) not in seen:
            problems.append(f"the judge does not see that {partition} from {start} on is {kind}: {j.problems()}")
    code, said = auditor.verify("--deep")
    found = sorted((f["partition"], f["kind"], f["first_offset"]) for f in said["findings"])
    if code != 1 or found != sorted((p, kind, start) for p, (kind, start) in harmed.items()):
        problems.append(f"verify --deep exits with {code} and finds {found} where {harmed} was done")
    return problems
