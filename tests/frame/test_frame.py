# SPDX-License-Identifier: Apache-2.0
"""The tools that guard the code, guarded: a runner that counts wrongly would let anything through."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def tree(tmp_path):
    """A tree of its own with the runner and the checks in it."""
    for name in ("tests/run", "tools/check-layering", "tools/check-text", "src/base/banned.h"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, tmp_path / name)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def program(tree, name, *lines, code=0):
    path = tree / "build/tests/x" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines) + f"exit {code}\n")
    path.chmod(0o755)
    return str(path.relative_to(tree))


def output(tree, *jobs):
    done = subprocess.run(["tests/run", *jobs], cwd=tree, env={**os.environ, "TMPDIR": str(tree)}, capture_output=True,
                          text=True, timeout=300, check=False)
    return done.stdout.splitlines(), done.returncode


def run(tree, *jobs):
    """The last line, and the exit code."""
    lines, code = output(tree, *jobs)
    return lines[-1], code


GOOD = ("1..2", "ok 1 - a", "ok 2 - b")


@pytest.mark.parametrize("lines, code, last, exit_code", [
    (GOOD, 0, "2 passed, 0 failed, 0 skipped", 0),
    (("1..2", "ok 1 - a", "not ok 2 - b"), 1, "1 passed, 1 failed, 0 skipped", 1),
    (("1..2", "ok 1 - a", "not ok 2 # SKIP b"), 0, "1 passed, 0 failed, 1 skipped", 1),
    (("1..3", "ok 1 - a"), 0, "1 passed, 2 failed, 0 skipped", 1),   # it ended too early
    (GOOD, 1, "2 passed, 1 failed, 0 skipped", 1),                   # a leak found at exit
    ((), 0, "0 passed, 1 failed, 0 skipped", 1),
])
def test_runner_counts_tap(tree, lines, code, last, exit_code):
    assert run(tree, program(tree, "test_a", *lines, code=code)) == (last, exit_code)


def test_runner_counts_pytest(tree):
    folder = tree / "tests/y"
    folder.mkdir()
    (folder / "test_y.py").write_text("import pytest\ndef test_a(): pass\ndef test_b(): assert 0\n"
                                      "@pytest.mark.skip\ndef test_c(): pass\n")
    good = program(tree, "test_a", *GOOD)
    assert run(tree, good, "tests/y/test_y.py") == ("3 passed, 1 failed, 1 skipped", 1)
    (folder / "test_y.py").write_text("import nothing_of_that_name\n")
    assert run(tree, good, "tests/y/test_y.py") == ("2 passed, 1 failed, 0 skipped", 1)


def session(tree, name, text, ini="[pytest]\n"):
    folder = tree / "tests" / name
    folder.mkdir()
    (folder / "pytest.ini").write_text(ini)
    (folder / f"test_{name}.py").write_text(text)
    return f"tests/{name}/test_{name}.py"


ONE = """
def test_{n}(tmp_path):
    (tmp_path / "daemon1.log").write_text("logged by {n}")
    print("said by {n}")
    assert {n} != 17, "this " + "one"
"""


def test_runner_shows_what_failed(tree):
    text = "".join(ONE.format(n=n) for n in range(20))
    for name, ini in (("y", "[pytest]\naddopts = -n 2\n"), ("z", "[pytest]\n")):
        lines, code = output(tree, session(tree, name, text, ini))
        assert (lines[-1], code) == ("19 passed, 1 failed, 0 skipped", 1)
        assert any(".FAIL" in line and line.endswith(f"tests/{name}/test_{name}.py::test_17") for line in lines)
        said = [line.removeprefix("       | ") for line in lines if line.startswith("       | ")]
        assert {"E   AssertionError: this one", "said by 17", "logged by 17"} <= set(said)
        assert not {"said by 16", "logged by 16"} & set(said)
        assert lines[-2] == f"  FAIL test_{name}::test_17"
        kept = pathlib.Path(re.search(r"the files of its tests are in (\S+)", "\n".join(lines))[1])
        assert len(list(kept.rglob("daemon1.log"))) >= 1


MEET = """
import pathlib, time
def test_a():
    here, there = (pathlib.Path(__file__).parents[1] / name / "began" for name in "{names}")
    here.touch()
    until = time.monotonic() + {seconds}
    while time.monotonic() < until and not there.exists():
        time.sleep(0.05)
    assert there.exists() == {meet}
    {end}
