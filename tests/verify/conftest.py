# SPDX-License-Identifier: Apache-2.0
"""The servers of tests/servers for the tests here."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "servers"))


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes long or much; make check-slow runs it")
    config.addinivalue_line(
        "markers", "plain: says nothing of a sanitizer's build, so that make check-slow does not run it there")
