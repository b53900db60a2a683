# SPDX-License-Identifier: Apache-2.0
"""One broker behind its proxy and one S3 for a session."""
import pytest

from parts import Parts


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    with Parts(tmp_path_factory.mktemp("parts")) as p:
        yield p
