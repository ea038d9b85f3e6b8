"""Forecasts of varied tables stay what they were; see `frozen.py`."""

from __future__ import annotations

import frozen
import numpy as np

# on another processor the last digits of float32 products differ
TOLERANCE = 1e-4


def test_the_fixture_holds_every_table():
    names = set(np.load(frozen.FIXTURE).files)
    assert names >= {*frozen.DRAWN, "air_passengers", "sales", "fine_tuned"}
    assert len(names) >= 25


def test_forecasts_are_what_they_were():
    before = np.load(frozen.FIXTURE)
    found = {name: frozen.difference(one, before[name]) for name, one in frozen.forecasts()}
    assert len(found) > 15
    assert {name: one for name, one in found.items() if not one <= TOLERANCE} == {}
