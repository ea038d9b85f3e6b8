"""Range checks of records: an invalid value is refused, and the message names the field."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.errors import ForecastkitError
from forecastkit.model.calibration import LEVELS, Calibration
from forecastkit.model.distribution import Part
from forecastkit.model.model import Blend
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Member
from forecastkit.ranges import RangeError, check_number, check_whole
from forecastkit.series.covariates import Covariates
from forecastkit.series.panel import Panel
from forecastkit.series.ragged import Ragged
from forecastkit.series.view import View
from forecastkit.tables.frequency import Frequency
from forecastkit.tables.schema import Column, Schema

VIEW = View(6, 4, (4,), 0.5, 12, 1)


@pytest.mark.parametrize("value", [0, 21, 2.0, "2", None, True, float("nan"), 10**400])
def test_check_whole(value):
    check_whole("h", np.int64(20), 1, 20)
    with pytest.raises(RangeError, match=r"^h is .*; it must be a whole number from 1 to 20\.$"):
        check_whole("h", value, 1, 20)


@pytest.mark.parametrize("value", [-0.1, 1.1, "0.5", None, True, float("nan"), float("inf")])
def test_check_number(value):
    check_number("weight", np.float64(0.5), 0, 1)
    with pytest.raises(RangeError, match="weight is .*; it must be a number from 0 to 1"):
        check_number("weight", value, 0, 1)


def member(h=4):
    network = NetworkConfig("rnn", 3, View(6, h, (4,), 0.5, 12, 1))
    weights = {name: np.zeros(shape, "float32") for name, shape in network.weight_shapes().items()}
    return Member(network, weights)


def blend(**changes):
    values = {
        "parts": (Part("LSTM", 0.5, (member(),)), Part("Naive", 0.5)),
        "h": 4,
        "season_length": 1,
        "calibration": Calibration.none(4),
    }
    return Blend(**{**values, **changes})


INVALID = {
    "input_size": lambda: View(0, 4, (4,), 0.5, 12, 1),
    "horizon": lambda: View(6, 20_001, (4,), 0.5, 12, 1),
    "season_lengths": lambda: View(6, 4, (), 0.5, 12, 1),
    "trend_share": lambda: View(6, 4, (4,), 1.5, 12, 1),
    "a lag": lambda: View(6, 4, (4,), 0.5, 12, 1, lags=(-1,)),
    "n_future": lambda: View(6, 4, (4,), 0.5, 12, 1, n_future=1001),
    "cell": lambda: NetworkConfig("transformer", 8, VIEW),
    "units": lambda: NetworkConfig("lstm", 0, VIEW),
    "quantiles": lambda: NetworkConfig("lstm", 8, VIEW, quantiles=(0.9, 0.5, 0.1)),
    "dropout": lambda: NetworkConfig("lstm", 8, VIEW, dropout=2.0),
    "weight of LSTM": lambda: Part("LSTM", -0.5, (member(),)),
    "members of LSTM": lambda: Part("LSTM", 0.5),
    "members of Theta": lambda: Part("Theta", 0.5, (member(),)),
    "sum of the weights": lambda: blend(parts=(Part("LSTM", 0.5, (member(),)),)),
    "members": lambda: blend(parts=(Part("Naive", 1.0),)),
    "h is 4": lambda: blend(parts=(Part("LSTM", 1.0, (member(5),)),)),
    "season_length": lambda: blend(season_length=20_001),
    "shape of radius": lambda: Calibration(np.ones((4, 2))),
    "radius": lambda: Calibration(np.arange(len(LEVELS))[::-1][None] + 1.0),
    "offsets": lambda: Ragged(np.zeros(3), np.array([0, 2])),
    "do not ascend": lambda: Ragged(np.zeros(3), np.array([0, 2, 1, 3])),
    "covariates do not cover": lambda: Panel(
        Ragged.of([np.zeros(3)]), Covariates.of_future(Ragged(np.zeros((2, 1)), np.array([0, 2])))
    ),
    "kind of the frequency": lambda: Frequency("D", "lunar", 1),
    "step of the frequency": lambda: Frequency("D", "fixed", 0),
    "name of a covariate": lambda: Column("ds", "futr_exog"),
    "role of price": lambda: Column("price", "target"),
    "categories of sky": lambda: Column("sky", "futr_exog", ("fair", "fair")),
    "dates of fair": lambda: Column("fair", "futr_exog", dates=("2024-02-30",)),
    "cycle of moon": lambda: Column("moon", "futr_exog", cycle="moon"),
    "names of covariates": lambda: Schema.of([Column("x", "futr_exog"), Column("x", "stat_exog")]),
}


@pytest.mark.parametrize(("field", "construct"), INVALID.items(), ids=list(INVALID))
def test_the_error_names_the_invalid_field(field, construct):
    with pytest.raises(RangeError, match=field) as error:
        construct()
    assert isinstance(error.value, ForecastkitError)
    assert isinstance(error.value, ValueError)


def test_a_long_value_is_shortened_in_the_message():
    with pytest.raises(RangeError) as long_tuple:
        View(6, 4, tuple(range(1, 5000)), 0.5, 12, 1)
    with pytest.raises(RangeError) as long_text:
        NetworkConfig("x" * 5000, 8, VIEW)
    assert max(len(str(long_tuple.value)), len(str(long_text.value))) < 200
