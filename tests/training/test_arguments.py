"""Validation of the arguments of forecasters: errors name the argument."""

from __future__ import annotations

import pytest

import forecastkit as fk
from forecastkit.errors import OptionError
from forecastkit.ranges import MAX_STEPS


@pytest.mark.parametrize("name", ["h", "season_length", "input_size"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", MAX_STEPS + 1, 10**9])
def test_numbers_of_steps_outside_their_range_raise(name, value, monthly):
    model = fk.LSTMForecaster(**{"h": 3, "preset": "instant", name: value})
    with pytest.raises(OptionError, match=rf"^{name} "):
        model.fit(monthly)


def test_too_many_season_lengths_raise(monthly):
    model = fk.LSTMForecaster(h=3, preset="instant", season_length=range(2, 11))
    with pytest.raises(OptionError, match="season_length has 9 values; the maximum is 8"):
        model.fit(monthly)
