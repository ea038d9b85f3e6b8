"""placeholder"""

from __future__ import annotations

from typing import Any


def read_orderly(source: Any, how: Any, covariates: Any) -> Any:
    return None
