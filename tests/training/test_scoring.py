"""Hold-out scores: no information leaks from the hold-out, not even by season or filled gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.errors import OptionError
from forecastkit.evaluation.skill import Skill


def seasonal_table(seed: int, m: int, n: int) -> pd.DataFrame:
    """Return ten series with integer timestamps and a common season length."""
    rng = np.random.default_rng(seed)
    season = rng.normal(0, 10, (10, m))
    parts = [
        pd.DataFrame({"unique_id": str(k), "ds": np.arange(n),
                      "y": 100 + season[k, np.arange(n) % m] + rng.normal(0, 1.5, n)})
        for k in range(10)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(("m", "n", "h"), [(12, 44, 6), (7, 30, 6), (10, 40, 6)])
def test_the_scoreboard_agrees_with_a_backtest(m, n, h):
    """The season is significant in the whole series, but not before the first window."""
    table = seasonal_table(m, m, n)
    model = fk.AutoForecaster(h=h, preset="instant")
    board = model.fit(table).scoreboard.set_index("model")
    cv = fk.cross_validation(model, table, n_windows=model.facts["n_windows"])
    expected = fk.evaluate(cv, ["smape"])["Auto"].mean()
    assert board.loc["Auto", "smape"] == pytest.approx(expected, rel=1e-6)


def table_with_filled_gap(write, last: float) -> pd.DataFrame:
    """Return a daily series with an interpolated gap, after which all values are `last`."""
    days = pd.date_range("2023-01-01", periods=120)
    y = 50 + 10 * np.sin(2 * np.pi * np.arange(120) / 7)
    table = pd.DataFrame({"day": days, "y": y.round(2)}).drop(index=range(95, 109))
    table.loc[109:, "y"] = last
    return fk.read_csv(write(table.to_csv(index=False)), fill="linear")


def test_interpolation_does_not_leak_into_a_backtest(write):
    """A forecast from within a gap must not depend on the value after the gap."""
    tables = [table_with_filled_gap(write, last) for last in (50.0, 9000.0)]
    cutoffs = pd.to_datetime(["2023-04-09", "2023-04-16"])
    forecasts = []
    for table in tables:
        cv = fk.cross_validation(fk.AutoForecaster(h=7, preset="instant"), table, n_windows=3)
        forecasts.append(cv[cv["cutoff"].isin(cutoffs)])
    np.testing.assert_array_equal(forecasts[0]["Auto"], forecasts[1]["Auto"])
    assert forecasts[0]["y"].isna().sum() == 10  # estimates are not scored


def test_interpolation_does_not_leak_into_the_scoreboard(write):
    boards = []
    for last in (50.0, 9000.0):
        table = table_with_filled_gap(write, last)
        table = pd.concat([table[table["ds"] <= "2023-04-19"], table.tail(1)])
        table.attrs = table_with_filled_gap(write, last).attrs
        model = fk.AutoForecaster(h=3, preset="instant").fit(table[table["ds"] <= "2023-04-12"])
        boards.append(model.scoreboard)
    assert len(boards[0])
    pd.testing.assert_frame_equal(boards[0], boards[1])


def test_series_without_a_value_before_the_hold_out_are_not_scored():
    days = pd.date_range("2020-01-01", periods=24, freq="MS")
    y = [np.nan] * 20 + [3.0, 4.0, 5.0, 6.0]
    model = fk.AutoForecaster(h=4, preset="instant")
    model.fit(pd.DataFrame({"unique_id": "a", "ds": days, "y": y}))
    assert model.scoreboard.empty
    assert np.isfinite(model.predict()["Auto"]).all()


@pytest.mark.parametrize("forecaster", [fk.AutoForecaster, fk.LSTMForecaster])
@pytest.mark.parametrize(
    "y",
    [
        [1.21, 2.42, 3.63, 2.42] * 6,
        np.round(20 + 5 * np.sin(2 * np.pi * np.arange(24) / 12), 2),
        [5.0] * 24,
        np.arange(24.0),
        [np.nan] * 20 + [3.0],
    ],
    ids=["repeated", "sine", "constant", "line", "one value after a gap"],
)
def test_degenerate_series_are_forecast(forecaster, y):
    days = pd.date_range("2020-01-01", periods=len(y), freq="MS")
    table = pd.DataFrame({"unique_id": "a", "ds": days, "y": y})
    model = forecaster(h=4, preset="instant").fit(table)
    forecast = model.predict(level=[80, 95]).drop(columns=["unique_id", "ds"])
    assert np.isfinite(forecast).all(axis=None)
    weights = [part.weight for part in model.model_.blend.parts]
    assert sum(weights) == pytest.approx(1)


def test_a_random_walk_is_also_compared_with_naive(rng):
    days = pd.date_range("2023-01-01", periods=300)
    walk = pd.DataFrame({"unique_id": "a", "ds": days, "y": 100 + rng.normal(0, 1, 300).cumsum()})
    model = fk.AutoForecaster(h=7, preset="instant").fit(walk)
    assert {"Naive", "SeasonalNaive", "Theta"} == {skill.against for skill in model.skills}


def test_the_interval_of_a_higher_error_is_positive():
    worse = Skill("Theta", -0.2, -0.3, -0.1, better=2, rows=40)
    assert str(worse).startswith("20 % higher MASE than Theta (95 % interval 10 to 30 %")


@pytest.mark.parametrize("date_format", ["%Y-%m-%d %Y", "%d.%d.%Y", "%H:%M %H %Y"])
def test_a_date_format_with_a_repeated_field_is_rejected(date_format, write):
    with pytest.raises(OptionError, match="twice"):
        fk.read_csv(write("day,y\n2024-01-01,1\n2024-01-02,2\n"), date_format=date_format)


def test_a_package_that_is_not_installed_has_no_version(monkeypatch, monthly):
    from importlib.metadata import PackageNotFoundError

    from forecastkit.training import provenance

    original = provenance.version

    def version(name):
        if name in ("tensorflow", "keras"):
            raise PackageNotFoundError(name)
        return original(name)

    monkeypatch.setattr(provenance, "version", version)
    facts = fk.AutoForecaster(h=3, preset="instant").fit(monthly).facts
    assert facts["versions"]["tensorflow"] is None
    assert facts["versions"]["numpy"]