"""


def test_sessions_that_wait_run_side_by_side_where_there_are_lanes(tree):
    both = [session(tree, names[0], MEET.format(names=names, seconds=120, meet=True, end="")) for names in ("yz", "zy")]
    assert run(tree, *both, "--lanes", "2") == ("2 passed, 0 failed, 0 skipped", 0)
    both = [session(tree, names[0], MEET.format(names=names, seconds=1, meet=False, end="here.unlink()"))
            for names in ("vw", "wv")]
    assert run(tree, *both, "--lanes", "1") == ("2 passed, 0 failed, 0 skipped", 0)


def test_runner_makes_what_is_needed_first(tree):
    (tree / "Makefile").write_text("all tools:\n\t@:\nbuild/$(SAN)/%:\n\t@sleep 0.5; mkdir -p $(@D); cp good $@\n")
    shutil.copy2(tree / program(tree, "test_a", *GOOD), tree / "good")
    jobs = ("make:asan", "build/asan/tests/x/test_b", "build/asan/tests/x/test_c")
    assert run(tree, *jobs) == ("4 passed, 0 failed, 0 skipped", 0)
    shutil.rmtree(tree / "build")
    (tree / "good").unlink()
    assert run(tree, *jobs) == ("0 passed, 3 failed, 0 skipped", 1)


def test_runner_wants_something_to_run(tree):
    assert run(tree) == ("0 passed, 0 failed, 0 skipped", 1)
    assert run(tree, "build/tests/x/test_none") == ("0 passed, 1 failed, 0 skipped", 1)


CODEMAP = """\
| `src/kafka/` | one | base |
| `src/store/` | two | base, kafka/bridge |
| `src/base/` | three | nothing of ours |
| `src/http/` | four | base |
| `src/main.c` | five | all |
"""


@pytest.mark.parametrize("include, message", [
    ('#include "base/buf.h"', None),
    ('#include "kafka/bridge.h"', None),
    ('#include "kafka/consumer.h"', "store must not include"),
    ('#include "nowhere.h"', "own headers are named from src/"),
    ("#include <curl/curl.h>", "belongs to http alone"),
])
def test_layering(tree, include, message):
    (tree / "ARCHITECTURE.md").write_text(CODEMAP)
    for name, text in {"base/buf.h": "", "kafka/bridge.h": "", "kafka/consumer.h": "", "store/a.h": include}.items():
        (tree / "src" / name).parent.mkdir(exist_ok=True)
        (tree / "src" / name).write_text(text + "\n")
    done = subprocess.run(["tools/check-layering"], cwd=tree, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (message is None), done.stdout
    assert message is None or message in done.stdout


@pytest.mark.parametrize("text, message", [
    ("/* SPDX-License-Identifier: Apache-2.0 */\n", None),
    ("int x;\n", "no SPDX line"),
    ("/* SPDX-License-Identifier: Apache-2.0 */\nint x; \n", "blanks at the end"),
    ("/* SPDX-License-Identifier: Apache-2.0 */\n/* TO" "DO: later */\n", "do it or file it"),
    ("/* SPDX-License-Identifier: Apache-2.0 */\n/* " + "x" * 120 + " */\n", "columns"),
])
def test_text(tree, text, message):
    (tree / "src/base/a.h").write_text(text)
    done = subprocess.run(["tools/check-text"], cwd=tree, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (message is None), done.stdout
    assert message is None or message in done.stdout


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("call, instead", [("strcpy(b, a)", "snprintf"), ("atoi(a)", "strtol"),
                                           ("gmtime(0)", "gmtime_r")])
def test_banned_calls_do_not_compile(tree, compiler, call, instead):
    command = [compiler, "-fsyntax-only", "-include", "src/base/banned.h", "-x", "c", "-"]
    for line, code in ((call, 1), ("(void)a", 0)):
        source = f"void f(char *a, char *b);\nvoid f(char *a, char *b) {{ (void)b; {line}; }}\n"
        done = subprocess.run(command, cwd=tree, input=source, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == bool(code), done.stderr
    done = subprocess.run(command, cwd=tree, input=f"void f(char *a, char *b) {{ {call}; }}", capture_output=True,
                          text=True, check=False)
    assert instead in done.stderr


def make(*words):
    done = subprocess.run(["make", "--no-print-directory", *words], cwd=TOP, capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_configure_says_all_that_is_missing_or_too_old(tmp_path):
    make("all")
    tool = tmp_path / "pkg-config"
    tool.write_text('#!/bin/sh\ncase "$*" in\n'
                    '"--exists rdkafka >= 2.0.2" | "--exists libzstd"*) exit 1 ;;\n'
                    '"--modversion rdkafka") echo 1.9.2 ;;\n*) exec pkg-config "$@" ;;\nesac\n')
    tool.chmod(0o755)
    done = subprocess.run([TOP / "build/configure", f"--srcdir={TOP}"], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PKG_CONFIG": str(tool)}, timeout=120, check=False)
    assert done.returncode != 0
    assert "checking for rdkafka >= 2.0.2... too old: 1.9.2" in done.stdout
    assert "missing or too old: rdkafka>=2.0.2 libzstd>=1.5.2\n" in done.stderr
    assert "apt-get install librdkafka-dev libzstd-dev (or run tools/setup build)" in done.stderr


def test_setup_says_first_what_and_how_big(tmp_path):
    """Where nothing is installed, by an apt-get that is played."""
    apt = ('case "$*" in *--assume-no*) echo "Need to get 71.3 MB of archives."; exit 1 ;;\n'
           '*install*) echo "now: $*" >&2 ;; esac\n')
    for name, text in (("apt-get", apt), ("dpkg-query", "exit 1\n"), ("id", "echo 0\n")):
        (tmp_path / name).write_text("#!/bin/sh\n" + text)
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(["tools/setup", "build"], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=60,
                          check=True)
    what, how_big, then = done.stdout.splitlines()
    assert what.startswith("setup: missing packages: ") and "librdkafka-dev" in what.split()
    assert how_big == "setup:   Need to get 71.3 MB of archives."
    assert then.startswith("now: ") and set(what.split()[3:]) <= set(then.split())


def test_install_and_uninstall(tmp_path):
    make("install", f"DESTDIR={tmp_path}", "prefix=/opt/k")
    installed = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {"opt/k/sbin/kafka2s3", "opt/k/share/doc/kafka2s3/kafka2s3.conf", "opt/k/share/man/man8/kafka2s3.8",
            "opt/k/share/man/man5/kafka2s3.conf.5", "opt/k/share/man/man7/kafka2s3-runbook.7",
            "opt/k/share/man/man7/kafka2s3-metrics.7",
            "opt/k/lib/systemd/catalog/kafka2s3.catalog",
            "opt/k/share/bash-completion/completions/kafka2s3",
            "opt/k/lib/systemd/system/kafka2s3.service", "opt/k/lib/systemd/system/kafka2s3@.service",
            "opt/k/lib/sysusers.d/kafka2s3.conf"} <= installed
    assert "ExecStart=/opt/k/sbin/kafka2s3 " in (tmp_path / "opt/k/lib/systemd/system/kafka2s3.service").read_text()
    assert (tmp_path / "opt/k/sbin/kafka2s3").stat().st_mode & 0o777 == 0o755
    make("uninstall", f"DESTDIR={tmp_path}", "prefix=/opt/k")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def complete(*words):
    """What bash offers for the last of these words; bash-completion's own part is played here."""
    script = ("_init_completion() { words=(\"${line[@]}\"); cword=$((${#words[@]} - 1)); cur=${words[cword]};"
              " prev=${words[cword - 1]}; }; line=(\"$@\"); . etc/kafka2s3.bash-completion;"
              " _kafka2s3 build/kafka2s3; printf '%s\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script, "bash", "kafka2s3", *words], cwd=TOP, capture_output=True, text=True,
                          check=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_what_help_names():
    helped = subprocess.run([TOP / "build/kafka2s3", "--help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^  ([a-z-]+) ", helped, re.M))
    assert {"run", "verify", "offsets"} <= commands
    assert set(complete("")) == commands
    assert complete("-c", "x.conf", "ver") == ["verify", "version"]
    assert complete("offsets", "") == ["show", "set"]
    assert {"--deep", "--since", "--config", "--help"} <= set(complete("verify", "--"))
    assert complete("offsets", "set", "--from") == ["--from-s3"]


def test_the_binary_is_hardened():
    make("all")
    headers = subprocess.run(["readelf", "-hldW", TOP / "build/kafka2s3"], capture_output=True, text=True,
                             check=True).stdout
    assert "DYN (Position-Independent Executable file)" in headers
    assert "GNU_RELRO" in headers and "BIND_NOW" in headers
    stack = next(line for line in headers.splitlines() if "GNU_STACK" in line)
    assert "RWE" not in stack
    symbols = subprocess.run(["readelf", "-sW", TOP / "build/kafka2s3"], capture_output=True, text=True,
                             check=True).stdout
    assert "__stack_chk_fail" in symbols and "_chk@" in symbols


def test_help_names_every_target():
    text = make("help")
    for target in ("check-unit", "check-slow", "lint", "bench", "demo", "install", "WHAT="):
        assert target in text
