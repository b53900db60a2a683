# SPDX-License-Identifier: Apache-2.0
"""What Debian asks of a package: the same bytes from every build, and lintian, piuparts and autopkgtest content."""
import hashlib
import pathlib
import subprocess

import pytest

from conftest import HERE, TOP, said
from machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

# A directory, and what the environment of a build may be; the second is as unlike the first as a machine allows.
BUILDS = {
    "a": {"umask": "022", "TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": "/root", "options": "nocheck parallel=2"},
    "another/and/longer/one": {"umask": "002", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "HOME": "/nonexistent",
                               "options": "nocheck parallel=1"},
}


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """The source package of this tree, in a directory of its own."""
    out = tmp_path_factory.mktemp("source")
    return pathlib.Path(said(["sh", "-ec", f"tools/deb -S; cp build/deb/kafka2s3_* {out}; ls {out}/*.dsc"]))


@pytest.fixture(scope="session")
def built(source, tmp_path_factory):
    """Directories with what each of BUILDS has made: .deb, -dbgsym and .changes."""
    top, made = tmp_path_factory.mktemp("built"), []
    for directory, how in BUILDS.items():
        out = top / directory
        out.mkdir(parents=True)
        said(["sh", "-ec", f"umask {how['umask']}; cd {out}; cp {source.parent}/* .; dpkg-source -q -x *.dsc tree;"
              "cd tree; dpkg-buildpackage -us -uc; echo done"], DEB_BUILD_OPTIONS=how["options"],
             **{name: value for name, value in how.items() if name.isupper()})
        made.append(out)
    return made


@pytest.fixture(scope="session")
def deb(built):
    return next(built[0].glob("kafka2s3_*.deb"))


def sums(directory):
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in directory.glob("*.deb")}


def test_two_builds_have_equal_bytes(built):
    first, second = map(sums, built)
    assert len(first) == 2  # the program, and its symbols
    assert first == second


def test_lintian_has_nothing_to_say(built):
    done = subprocess.run(["lintian", "--allow-root", "--pedantic", *built[0].glob("*.changes")],
                          capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_piuparts_finds_nothing_left(deb):
    """The tree has what the package depends on: what others leave behind is theirs."""
    said([TOP / "tests/frame/apart", "piuparts", "-e", said([HERE / "tree", "bookworm"]), "-d", "bookworm",
          "--keep-sources-list", "--no-eatmydata", deb])


@pytest.fixture
def bare(tmp_path):
    """A machine without the package."""
    m = Machine(tmp_path / "m", said([HERE / "tree", "bookworm"]), "autopkgtest")
    try:
        yield m.start()
    finally:
        m.stop()


def test_autopkgtests_pass(bare, source, deb):
    for path in (deb, *source.parent.iterdir()):
        bare.take(path, f"/root/{pathlib.Path(path).name}")
    bare.sh("apt-get -q update; apt-get -q -y --no-install-recommends install autopkgtest", timeout=600)
    done = bare.run("autopkgtest", "--ignore-restrictions=isolation-machine", "--env=DEB_BUILD_OPTIONS=nocheck",
                    f"/root/{deb.name}", f"/root/{source.name}", "--", "null", timeout=2000, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    names = {line.split()[0] for line in done.stdout.splitlines() if line.split()[1:2] == ["PASS"]}
    assert names == {"commands", "rows", "service"}
