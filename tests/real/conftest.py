# SPDX-License-Identifier: Apache-2.0
from fixtures import account, aws, broker, case, gateway, place  # noqa: F401
