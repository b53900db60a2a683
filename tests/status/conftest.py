# SPDX-License-Identifier: Apache-2.0
"""What the tests here may be marked as."""


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes long or much; make check-slow runs it")
