# SPDX-License-Identifier: Apache-2.0
"""The examples of the manual pages: the program takes each command line, and each piece of a file loads."""
import pathlib
import re
import shlex
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = sorted((TOP / "man").iterdir())
LINES = [line.split(" | ")[0] for page in PAGES for line in re.findall(r"^\.Dl (kafka2s3 .*)$", page.read_text(), re.M)]
PIECES = [piece.replace("\\e", "\\").replace("\\&", "") for page in PAGES if page.suffix == ".5"
          for piece in re.findall(r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$", page.read_text(), re.M)]
LEAST = 'kafka = { topics = [ "clicks.a" ]; group = "g"; };\ns3 = { bucket = "lake"; };\n'


def run(folder, *words):
    return subprocess.run([TOP / "build/kafka2s3", *words], cwd=folder, capture_output=True, text=True, timeout=120,
                          check=False)


def test_there_are_some():
    assert len(LINES) >= 6 and len(PIECES) >= 2


@pytest.mark.parametrize("line", LINES)
def test_command_line(tmp_path, line):
    """There is no such file: that is found out when the line has been understood."""
    words = shlex.split(line)[1:]
    done = run(tmp_path, *words, *([] if "-c" in words else ["-c", "my.conf"]))
    assert done.returncode == 78 and "cannot read 'my.conf'" in done.stderr, done.stderr


@pytest.mark.parametrize("piece", PIECES)
def test_piece_of_a_file(tmp_path, piece):
    file = tmp_path / "my.conf"
    file.write_text(piece if "bucket" in piece else LEAST + piece)
    done = run(tmp_path, "-c", "my.conf", "check", "--syntax")
    assert done.returncode == 0, done.stderr
    if "override" in piece:
        assert 'table = "clicks"' in run(tmp_path, "-c", "my.conf", "settings", "--topic", "clicks.a").stdout
