"""Periods without a value: counted, named, and filled by a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.notes import Note
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import DS, FILLED, UNIQUE_ID, Y, day

Fill = Literal["error", "none", "zero", "previous", "linear"]
FILLS = ("none", "error", "zero", "previous", "linear")
# rules whose values are estimates, which no forecast is scored on
_ESTIMATED = ("previous", "linear")
_RULES = {
    "none": "not filled",
    "zero": "filled with 0",
    "previous": "filled with the previous value",
    "linear": "filled by linear interpolation",
}


def filled(
    table: pd.DataFrame, data: Dataset, lines: np.ndarray, fill: Fill, file: str
) -> tuple[pd.DataFrame, list[Note]]:
    """Fill the periods of a series table that have no value, by a rule, and say so.

    Parameters
    ----------
    table : DataFrame
        A series table.
    data : Dataset
        Of the same table.
    lines : ndarray of int
        Line in the file of each row.
    fill : "none", "error", "zero", "previous" or "linear"
    file : str

    Raises
    ------
    DataError
        With fill "error", if a period has no value.
    """
    notes = _left_out(table, data)
    gaps = int(np.isnan(data.panel.values).sum())
    if not gaps:
        return table, notes
    series, counts = gaps_by_series(data)
    named = ", ".join(
        f"{data.index.ids[i]}: {n}" for i, n in zip(series[:3], counts[:3], strict=True)
    )
    more = f" and {len(series) - 3} more series" if len(series) > 3 else ""
    moment, owner, line = _first_gap(table, data, lines)
    where = (
        f"{gaps} of {len(data.panel.values)} periods {'has' if gaps == 1 else 'have'} no value "
        f"({named}{more}); the first is {moment} of series '{owner}', after row {line}"
    )
    if fill == "error":
        raise DataError(
            f"{where}.",
            file=file,
            row=line,
            fix="Add the rows, or choose how to fill them with fill (--fill none, zero, previous "
            "or linear).",
        )
    notes.append(Note(f"{where}; {_RULES[fill]}", f"fill={fill}"))
    if fill == "none":
        return table, notes
    whole = _with_values(table, data, fill)
    if fill in _ESTIMATED:
        whole.attrs[FILLED] = {"rule": fill, "periods": _filled_periods(data)}
    return whole, notes


def _filled_periods(data: Dataset) -> dict[str, str]:
    """By series the runs of periods without a value, as text: "start/end start/end"."""
    absent = np.isnan(data.panel.values)
    before, after = absent.copy(), absent.copy()
    before[1:] &= ~absent[:-1]
    after[:-1] &= ~absent[1:]
    ends = data.panel.offsets[1:-1]
    before[ends] = absent[ends]  # a run ends with its series
    after[ends - 1] = absent[ends - 1]
    places = [np.flatnonzero(before), np.flatnonzero(after)]
    owner = data.panel.owner[places[0]]
    steps = data.panel.y.steps
    moments = [
        data.index.timestamps(data.index.first[owner] + steps[one]).astype(str).tolist()
        for one in places
    ]
    runs: dict[str, list[str]] = {}
    for series, start, end in zip(owner, *moments, strict=True):
        runs.setdefault(str(data.index.ids[series]), []).append(f"{start}/{end}")
    return {name: ", ".join(parts) for name, parts in runs.items()}


def filled_periods(data: Dataset, attrs: Mapping[Any, Any]) -> np.ndarray | None:
    """Which periods of a dataset hold a value that was estimated when the table was read.

    Parameters
    ----------
    data : Dataset
    attrs : mapping
        Of the table.

    Returns
    -------
    ndarray of bool, shape (n_periods,), or None
        None where no value was: 0 in place of an absent row is a value, not an estimate.
    """
    kept = attrs.get(FILLED)
    if not kept:
        return None
    index, offsets = data.index, data.panel.offsets
    mask = np.zeros(len(data.panel.values), bool)
    for name, runs in kept["periods"].items():
        series = index.position.get(name)
        if series is None:
            continue
        for run in runs.split(", "):
            bounds = pd.Series(run.split("/"))
            if index.frequency.kind == "integer":
                ordinals = index.ordinals(bounds.astype(np.int64))
            else:
                moments = pd.to_datetime(bounds, format="ISO8601", utc=index.zone is not None)
                local = moments if index.zone is None else moments.dt.tz_convert(index.zone)
                ordinals = index.ordinals(local)
            start, end = offsets[series] + ordinals - index.first[series]
            mask[max(start, offsets[series]) : min(end + 1, offsets[series + 1])] = True
    return mask


def _left_out(table: pd.DataFrame, data: Dataset) -> list[Note]:
    """Say which rows and series have no value that a forecast could start from."""
    absent = table[Y].isna().to_numpy()
    if not absent.any():
        return []
    notes = []
    empty = table.loc[~table[UNIQUE_ID].isin(data.index.ids), UNIQUE_ID].drop_duplicates()
    if len(empty):
        names = ", ".join(f"'{name}'" for name in empty.iloc[:3]) + ", ..." * (len(empty) > 3)
        notes.append(Note(f"{len(empty)} series dropped: {names}", "no values"))
    behind = table[DS] > table.loc[~absent, DS].max()
    if behind.any():
        n = int(behind.sum())
        what = f"{n} row{'s' * (n > 1)} without a target after the last value of the table"
        notes.append(Note(what, "used as future values of the covariates"))
    return notes


def gaps_by_series(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Series that lack values and how many, the most first."""
    panel = data.panel
    counts = np.bincount(panel.owner[np.isnan(panel.values)], minlength=panel.n_series)
    series = np.argsort(-counts, kind="stable")
    series = series[counts[series] > 0]
    return series, counts[series]


def _first_gap(table: pd.DataFrame, data: Dataset, lines: np.ndarray) -> tuple[str, str, int]:
    """Timestamp and series of the first missing period, and the line of the row before it."""
    first = int(np.flatnonzero(np.isnan(data.panel.values))[0])
    owner = int(data.panel.owner[first])
    moment = data.index.timestamps(data.index.first[owner] + data.panel.y.steps[[first]])[0]
    before = (table[UNIQUE_ID] == data.index.ids[owner]) & (table[DS] < moment)
    rows = np.flatnonzero(before.to_numpy())
    line = lines[rows[-1]] if len(rows) else lines[np.flatnonzero(table[DS] == moment)[0]]
    return day(moment), str(data.index.ids[owner]), int(line)


def _with_values(table: pd.DataFrame, data: Dataset, fill: Fill) -> pd.DataFrame:
    whole = data.periods().assign(filled=data.panel.values)
    whole = whole.astype({DS: table[DS].dtype, UNIQUE_ID: table[UNIQUE_ID].dtype})
    by_series = whole.groupby(UNIQUE_ID, sort=False)["filled"]
    if fill == "zero":
        whole["filled"] = whole["filled"].fillna(0.0)
    elif fill == "previous":
        whole["filled"] = by_series.ffill()
    else:
        whole["filled"] = by_series.transform(
            lambda y: y.interpolate(method="linear", limit_area="inside")
        )
    joined = table.merge(whole, on=[UNIQUE_ID, DS], how="outer", sort=True)
    joined[Y] = joined[Y].fillna(joined["filled"])
    return joined.drop(columns="filled")
