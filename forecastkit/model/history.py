"""The history of a fitted model: continued for a forecast, or updated for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.model.model import FittedModel
from forecastkit.notes import Note
from forecastkit.ranges import MAX_STEPS
from forecastkit.tables.continuation import continued, with_updated
from forecastkit.tables.dataset import Dataset, to_dataset
from forecastkit.tables.frame import DS, check_table
from forecastkit.tables.schema import Column, Schema


def new_history(
    model: FittedModel,
    df: pd.DataFrame,
    whole_rows: bool = False,
    columns: Sequence[Column] | None = None,
) -> tuple[Dataset, list[Note]]:
    """Append the rows of a table to the history that a model stores of its series.

    With `whole_rows`, the table is the whole history of its series instead. `columns` are the
    covariates to read, by default those that forecasts need.
    """
    checked = check_table(df)
    stored = model.history
    is_integer = pd.api.types.is_integer_dtype(checked[DS])
    if is_integer != (stored.index.frequency.kind == "integer"):
        kinds = ("whole numbers", "timestamps")
        raise OptionError(
            f"Column 'ds' holds {kinds[not is_integer]}; "
            f"the model was fitted on {kinds[is_integer]}.",
            column=DS,
        )
    if columns is None:
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


def updated(model: FittedModel, df: pd.DataFrame) -> tuple[FittedModel, list[Note]]:
    """Append the rows of a table to the history of a model; its parts and weights stay.

    Parameters
    ----------
    model : FittedModel
    df : DataFrame
        `unique_id`, `ds`, `y`, and the covariates if the model uses any. Rows continue the stored
        history of their series or replace it, as in `predict`; series without one are added.

    Returns
    -------
    model : FittedModel
    notes : list of Note

    Raises
    ------
    DataError, OptionError
        If the rows contradict the history, or do not have its frequency or time zone.
    """
    stored = model.history
    views = [member.network.view for member in model.blend.members]
    effects = model.blend.effects
    has_effects = effects is not None and len(effects.mean) > 0
    if not has_effects and not any(view.uses_covariates for view in views):
        stored = replace(stored, panel=stored.panel.alone(), schema=Schema())
        model = replace(model, history=stored, blend=replace(model.blend, effects=None))
    new, notes = new_history(model, df, columns=stored.schema.columns)
    history = with_updated(stored, new).recent(MAX_STEPS)
    index = history.index
    facts = {
        **model.metadata.facts,
        "n_series": index.n_series,
        "end": str(index.timestamps(history.last[[history.last.argmax()]]).iloc[0]),
    }
    metadata = replace(model.metadata, facts=facts)
    return replace(model, history=history, metadata=metadata), notes
