"""Combine new rows with the history that a model stores: continue, replace or start series."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.notes import Note
from forecastkit.series.panel import Panel
from forecastkit.series.ragged import Ragged, offsets_of
from forecastkit.tables.covariates import with_derived
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import day
from forecastkit.tables.index import TimeIndex
from forecastkit.tables.jitter import duration

# maximum relative difference between a stored value and its copy read back from a file
_MAX_DIFFERENCE = 1e-9
# minimum number of intervals to infer a sampling interval from: in general, and if a share of at
# least `_MIN_EQUAL_SHARE` of them are equal
_MIN_INTERVALS, _MIN_EQUAL_INTERVALS, _MIN_EQUAL_SHARE = 5, 2, 0.8


def continued(stored: Dataset, new: Dataset) -> tuple[Dataset, list[Note]]:
    """Append new rows to the stored history of their series.

    If the new rows of a series start no later than its stored history, they replace it. Otherwise
    they continue it: overlapping values must be equal, and periods in between are missing. A series
    without a stored history starts with its new rows.

    Parameters
    ----------
    stored, new : Dataset
        With the same frequency and the same covariates.

    Returns
    -------
    data : Dataset
        The series of `new`.
    notes : list of Note

    Raises
    ------
    DataError
        If a new value differs from the stored one, or the sampling interval of the new rows differs
        from that of the model.
    """
    source = np.array([stored.index.position.get(name, -1) for name in new.index.ids], np.int64)
    is_stored = source >= 0
    _check_interval(stored, new)
    follows = is_stored & (new.index.first > stored.index.first[np.maximum(source, 0)])
    old = source[follows]
    first, last = new.index.first.copy(), new.last.copy()
    first[follows] = stored.index.first[old]
    last[follows] = np.maximum(last[follows], stored.last[old])
    index = replace(new.index, first=first)
    join = _Join(np.flatnonzero(follows), old, new.index.first - first)
    y = join.padded(stored.panel.y, new.panel.y, last - first + 1)
    _check_overlap(index, y, new.panel.y, join.shift)
    panel = Panel(join.filled(y, new.panel.y))
    before, after = stored.panel.covariates, new.panel.covariates
    if before is not None and after is not None:
        lengths = np.maximum(panel.lengths, after.changing.lengths + join.shift)
        lengths[follows] = np.maximum(lengths[follows], before.changing.lengths[old])
        rows = join.padded(before.changing, after.changing, lengths)
        static = after.static.copy()
        static[follows] = np.where(np.isnan(static[follows]), before.static[old], static[follows])
        covariates = replace(after, changing=join.filled(rows, after.changing), static=static)
        panel = replace(panel, covariates=with_derived(covariates, index, new.schema))
    return Dataset(panel, index, new.schema), _notes(follows, is_stored, stored.index.n_series)


def with_updated(stored: Dataset, new: Dataset) -> Dataset:
    """All series of a stored history, each as in `new` if it is there; then those only in `new`.

    Parameters
    ----------
    stored, new : Dataset
        With the same frequency and covariates; `new` as returned by `continued`.
    """
    is_updated = np.isin(stored.index.ids.astype(str), new.index.ids.astype(str))
    unchanged = np.flatnonzero(~is_updated)
    ids = np.concatenate([stored.index.ids[unchanged], new.index.ids])
    first = np.concatenate([stored.index.first[unchanged], new.index.first])
    panel = Panel.joined([stored.panel.take(unchanged), new.panel])
    rank = [
        stored.index.position.get(str(name), len(stored.index.ids) + k)
        for k, name in enumerate(ids)
    ]
    order = np.argsort(rank, kind="stable")
    index = replace(stored.index, ids=ids[order], first=first[order])
    return Dataset(panel.take(order), index, stored.schema)


@dataclass(frozen=True, eq=False)
class _Join:
    """Alignment of new rows with the stored series that they continue.

    Attributes
    ----------
    rows : ndarray of int, shape (n_continued,)
        Positions of the continued series among the new ones.
    old : ndarray of int, shape (n_continued,)
        Positions of the same series among the stored ones.
    shift : ndarray of int, shape (n_series,)
        Periods from the first joined to the first new period of each series.
    """

    rows: np.ndarray
    old: np.ndarray
    shift: np.ndarray

    def padded(self, stored: Ragged, new: Ragged, lengths: np.ndarray) -> Ragged:
        """Rows of the given lengths that start with the stored values, NaN elsewhere."""
        offsets, history = offsets_of(lengths), stored.take(self.old)
        values = np.full((int(offsets[-1]), *new.values.shape[1:]), np.nan)
        values[offsets[self.rows][history.owner] + history.steps] = history.values
        return Ragged(values, offsets)

    def filled(self, joined: Ragged, new: Ragged) -> Ragged:
        """Overwrite joined rows with the new values that are not missing."""
        values, target = joined.values.copy(), _targets(joined, new, self.shift)
        values[target] = np.where(np.isnan(new.values), values[target], new.values)
        return joined.with_values(values)


def _targets(joined: Ragged, new: Ragged, shift: np.ndarray) -> np.ndarray:
    """Position of each new value in the joined rows."""
    return np.asarray((joined.offsets[:-1] + shift)[new.owner] + new.steps)


def _check_interval(stored: Dataset, new: Dataset) -> None:
    """Refuse new rows several periods apart, such as weekly totals for a daily model."""
    intervals = _intervals(new.panel.y)
    if len(intervals) < _MIN_EQUAL_INTERVALS or intervals.min() < 2:
        return
    mode = int(np.bincount(intervals).argmax())
    equal_share = float((intervals == mode).mean())
    stored_intervals = _intervals(stored.panel.y)
    unchanged = len(stored_intervals) and int(np.bincount(stored_intervals).argmax()) == mode
    if unchanged or (equal_share < _MIN_EQUAL_SHARE and len(intervals) < _MIN_INTERVALS):
        return
    index = new.index
    timestamps = index.timestamps(index.first[0] + np.array([0, mode]))
    interval = f"{mode} steps"
    if index.frequency.kind == "fixed":
        interval = duration(pd.Timedelta(timestamps[1] - timestamps[0]).value)
    raise DataError(
        f"The rows are {interval} apart; the model expects frequency {index.frequency.alias}.",
        value=interval,
        fix=f"Provide rows of frequency {index.frequency.alias}, or fit a model on data with this "
        "sampling interval.",
    )


def _intervals(y: Ragged) -> np.ndarray:
    """Number of periods between consecutive values of a series."""
    observed = np.flatnonzero(~np.isnan(y.values))
    return np.diff(observed)[np.diff(y.owner[observed]) == 0]


def _check_overlap(index: TimeIndex, joined: Ragged, new: Ragged, shift: np.ndarray) -> None:
    """Refuse new values that differ from the stored values of the same periods."""
    target = _targets(joined, new, shift)
    stored_values, new_values = joined.values[target], new.values
    with np.errstate(invalid="ignore"):
        size = np.maximum(np.abs(stored_values), np.abs(new_values))
        differs = np.abs(new_values - stored_values) > _MAX_DIFFERENCE * size
    if not differs.any():
        return
    first, n = int(target[differs][0]), int(differs.sum())
    series = int(joined.owner[first])
    timestamps = index.timestamps(index.first[series] + np.array([0, joined.steps[first]]))
    raise DataError(
        f"Series '{index.ids[series]}' has the value {new_values[differs][0]:g} at "
        f"{day(timestamps[1])}, but the model stores {stored_values[differs][0]:g} "
        f"({n} such value{'s' * (n > 1)}).",
        value=f"{new_values[differs][0]:g}",
        fix="Provide only later rows, or correct these; a complete history, from "
        f"{day(timestamps[0])} on, replaces the stored one.",
    )


def _notes(follows: np.ndarray, is_stored: np.ndarray, n_stored: int) -> list[Note]:
    counts = {
        "continued": int(follows.sum()),
        "replaced": int((is_stored & ~follows).sum()),
        "new": int((~is_stored).sum()),
    }
    reasons = {
        "continued": "the rows follow the stored history",
        "replaced": "the rows reach back to the start of the stored history",
        "new": "no stored history: these series start with the given rows",
    }
    present = [name for name, n in counts.items() if n]
    what = [f"{counts[name]}{' series' * (name == present[0])} {name}" for name in present]
    n_absent = n_stored - int(is_stored.sum())
    why = [f"{name}: {reasons[name]}" if len(present) > 1 else reasons[name] for name in present]
    notes = [Note(", ".join(what), "; ".join(why))]
    if n_absent and counts["continued"]:
        notes.append(Note(f"{n_absent} stored series not forecast", "no new rows for them"))
    return notes
