"""Forecasts of varied tables match the frozen ones; see `frozen.py`."""

from __future__ import annotations

import frozen
import numpy as np

# float32 products differ in their last digits between processors
TOLERANCE = 1e-4


def test_the_fixture_holds_every_table():
    names = set(np.load(frozen.FIXTURE).files)
    assert names >= {*frozen.SIMULATED, "air_passengers", "sales", "fine_tuned"}
    assert len(names) >= 25


def test_forecasts_match_the_frozen_ones():
    fixture = np.load(frozen.FIXTURE)
    differences = {
        name: frozen.relative_difference(forecast, fixture[name])
        for name, forecast in frozen.forecasts()
    }
    assert len(differences) > 15
    assert {name: d for name, d in differences.items() if not d <= TOLERANCE} == {}
