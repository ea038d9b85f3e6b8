"""Forecasts from a fitted model with NumPy alone; what `forecastkit.load` returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.evaluation.reference import forecast_index
from forecastkit.forecasting.fitted import Fitted, panel_of, recent
from forecastkit.forecasting.storage import read_model, write_model
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Weights, network_quantiles
from forecastkit.series.intervals import (
    Level,
    checked_levels,
    column_names,
    quantile_at,
    tails,
)
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale, scaled
from forecastkit.series.windows import Windows
from forecastkit.tables.frame import DS, UNIQUE_ID, Grid, Y, check_table, to_grid


@dataclass(frozen=True)
class Predictor:
    """A model from a file: it forecasts, and tells where it comes from.

    Attributes
    ----------
    fitted : Fitted
    """

    fitted: Fitted

    @property
    def scoreboard(self) -> pd.DataFrame:
        """Scores of the model and the baselines on the held-back window, best first."""
        return pd.DataFrame(self.fitted.scoreboard)

    @property
    def history(self) -> pd.DataFrame:
        """Series table of the last periods of every series that the model keeps."""
        grid = self.fitted.history
        lengths = np.diff(grid.offsets)
        steps = np.arange(len(grid.values)) - np.repeat(grid.offsets[:-1], lengths)
        ids = np.repeat(grid.ids, lengths)
        ds = grid.timestamps(np.repeat(grid.first, lengths) + steps)
        return pd.DataFrame({UNIQUE_ID: ids, DS: ds, Y: grid.values}).astype({UNIQUE_ID: "str"})

    @property
    def reading(self) -> dict[str, Any]:
        """Arguments of `read_csv` that read a file as the model's own was read."""
        return {**self.fitted.facts.get("columns", {}), "freq": self.fitted.history.frequency.alias}

    def predict(
        self, df: pd.DataFrame | None = None, level: Sequence[Level] | Level | None = None
    ) -> pd.DataFrame:
        """Forecast the next steps of every series; see `Forecaster.predict`."""
        return predict_table(self.fitted, df, level)

    def save(self, path: str | Path) -> None:
        """Write the model to a file; see `Forecaster.save`."""
        write_model(self.fitted, path)


def load(path: str | Path) -> Predictor:
    """Read a model file. Nothing in it is executed.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Predictor
        Its `predict` needs neither TensorFlow nor Keras nor scikit-learn.

    Raises
    ------
    UnknownFileError, ModelFileError
        If there is no such file, or it is not an undamaged model of a known version.
    """
    return Predictor(read_model(path))


def predict_table(
    fitted: Fitted, df: pd.DataFrame | None, level: Sequence[Level] | Level | None
) -> pd.DataFrame:
    """Forecast table of a fitted model, after its own history or after the series of `df`."""
    levels = checked_levels(level)
    grid = fitted.history if df is None else _new_history(fitted, df)
    paths = forecast_quantiles(fitted.network, fitted.members, panel_of(grid))
    table = forecast_index(grid, fitted.network.view.horizon)
    table[fitted.alias] = quantile_at(paths, fitted.network.quantiles, 0.5).ravel()
    for one in levels:
        for name, q in zip(column_names(fitted.alias, one), tails(one), strict=True):
            table[name] = quantile_at(paths, fitted.network.quantiles, q).ravel()
    return pd.DataFrame(table).astype({UNIQUE_ID: "str"})


def _new_history(fitted: Fitted, df: pd.DataFrame) -> Grid:
    checked = check_table(df)
    of_model = fitted.history
    whole = pd.api.types.is_integer_dtype(checked[DS])
    if whole != (of_model.frequency.kind == "integer"):
        kinds = ("whole numbers", "timestamps")
        raise OptionError(
            f"The table's ds are {kinds[not whole]}, the model was fitted on {kinds[whole]}.",
            column=DS,
        )
    return recent(to_grid(checked, of_model.frequency))


def forecast_quantiles(
    network: NetworkConfig, members: Sequence[Weights], panel: Panel
) -> np.ndarray:
    """Quantiles of the next steps of every series of a panel, all of whose values are past.

    Parameters
    ----------
    network : NetworkConfig
    members : sequence of dict of ndarray
        Weights of each network; none leaves the base path and its spread.
    panel : Panel
        In the series' own units; every series has a value.

    Returns
    -------
    ndarray, shape (n_series, horizon, n_quantiles)
        In the series' own units, ascending along the last axis.
    """
    scale = measure_scale(panel)
    windows = Windows.of(scaled(panel, scale), network.view)
    series, ends = np.arange(panel.n_series), panel.lengths - 1
    deviations = np.median(
        [network_quantiles(network, one, windows, series, ends) for one in members], axis=0
    )
    last = windows.cutoffs(series, ends)[:, -1:]
    found = windows.components
    # a series that never changes has no noise: its forecast is what it is
    unit = np.where(found.noise[last] > 0, found.scale[last], 0.0)[..., None]
    z = windows.base(series, last)[:, 0][..., None] + unit * deviations
    return scale.inverse(z)
