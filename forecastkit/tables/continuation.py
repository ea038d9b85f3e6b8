"""New rows of series whose history a model stores: continued, replaced, or new series."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.notes import Note
from forecastkit.series.panel import Panel
from forecastkit.series.ragged import Ragged, offsets_of
from forecastkit.tables.clocks import duration
from forecastkit.tables.covariates import with_derived
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import day
from forecastkit.tables.index import TimeIndex

# maximum relative difference of stored values that were written to a file and read again
_MAX_DIFFERENCE = 1e-9
# minimum rows of a series, and share of equal steps, from which a sampling interval is inferred
_MIN_STEPS, _MIN_EQUAL_STEPS, _EQUAL_SHARE = 5, 2, 0.8


def continued(stored: Dataset, new: Dataset) -> tuple[Dataset, list[Note]]:
    """Append new rows to the stored history of their series.

    Rows of a series that reach back to the start of its stored history replace it. Otherwise they
    continue it: values that both have must be equal, periods between are missing. A series without
    a stored history starts with its rows.

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
        If a new value contradicts a stored one, or the new rows have another sampling interval.
    """
    source = np.array([stored.index.position.get(name, -1) for name in new.index.ids], np.int64)
    known = source >= 0
    _check_interval(stored, new)
    follows = known & (new.index.first > stored.index.first[np.maximum(source, 0)])
    old = source[follows]
    first, last = new.index.first.copy(), new.last.copy()
    first[follows] = stored.index.first[old]
    last[follows] = np.maximum(last[follows], stored.last[old])
    index = replace(new.index, first=first)
    join = _Join(np.flatnonzero(follows), old, new.index.first - first)
    y = join.padded(stored.panel.y, new.panel.y, last - first + 1)
    _check_equal(index, y, new.panel.y, join.shift)
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
    return Dataset(panel, index, new.schema), _notes(follows, known, stored.index.n_series)


@dataclass(frozen=True, eq=False)
class _Join:
    """Which stored series are continued, and where the new rows go.

    Attributes
    ----------
    rows : ndarray of int, shape (n_continued,)
        Positions of the continued series among the new ones.
    old : ndarray of int, shape (n_continued,)
        Positions of the same series among the stored ones.
    shift : ndarray of int, shape (n_series,)
        Periods from the first joined period to the first new one.
    """

    rows: np.ndarray
    old: np.ndarray
    shift: np.ndarray

    def padded(self, stored: Ragged, new: Ragged, lengths: np.ndarray) -> Ragged:
        """Rows of these lengths that hold the stored values, NaN elsewhere."""
        offsets, part = offsets_of(lengths), stored.take(self.old)
        values = np.full((int(offsets[-1]), *new.values.shape[1:]), np.nan)
        values[offsets[self.rows][part.owner] + part.steps] = part.values
        return Ragged(values, offsets)

    def filled(self, joined: Ragged, new: Ragged) -> Ragged:
        """Put the new values where they are known."""
        values, target = joined.values.copy(), _targets(joined, new, self.shift)
        values[target] = np.where(np.isnan(new.values), values[target], new.values)
        return joined.with_values(values)


def _targets(joined: Ragged, new: Ragged, shift: np.ndarray) -> np.ndarray:
    """Position in the joined rows of each new value."""
    return np.asarray((joined.offsets[:-1] + shift)[new.owner] + new.steps)


def _check_interval(stored: Dataset, new: Dataset) -> None:
    """Refuse rows that lie several periods apart, such as weekly sums among days."""
    steps = _steps(new.panel.y)
    if len(steps) < _MIN_EQUAL_STEPS or steps.min() < 2:
        return
    common = int(np.bincount(steps).argmax())
    equal = float((steps == common).mean())
    before = _steps(stored.panel.y)
    usual = len(before) and int(np.bincount(before).argmax()) == common
    if usual or (equal < _EQUAL_SHARE and len(steps) < _MIN_STEPS):
        return
    index = new.index
    moments = index.timestamps(index.first[0] + np.array([0, common]))
    apart = f"{common} steps"
    if index.frequency.kind == "fixed":
        apart = duration(pd.Timedelta(moments[1] - moments[0]).value)
    raise DataError(
        f"The rows are {apart} apart; the model expects frequency {index.frequency.alias}.",
        value=apart,
        fix=f"Provide rows of frequency {index.frequency.alias}, or fit a model on data with this "
        "sampling interval.",
    )


def _steps(y: Ragged) -> np.ndarray:
    """Periods from each value to the next of its series."""
    known = np.flatnonzero(~np.isnan(y.values))
    return np.diff(known)[np.diff(y.owner[known]) == 0]


def _check_equal(index: TimeIndex, joined: Ragged, new: Ragged, shift: np.ndarray) -> None:
    """Refuse new values that differ from stored ones of the same periods."""
    target = _targets(joined, new, shift)
    before, after = joined.values[target], new.values
    with np.errstate(invalid="ignore"):
        wrong = np.abs(after - before) > _MAX_DIFFERENCE * np.maximum(np.abs(before), np.abs(after))
    if not wrong.any():
        return
    first, n = int(target[wrong][0]), int(wrong.sum())
    series = int(joined.owner[first])
    moments = index.timestamps(index.first[series] + np.array([0, joined.steps[first]]))
    raise DataError(
        f"Series '{index.ids[series]}' has the value {after[wrong][0]:g} at {day(moments[1])}, but "
        f"the model stores {before[wrong][0]:g} ({n} such value{'s' * (n > 1)}).",
        value=f"{after[wrong][0]:g}",
        fix="Provide only later rows, or correct these; a complete history, from "
        f"{day(moments[0])} on, replaces the stored one.",
    )


def _notes(follows: np.ndarray, known: np.ndarray, n_stored: int) -> list[Note]:
    counts = {
        "continued": int(follows.sum()),
        "replaced": int((known & ~follows).sum()),
        "new": int((~known).sum()),
    }
    reasons = {
        "continued": "the rows follow the stored history",
        "replaced": "the rows reach back to the start of the stored history",
        "new": "no stored history: these series start with the given rows",
    }
    some = [name for name, n in counts.items() if n]
    words = [f"{counts[name]}{' series' * (name == some[0])} {name}" for name in some]
    absent = n_stored - int(known.sum())
    whys = [f"{name}: {reasons[name]}" if len(some) > 1 else reasons[name] for name in some]
    notes = [Note(", ".join(words), "; ".join(whys))]
    if absent and counts["continued"]:
        notes.append(Note(f"{absent} stored series not forecast", "no new rows for them"))
    return notes
