"""Forecasts of a fitted model in NumPy, and `Predictor`, the result of `forecastkit.load`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from html import escape
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.methods.registry import BASELINES
from forecastkit.model.history import NewHistory, new_history, updated
from forecastkit.model.model import FittedModel
from forecastkit.model.review import Score, score_actuals
from forecastkit.model.simulation import simulate
from forecastkit.model.storage import read_model, write_model
from forecastkit.network.threads import single_blas_thread
from forecastkit.reading.frames import (
    FORM,
    from_forecast_table,
    to_future_table,
    to_new_table,
)
from forecastkit.reading.options import ReadingOptions
from forecastkit.series.intervals import (
    Level,
    checked_levels,
    checked_quantiles,
    column_names,
    normal,
    quantile_column,
    tails,
)
from forecastkit.tables.covariates import unknown_categories
from forecastkit.tables.frame import ASSUMPTIONS, READING, UNIQUE_ID, Y
from forecastkit.tables.future import with_future

Point = Literal["median", "mean"]
_READING_ARGUMENTS = tuple(field.name for field in fields(ReadingOptions))


class Forecasts:
    """Forecasts and reports of a fitted model, common to forecasters and loaded models."""

    @property
    def _state(self) -> FittedModel:
        raise NotImplementedError

    @property
    def scoreboard(self) -> pd.DataFrame:
        """Scores of the model and the baselines on the hold-out, best first."""
        return pd.DataFrame(self._state.metadata.scoreboard)

    @property
    def facts(self) -> dict[str, Any]:
        """Provenance: training span, seed, preset, steps, versions, fingerprint of the data."""
        return self._state.metadata.facts

    def summary(self, n_lines: int = 10) -> str:
        """Return what the model was fitted on, and how good it is, in so many lines at most.

        Examples
        --------
        >>> import forecastkit as fk
        >>> table = fk.datasets.load("air_passengers")
        >>> fk.LSTMForecaster(h=12, preset="instant").fit(table).summary(1)
        'fitted on 1 series to 1960-12-01, MASE 0.76'
        """
        facts, index = self.facts, self._state.history.index
        board = self._state.metadata.scoreboard
        own = next((row for row in board if row["model"] == self._state.metadata.alias), None)
        n = index.n_series
        fitted = f"fitted on {n} series to {str(facts.get('end', '')).removesuffix(' 00:00:00')}"
        mase = own["mase"] if own else None
        score = "" if mase is None else f", MASE {mase:.2f}"
        if n_lines == 1:
            return fitted + score
        lines = [
            fitted,
            f"horizon {self._state.h}, frequency {index.frequency.alias}",
            f"model {facts.get('model')}, preset {facts.get('preset')}",
        ]
        parts = [part for part in self._state.blend.parts if part.weight > 0]
        if len(parts) > 1:
            listed = ", ".join(f"{part.name} {100 * part.weight:.0f} %" for part in parts)
            lines.append(f"parts {listed}")
        columns = [column.name for column in self._state.history.schema.columns]
        if columns:
            lines.append(f"covariates {', '.join(columns)}")
        for row in [row for row in board if row is own or row["model"] in BASELINES]:
            mase = "-" if row["mase"] is None else f"{row['mase']:.3f}"
            mark = "  <- this model" if row is own else ""
            lines.append(f"hold-out MASE of {row['model']}: {mase}{mark}")
        return "\n".join(lines[:n_lines])

    def _repr_html_(self) -> str:
        if not self.is_fitted:
            return f"<pre>{escape(repr(self))}\nnot fitted</pre>"
        return f"<pre>{escape(type(self).__name__)}\n{escape(self.summary())}</pre>"

    @property
    def is_fitted(self) -> bool:
        """Whether there is a fitted model."""
        return True

    @property
    def missing_future(self) -> list[str]:
        """Columns known in advance whose future values `predict` requires in `futr_df`."""
        return self._state.missing_future

    def predict(
        self,
        df: pd.DataFrame | None = None,
        level: Sequence[Level] | Level | None = None,
        futr_df: pd.DataFrame | None = None,
        h: int | None = None,
        quantiles: Sequence[float] | float | None = None,
        point: Point = "median",
    ) -> pd.DataFrame:
        """Forecast the next steps of every series.

        Parameters
        ----------
        df : DataFrame, optional
            Table whose following steps are forecast, without training; its series need not be
            those of `fit`. By default the series of `fit`.
        level : sequence of number, optional
            Levels of the prediction intervals in percent, for instance [80, 95].
        futr_df : DataFrame, optional
            `unique_id`, `ds` and the columns known in advance, for these steps. Rows of `df`
            without a target are an alternative.
        h : int, optional
            Number of steps; by default the horizon of the fit. Beyond that, the corrections of
            networks repeat those of the last season within it, and intervals those of the last
            step, widened by the model.
        quantiles : sequence of float, optional
            Probabilities of further quantiles, for instance [0.1, 0.9].
        point : "median" or "mean"
            Point forecast: half of the outcomes are below the median; means are additive.

        Returns
        -------
        DataFrame
            `unique_id`, `ds`, the forecast under the model's alias, for each level
            `{alias}-lo-{level}` and `{alias}-hi-{level}`, for each quantile `{alias}-q-{percent}`.
            If the table of `fit` (or `df`) had other names or was of another library, so has this.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If future values of columns known in advance are missing.
        """
        model = self._state if h is None else self._state.with_horizon(h)
        facts: dict[Any, Any] = model.metadata.facts
        outputs = Outputs.of(level, quantiles, point)
        if futr_df is not None:
            futr_df = to_future_table(futr_df, facts, list(model.history.index.ids))
        if df is not None:
            df = to_new_table(df, facts)
            facts = dict(df.attrs) if FORM in df.attrs else {}
        return from_forecast_table(predict_table(model, df, outputs, futr_df), facts)

    def simulate(
        self,
        n_paths: int = 200,
        seed: int = 1,
        df: Any = None,
        h: int | None = None,
        futr_df: Any = None,
        joint: bool = False,
    ) -> pd.DataFrame:
        """Draw sample paths; see `forecastkit.model.simulation.simulate`."""
        return simulate(self, n_paths, seed, df, h, futr_df, joint)

    def score(self, df: Any, y: Any = None) -> Score:  # noqa: ARG002 (scikit-learn's)
        """Compare the forecast with what came after the history; higher is better.

        See `forecastkit.model.review.score_actuals`. Model selection of scikit-learn uses the
        number, -MASE.
        """
        return score_actuals(self, df)

    def update(self, df: pd.DataFrame) -> tuple[Forecasts, list[dict[str, str]]]:
        """Append new observations to the history of the model, without training.

        Parameters
        ----------
        df : DataFrame
            A series table. Rows continue the stored history of their series, or replace it if they
            reach back to its start; series without a stored history are added.

        Returns
        -------
        model : forecaster or Predictor
            The forecaster itself, or a new `Predictor`.
        notes : list of dict
            Series that were continued, replaced or added, with the keys `what` and `why`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If a row contradicts the history.
        """
        model, notes = updated(self._state, to_new_table(df, self.facts))
        return self._with(model), [note.to_dict() for note in notes]

    def _with(self, model: FittedModel) -> Forecasts:
        raise NotImplementedError

    def predict_after(
        self,
        df: pd.DataFrame | None = None,
        level: Sequence[Level] | Level | None = None,
        futr_df: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Forecast the `h` steps after the last row of every series, even if its target is missing.

        For backtests, whose cutoffs may fall on missing values. Missing future values of covariates
        are replaced by the mean of the column, and `df` is the whole history of its series;
        otherwise as `predict`.
        """
        outputs = Outputs.of(level)
        return predict_table(self._state, df, outputs, futr_df, whole_rows=True)


