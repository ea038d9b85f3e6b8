"""The history of a fitted model: continued for a forecast, or updated for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.model.model import FittedModel
from forecastkit.model.states import States, continued_states
from forecastkit.notes import Note
from forecastkit.ranges import MAX_STEPS
from forecastkit.tables.continuation import continued, with_updated
from forecastkit.tables.dataset import Dataset, to_dataset
from forecastkit.tables.frame import DS, check_table
from forecastkit.tables.schema import Column, Schema


@dataclass(frozen=True)
class NewHistory:
    """History of the series of a table, with what a model stores of them.

    Attributes
    ----------
    data : Dataset
    notes : list of Note
    states : States, optional
        Of the same series, if one of them continues a stored one and the networks have states.
    """

    data: Dataset
    notes: list[Note] = field(default_factory=list)
    states: States | None = None


def new_history(
    model: FittedModel,
    df: pd.DataFrame,
    whole_rows: bool = False,
    columns: Sequence[Column] | None = None,
) -> NewHistory:
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
        return NewHistory(new.recent(MAX_STEPS))
    _check_zone(stored.index.zone, new.index.zone)
    data, notes = continued(stored, new)
    data = data.recent(MAX_STEPS)
    states = None
    source = np.array([stored.index.position.get(str(name), -1) for name in new.index.ids], int)
    source = np.where(new.index.first > stored.index.first[source], source, -1)
    if model.blend.has_state and (source >= 0).any():
        settings = model.blend.members, model.states, stored, data, source
        states = continued_states(*settings)
    return NewHistory(data, notes, states)


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
    new = new_history(model, df, columns=stored.schema.columns)
    history = with_updated(stored, new.data).recent(MAX_STEPS)
    index = history.index
    facts = {
        **model.metadata.facts,
        "n_series": index.n_series,
        "end": str(index.timestamps(history.last[[history.last.argmax()]]).iloc[0]),
    }
    metadata = replace(model.metadata, facts=facts)
    states = _updated_states(model, new, history)
    return replace(model, history=history, metadata=metadata, states=states), new.notes


def _updated_states(model: FittedModel, new: NewHistory, history: Dataset) -> States | None:
    """States of the series of an updated history: the new ones, and those that stay."""
    if not model.blend.has_state:
        return None
    members, stored, states = model.blend.members, model.history, new.states
    if states is None:
        states = States.of(members, new.data.panel.alone())
    position = new.data.index.position
    updated_row = np.array([position.get(str(name), -1) for name in history.index.ids], int)
    stays = np.flatnonzero(updated_row < 0)
    kept_row = np.array([stored.index.position[str(history.index.ids[row])] for row in stays], int)
    kept = (
        States.of(members, stored.panel.alone().take(kept_row))
        if model.states is None
        else model.states.take(kept_row)
    )
    order = updated_row
    order[stays] = len(new.data.index.ids) + np.arange(len(stays))
    return States.joined([states, kept]).take(order)
