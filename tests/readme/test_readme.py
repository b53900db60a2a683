# SPDX-License-Identifier: Apache-2.0
"""Every command block of README.md is run as it stands, in order, in a folder that shows the tree but is not it.

A block behind a comment "not run by the tests: REASON" is not run; there the reason is what is asserted.
"""
import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
README = (TOP / "README.md").read_text()
BLOCK = re.compile(r"(?:<!-- not run by the tests: (?P<reason>[^>]+) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$",
                   re.MULTILINE | re.DOTALL)
BLOCKS = [match.groupdict() for match in BLOCK.finditer(README)]
RUN = [block["text"] for block in BLOCKS if not block["reason"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A new file of a block lands here; `build`, `tools` and all else are the tree's own."""
    path = tmp_path_factory.mktemp("readme")
    for entry in TOP.iterdir():
        (path / entry.name).symlink_to(entry)
    return path


@pytest.mark.parametrize("text", RUN, ids=[text.split("\n")[0][:40] for text in RUN])
def test_block(folder, text):
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["sh", "-eu", "-c", text], cwd=folder, env=clean, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{text}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    if "make demo" in text:
        assert re.search(r"(\d+) rows sent, \1 rows in \d+ objects, 0 missing, 0 twice", done.stdout), done.stdout
    if " settings" in text:
        assert "stock-to-lake" in done.stdout


# What is indented and begins like a setting, of the README and of the examples'.
SETTINGS = [block for text in (README, (TOP / "examples" / "README.md").read_text())
            for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
            if re.match(r"\n*    \w+ = ", block)]
REST = 'kafka = { topics = [ "t" ]; group = "g"; };\ns3 = { bucket = "lake"; };\n'


@pytest.mark.parametrize("text", SETTINGS, ids=range(len(SETTINGS)))
def test_settings_load(tmp_path, text):
    conf = tmp_path / "kafka2s3.conf"
    conf.write_text(text if "kafka = " in text else REST + text)
    done = subprocess.run([TOP / "build" / "kafka2s3", "-c", conf, "check", "--syntax"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, f"{text}\n{done.stderr}"


def test_what_is_not_run_says_why():
    unrun = [block for block in BLOCKS if block["reason"]]
    assert len(RUN) >= 4 and len(SETTINGS) >= 3
    assert all(len(block["reason"]) > 10 for block in unrun)
    assert len(unrun) == README.count("not run by the tests:")
    assert all(block["kind"] == "sh" for block in BLOCKS), "a block of commands is marked sh"


def test_files_that_it_names_are_there():
    for name in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (TOP / name).exists(), name