@dataclass(frozen=True, repr=False)
class Predictor(Forecasts):
    """A model loaded from a file, with its forecasts and metadata.

    Attributes
    ----------
    model : FittedModel
    """

    model: FittedModel

    @property
    def _state(self) -> FittedModel:
        return self.model

    def _with(self, model: FittedModel) -> Predictor:
        return Predictor(model)

    def __repr__(self) -> str:
        return f"Predictor\n{self.summary(9)}"

    @property
    def standard(self) -> Predictor:
        """The same model, whose forecasts are pandas tables with the standard names."""
        facts = {name: fact for name, fact in self.facts.items() if name != FORM}
        return Predictor(replace(self.model, metadata=replace(self.model.metadata, facts=facts)))

    @property
    def history(self) -> pd.DataFrame:
        """Series table of the stored history: the last periods of every series."""
        data = self.model.history
        return data.periods().assign(**{Y: data.panel.values})

    @property
    def reading(self) -> dict[str, Any]:
        """Arguments of `read_csv` with which the model's own file was read."""
        stored = self.model.metadata.facts.get(READING, {})
        arguments = {name: value for name, value in stored.items() if name in _READING_ARGUMENTS}
        return {**arguments, "freq": self.model.history.index.frequency}

    def save(self, path: str | Path) -> None:
        """Write the model to a file; see `LSTMForecaster.save`."""
        write_model(self.model, path)


