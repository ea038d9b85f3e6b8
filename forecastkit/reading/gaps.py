"""Missing periods: counted, reported, and filled by a rule."""

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
# rules that estimate values; forecasts are not scored on estimates
_ESTIMATED = ("previous", "linear")
_RULES = {
    "none": "not filled",
    "zero": "filled with 0",
    "previous": "filled with the previous value",
    "linear": "filled by linear interpolation",
}


def fill_gaps(
    table: pd.DataFrame, data: Dataset, lines: np.ndarray, fill: Fill, file: str
) -> tuple[pd.DataFrame, list[Note]]:
    """Fill the missing periods of a series table by a rule, and report them.

    Parameters
    ----------
    table : DataFrame
        Series table.
    data : Dataset
        Dataset of the same table.
    lines : ndarray of int
        Line number of each row in the file.
    fill : "none", "error", "zero", "previous" or "linear"
    file : str
        Name of the file, for messages.

    Returns
    -------
    table : DataFrame
    notes : list of Note

    Raises
    ------
    DataError
        With fill "error", if a period has no value.
    """
    notes = _unused_data_notes(table, data)
    n_gaps = int(np.isnan(data.panel.values).sum())
    if not n_gaps:
        return table, notes
    series, counts = gaps_by_series(data)
    listed = ", ".join(
        f"{data.index.ids[i]}: {n}" for i, n in zip(series[:3], counts[:3], strict=True)
    )
    more = f" and {len(series) - 3} more series" if len(series) > 3 else ""
    timestamp, series_id, line = _first_gap(table, data, lines)
    description = (
        f"{n_gaps} of {len(data.panel.values)} periods {'has' if n_gaps == 1 else 'have'} no value "
        f"({listed}{more}); the first is {timestamp} of series '{series_id}', after row {line}"
    )
    if fill == "error":
        raise DataError(
            f"{description}.",
            file=file,
            row=line,
            fix="Add the rows, or choose how to fill them with fill (--fill none, zero, previous "
            "or linear).",
        )
    notes.append(Note(f"{description}; {_RULES[fill]}", f"fill={fill}"))
    if fill == "none":
        return table, notes
    completed = _fill_values(table, data, fill)
    if fill in _ESTIMATED:
        completed.attrs[FILLED] = {"rule": fill, "periods": _filled_periods(data)}
    return completed, notes


def _filled_periods(data: Dataset) -> dict[str, str]:
    """Runs of missing periods by series, as text: "start/end, start/end"."""
    is_absent = np.isnan(data.panel.values)
    is_start, is_end = is_absent.copy(), is_absent.copy()
    is_start[1:] &= ~is_absent[:-1]
    is_end[:-1] &= ~is_absent[1:]
    boundaries = data.panel.offsets[1:-1]
    is_start[boundaries] = is_absent[boundaries]  # a run ends with its series
    is_end[boundaries - 1] = is_absent[boundaries - 1]
    bounds = [np.flatnonzero(is_start), np.flatnonzero(is_end)]
    owner = data.panel.owner[bounds[0]]
    steps = data.panel.y.steps
    timestamps = [
        data.index.timestamps(data.index.first[owner] + steps[positions]).astype(str).tolist()
        for positions in bounds
    ]
    runs: dict[str, list[str]] = {}
    for series, start, end in zip(owner, *timestamps, strict=True):
        runs.setdefault(str(data.index.ids[series]), []).append(f"{start}/{end}")
    return {name: ", ".join(parts) for name, parts in runs.items()}


def filled_periods(data: Dataset, attrs: Mapping[Any, Any]) -> np.ndarray | None:
    """Mask of the periods whose value was estimated when the table was read.

    Parameters
    ----------
    data : Dataset
    attrs : mapping
        `attrs` of the table.

    Returns
    -------
    ndarray of bool, shape (n_periods,), or None
        None if no value was estimated; zeros from `fill="zero"` are not estimates.
    """
    record = attrs.get(FILLED)
    if not record:
        return None
    index, offsets = data.index, data.panel.offsets
    mask = np.zeros(len(data.panel.values), bool)
    for name, runs in record["periods"].items():
        series = index.position.get(name)
        if series is None:
            continue
        for run in runs.split(", "):
            bounds = pd.Series(run.split("/"))
            if index.frequency.kind == "integer":
                ordinals = index.ordinals(bounds.astype(np.int64))
            else:
                timestamps = pd.to_datetime(bounds, format="ISO8601", utc=index.zone is not None)
                local = timestamps if index.zone is None else timestamps.dt.tz_convert(index.zone)
                ordinals = index.ordinals(local)
            start, end = offsets[series] + ordinals - index.first[series]
            mask[max(start, offsets[series]) : min(end + 1, offsets[series + 1])] = True
    return mask


def _unused_data_notes(table: pd.DataFrame, data: Dataset) -> list[Note]:
    """Report series without values, and rows after the last value of the table."""
    is_absent = table[Y].isna().to_numpy()
    if not is_absent.any():
        return []
    notes = []
    empty_ids = table.loc[~table[UNIQUE_ID].isin(data.index.ids), UNIQUE_ID].drop_duplicates()
    if len(empty_ids):
        names = ", ".join(f"'{name}'" for name in empty_ids.iloc[:3]) + ", ..." * (
            len(empty_ids) > 3
        )
        notes.append(Note(f"{len(empty_ids)} series dropped: {names}", "no values"))
    is_trailing = table[DS] > table.loc[~is_absent, DS].max()
    if is_trailing.any():
        n = int(is_trailing.sum())
        description = f"{n} row{'s' * (n > 1)} without a target after the last value of the table"
        notes.append(Note(description, "used as future values of the covariates"))
    return notes


def gaps_by_series(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Series with missing periods and how many they miss, in descending order."""
    panel = data.panel
    counts = np.bincount(panel.owner[np.isnan(panel.values)], minlength=panel.n_series)
    series = np.argsort(-counts, kind="stable")
    series = series[counts[series] > 0]
    return series, counts[series]


def _first_gap(table: pd.DataFrame, data: Dataset, lines: np.ndarray) -> tuple[str, str, int]:
    """Timestamp and series of the first missing period, and the line of the row before it."""
    first = int(np.flatnonzero(np.isnan(data.panel.values))[0])
    series = int(data.panel.owner[first])
    timestamp = data.index.timestamps(data.index.first[series] + data.panel.y.steps[[first]])[0]
    is_earlier = (table[UNIQUE_ID] == data.index.ids[series]) & (table[DS] < timestamp)
    rows = np.flatnonzero(is_earlier.to_numpy())
    line = lines[rows[-1]] if len(rows) else lines[np.flatnonzero(table[DS] == timestamp)[0]]
    return day(timestamp), str(data.index.ids[series]), int(line)


def _fill_values(table: pd.DataFrame, data: Dataset, fill: Fill) -> pd.DataFrame:
    completed = data.periods().assign(filled=data.panel.values)
    completed = completed.astype({DS: table[DS].dtype, UNIQUE_ID: table[UNIQUE_ID].dtype})
    by_series = completed.groupby(UNIQUE_ID, sort=False)["filled"]
    if fill == "zero":
        completed["filled"] = completed["filled"].fillna(0.0)
    elif fill == "previous":
        completed["filled"] = by_series.ffill()
    else:
        completed["filled"] = by_series.transform(
            lambda y: y.interpolate(method="linear", limit_area="inside")
        )
    joined = table.merge(completed, on=[UNIQUE_ID, DS], how="outer", sort=True)
    joined[Y] = joined[Y].fillna(joined["filled"])
    return joined.drop(columns="filled")
