# SPDX-License-Identifier: Apache-2.0
"""The units as `make install` leaves them: what systemd itself says of them."""
import os
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
UNITS = ("kafka2s3.service", "kafka2s3@.service")


def run(*command, **env):
    return subprocess.run(command, cwd=TOP, env={**os.environ, **env}, capture_output=True, text=True, timeout=300,
                          check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Where it is installed, with the program that the units name in its place."""
    prefix = tmp_path_factory.mktemp("installed")
    done = run("make", "--no-print-directory", "-s", "install", f"prefix={prefix}")
    assert done.returncode == 0, done.stderr
    return prefix


@pytest.mark.parametrize("unit", UNITS)
def test_nothing_is_wrong_with_it(installed, unit):
    done = run("systemd-analyze", "verify", installed / "lib/systemd/system" / unit, MANPATH=f"{installed}/share/man")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS)
def test_it_is_exposed_as_little_as_can_be(unit):
    done = run("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=12", f"systemd/{unit}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_template_differs_by_its_files_alone():
    plain, template = ((TOP / "systemd" / unit).read_text() for unit in UNITS)
    assert template.replace("/etc/kafka2s3/%i.", "/etc/kafka2s3.").replace(" (%i)", "") == plain


def test_the_user_is_made(installed, tmp_path):
    (tmp_path / "etc").mkdir()
    done = run("systemd-sysusers", f"--root={tmp_path}", installed / "lib/sysusers.d/kafka2s3.conf")
    assert done.returncode == 0, done.stderr
    assert "kafka2s3:" in (tmp_path / "etc/passwd").read_text()
