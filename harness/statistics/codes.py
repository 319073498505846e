"""Outcomes as small integers."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.int8]


A, TIE, B = 0, 1, 2


VERDICT_CODES = 3
