# SPDX-License-Identifier: Apache-2.0
"""The servers of tests/servers for the tests here."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "servers"))


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes long or much; make check-slow runs it")
