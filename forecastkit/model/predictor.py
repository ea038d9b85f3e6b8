"""Forecasts from a fitted model with NumPy alone; what `forecastkit.load` returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.model.model import FittedModel
from forecastkit.model.storage import read_model, write_model
from forecastkit.network.threads import single_blas_thread
from forecastkit.notes import Note
from forecastkit.ranges import MAX_STEPS
from forecastkit.reading.options import ReadingOptions
from forecastkit.series.intervals import Level, checked_levels, column_names, normal, tails
from forecastkit.tables.continuation import continued
from forecastkit.tables.covariates import unknown_categories
from forecastkit.tables.dataset import Dataset, to_dataset
from forecastkit.tables.frame import ASSUMPTIONS, DS, READING, UNIQUE_ID, Y, check_table
from forecastkit.tables.future import with_future

_READING_ARGUMENTS = tuple(one.name for one in fields(ReadingOptions))


class Forecasts:
    """What forecasters and loaded models share: predictions and reports of a fitted model."""

    @property
    def _state(self) -> FittedModel:
        raise NotImplementedError

    @property
    def scoreboard(self) -> pd.DataFrame:
        """Scores of the model and the baselines on the held-back window, best first."""
        return pd.DataFrame(self._state.metadata.scoreboard)

    @property
    def facts(self) -> dict[str, Any]:
        """Provenance: training span, seed, preset, steps, versions, fingerprint of the data."""
        return self._state.metadata.facts

    @property
    def missing_future(self) -> list[str]:
        """Columns known ahead whose values `predict` needs as `futr_df`; empty if it needs none."""
        return self._state.missing_future

    def predict(
        self,
        df: pd.DataFrame | None = None,
        level: Sequence[Level] | Level | None = None,
        futr_df: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Forecast the next `h` steps of every series.

        Parameters
        ----------
        df : DataFrame, optional
            A series table to forecast after, of series seen in `fit` or not; nothing is trained.
            The series of `fit` when left out.
        level : sequence of number, optional
            Prediction intervals in percent, for instance [80, 95].
        futr_df : DataFrame, optional
            `unique_id`, `ds` and the columns that are known ahead, of the `h` steps; rows of the
            table whose target is empty do as well.

        Returns
        -------
        DataFrame
            `unique_id`, `ds`, the forecast under the model's alias, and for each level
            `{alias}-lo-{level}` and `{alias}-hi-{level}`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If values that are known ahead are missing.
        """
        return predict_table(self._state, df, level, futr_df)

    def predict_after(
        self,
        df: pd.DataFrame | None = None,
        level: Sequence[Level] | Level | None = None,
        futr_df: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Forecast after the last row of every series, whether it has a value or not.

        What backtests use, whose cutoffs may fall on absent values and whose future may have gaps,
        which count as the mean of the column; otherwise as `predict`. A table stands alone: it is
        the whole history of its series.
        """
        return predict_table(self._state, df, level, futr_df, whole_rows=True)


@dataclass(frozen=True)
class Predictor(Forecasts):
    """A model from a file: it forecasts, and tells where it comes from.

    Attributes
    ----------
    model : FittedModel
    """

    model: FittedModel

    @property
    def _state(self) -> FittedModel:
        return self.model

    @property
    def history(self) -> pd.DataFrame:
        """Series table of the last periods of every series that the model keeps."""
        data = self.model.history
        return data.periods().assign(**{Y: data.panel.values})

    @property
    def reading(self) -> dict[str, Any]:
        """Arguments of `read_csv` that read a file as the model's own was read."""
        kept = self.model.metadata.facts.get(READING, {})
        known = {name: value for name, value in kept.items() if name in _READING_ARGUMENTS}
        return {**known, "freq": self.model.history.index.frequency}

    def save(self, path: str | Path) -> None:
        """Write the model to a file; see `LSTMForecaster.save`."""
        write_model(self.model, path)


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
    model: FittedModel,
    df: pd.DataFrame | None,
    level: Sequence[Level] | Level | None,
    futr_df: pd.DataFrame | None = None,
    whole_rows: bool = False,
) -> pd.DataFrame:
    """Forecast table of a fitted model, after its own history or after the series of `df`.

    With `whole_rows` a series of `df` ends at its last row even where that has no value, and what
    is not known of the future counts as usual.
    """
    levels = checked_levels(level)
    data = model.history
    notes: list[Note] = []
    if df is not None:
        data, notes = new_history(model, df, whole_rows)
    if model.blend.effects is not None:
        data = with_future(data, futr_df, model.h, complete=not whole_rows)
    wanted = [0.5, *(q for one in levels for q in tails(one))]
    with single_blas_thread():
        paths = model.quantiles(data.panel, [normal(q) for q in wanted])
    alias = model.metadata.alias
    names = [alias, *(name for one in levels for name in column_names(alias, one))]
    table = data.future_periods(model.h)
    table.update({name: paths[..., k].ravel() for k, name in enumerate(names)})
    forecast = pd.DataFrame(table).astype({UNIQUE_ID: "str"})
    columns = model.history.schema.columns
    for one in (df, futr_df):
        notes = notes + ([] if one is None else unknown_categories(one, columns))
    forecast.attrs[ASSUMPTIONS] = [note.to_dict() for note in notes]
    return forecast


def new_history(
    model: FittedModel, df: pd.DataFrame, whole_rows: bool = False
) -> tuple[Dataset, list[Note]]:
    """Append the rows of a table to the history that a model stores of its series.

    With `whole_rows` the table stands alone: it is the whole history of its series.
    """
    checked = check_table(df)
    stored = model.history
    whole = pd.api.types.is_integer_dtype(checked[DS])
    if whole != (stored.index.frequency.kind == "integer"):
        kinds = ("whole numbers", "timestamps")
        raise OptionError(
            f"Column 'ds' holds {kinds[not whole]}; the model was fitted on {kinds[whole]}.",
            column=DS,
        )
    columns = stored.schema.columns if model.blend.effects is not None else ()
    new = to_dataset(checked, stored.index.frequency, columns, whole_rows)
    if whole_rows:
        return new.recent(MAX_STEPS), []
    _check_zone(stored.index.zone, new.index.zone)
    data, notes = continued(stored, new)
    return data.recent(MAX_STEPS), notes


def _check_zone(stored: str | None, new: str | None) -> None:
    if (stored is None) != (new is None):
        has, lacks = "a time zone", "no time zone"
        raise DataError(
            f"The timestamps have {lacks if new is None else has}; those of the model "
            f"have {lacks if stored is None else has}.",
            column=DS,
            fix="Use the same form as the data that the model was fitted on.",
        )
