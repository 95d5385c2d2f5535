"""How property tests run: the same examples every time, so that a landing is judged by its change and not by luck.

``KIOSK_FUZZ=1 pytest tests/...`` tries new examples at each run. No example has a time limit of its own: machines are noisy.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "kiosk",
    deadline=None,
    derandomize=not os.environ.get("KIOSK_FUZZ"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("kiosk")
