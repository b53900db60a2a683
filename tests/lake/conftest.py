# SPDX-License-Identifier: Apache-2.0
"""One lake for a session: what one daemon made of some topics, for all tests to read."""
import contextlib

import pytest

from case import Case
from fixtures import broker, gateway  # noqa: F401
from lake import Lake


@pytest.fixture(scope="session")
def lake(broker, gateway, tmp_path_factory):     # noqa: F811
    with contextlib.closing(Case("lake", broker, gateway, tmp_path_factory.mktemp("lake"))) as c:
        yield Lake(c)