def load(path: str | Path) -> Predictor:
    """Load a model file; no code is executed.

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
        If the file does not exist, or is damaged, of another kind or another format version.
    """
    return Predictor(read_model(path))


@dataclass(frozen=True)
class Outputs:
    """Columns of a forecast table.

    Attributes
    ----------
    levels, quantiles : tuple of float
    point : "median" or "mean"
    """

    levels: tuple[Level, ...]
    quantiles: tuple[float, ...] = ()
    point: Point = "median"

    @classmethod
    def of(
        cls,
        level: Sequence[Level] | Level | None,
        quantiles: Sequence[float] | float | None = None,
        point: Point = "median",
    ) -> Outputs:
        """Check arguments; raise `OptionError` if one is invalid."""
        if point not in ("median", "mean"):
            raise OptionError(
                f"point {point!r} is not 'median' or 'mean'.", value=point, fix="Give one of these."
            )
        return cls(checked_levels(level), checked_quantiles(quantiles), point)

    def names(self, alias: str) -> list[str]:
        """Names of the columns."""
        bounds = [name for percent in self.levels for name in column_names(alias, percent)]
        return [alias, *bounds, *(quantile_column(alias, tau) for tau in self.quantiles)]

    @property
    def probabilities(self) -> list[float]:
        """Probability of the quantile in each column."""
        bounds = [tau for percent in self.levels for tau in tails(percent)]
        return [0.5, *bounds, *self.quantiles]


# probabilities of the quantiles whose mean is the mean of a distribution
_GRID = tuple((k + 0.5) / 50 for k in range(50))


def predict_table(
    model: FittedModel,
    df: pd.DataFrame | None,
    outputs: Outputs,
    futr_df: pd.DataFrame | None = None,
    whole_rows: bool = False,
) -> pd.DataFrame:
    """Forecast table of a fitted model, after its own history or after the series of `df`.

    With `whole_rows`, a series of `df` ends at its last row even if its target is missing, and
    missing future values of covariates are replaced by the mean of the column.
    """
    history = NewHistory(model.history, [], model.states)
    if df is not None:
        history = new_history(model, df, whole_rows)
    data, notes = history.data, history.notes
    if model.blend.effects is not None:
        data = with_future(data, futr_df, model.h, complete=not whole_rows)
    taus = [*outputs.probabilities, *(_GRID if outputs.point == "mean" else ())]
    with single_blas_thread():
        paths = model.quantiles(data.panel, [normal(tau) for tau in taus], history.states)
    if outputs.point == "mean":
        paths[..., 0] = paths[..., -len(_GRID) :].mean(axis=-1)
    table = data.future_periods(model.h)
    for k, name in enumerate(outputs.names(model.metadata.alias)):
        table[name] = paths[..., k].ravel()
    forecast = pd.DataFrame(table).astype({UNIQUE_ID: "str"})
    columns = model.history.schema.columns
    for source in (df, futr_df):
        notes = notes + ([] if source is None else unknown_categories(source, columns))
    forecast.attrs[ASSUMPTIONS] = [note.to_dict() for note in notes]
    return forecast
