"""What all tests share."""

import os
from importlib.util import find_spec

if find_spec("hypothesis"):  # an installed wheel is tested with nothing but pytest beside it
    from hypothesis import HealthCheck, settings

    # A slow machine is no failure; and what is checked for others must not depend on the luck of the day.
    settings.register_profile(
        "steady", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("steady")
