"""New rows of series whose history a model holds: continued, replaced, or a series of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.tables.clocks import duration
from forecastkit.tables.covariates import Beside, with_made
from forecastkit.tables.frame import Grid, day

Note = tuple[str, str]
# stored values that are written and read again differ by no more than this share
_SAME = 1e-9
# new rows of a series, apart from each other, of which a sampling interval can be told
_MIN_STEPS, _MIN_EQUAL_STEPS, _EQUAL_SHARE = 5, 2, 0.8


def continued(stored: Grid, new: Grid) -> tuple[Grid, list[Note]]:
    """Put new rows behind the stored history of their series.

    Rows of a series that reach back to the start of its stored history replace it. Otherwise they
    continue it: values that both have must be equal, periods between are missing. A series that is
    not stored stands alone.

    Parameters
    ----------
    stored, new : Grid
        On the same frequency and with the same covariates.

    Returns
    -------
    grid : Grid
        Of the series of `new`.
    notes : list of (what, why)

    Raises
    ------
    DataError
        If a new value contradicts a stored one, or the new rows have another sampling interval.
    """
    place = {name: k for k, name in enumerate(stored.ids)}
    source = np.array([place.get(name, -1) for name in new.ids], np.int64)
    known = source >= 0
    _check_interval(stored, new)
    follows = known & (new.first > stored.first[np.maximum(source, 0)])
    old = source[follows]
    first, last = new.first.copy(), new.last.copy()
    first[follows] = stored.first[old]
    last[follows] = np.maximum(last[follows], stored.last[old])
    offsets = _offsets(last - first + 1)
    values = np.full(int(offsets[-1]), np.nan)
    places = _places(stored.offsets, old, offsets[:-1][follows])
    values[places[1]] = stored.values[places[0]]
    rows = np.arange(len(new.ids))
    source_rows, target = _places(new.offsets, rows, offsets[:-1] + new.first - first)
    fresh = new.values[source_rows]
    _check_equal(replace(new, first=first, offsets=offsets, values=values), target, fresh)
    values[target] = np.where(np.isnan(fresh), values[target], fresh)
    grid = replace(new, first=first, offsets=offsets, values=values)
    if new.beside is not None and stored.beside is not None:
        grid = replace(grid, beside=_beside(stored.beside, new, grid, follows, source))
    return grid, _notes(follows, known, len(stored.ids))


def _offsets(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _places(
    offsets: np.ndarray, rows: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the values of some series, and where they go if each begins at `starts`."""
    lengths = np.diff(offsets)[rows]
    steps = np.arange(int(lengths.sum())) - np.repeat(_offsets(lengths)[:-1], lengths)
    return np.repeat(offsets[rows], lengths) + steps, np.repeat(starts, lengths) + steps


def _check_interval(stored: Grid, new: Grid) -> None:
    """Refuse rows that lie several periods apart, as sums of weeks do among days."""
    steps = _steps(new)
    if len(steps) < _MIN_EQUAL_STEPS or steps.min() < 2:
        return
    common = int(np.bincount(steps).argmax())
    equal = float((steps == common).mean())
    before = _steps(stored)
    usual = len(before) and int(np.bincount(before).argmax()) == common
    if usual or (equal < _EQUAL_SHARE and len(steps) < _MIN_STEPS):
        return
    moments = pd.Series(new.timestamps(new.first[0] + np.array([0, common])))
    apart = f"{common} steps"
    if new.frequency.kind == "fixed":
        apart = duration(pd.Timedelta(moments[1] - moments[0]).value)
    raise DataError(
        f"The rows are {apart} apart; the model expects frequency {new.frequency.alias}.",
        value=apart,
        fix=f"Provide rows of frequency {new.frequency.alias}, or fit a model on data with this "
        "sampling interval.",
    )


def _steps(grid: Grid) -> np.ndarray:
    """Periods from each value to the next of its series."""
    known = np.flatnonzero(~np.isnan(grid.values))
    owner = np.searchsorted(grid.offsets, known, side="right") - 1
    return np.diff(known)[np.diff(owner) == 0]


def _check_equal(grid: Grid, target: np.ndarray, fresh: np.ndarray) -> None:
    before = grid.values[target]
    with np.errstate(invalid="ignore"):
        wrong = np.abs(fresh - before) > _SAME * np.maximum(np.abs(before), np.abs(fresh))
    if not wrong.any():
        return
    first, n = int(target[wrong][0]), int(wrong.sum())
    owner = int(np.searchsorted(grid.offsets, first, side="right") - 1)
    step = first - grid.offsets[owner]
    moments = grid.timestamps(grid.first[owner] + np.array([0, step]))
    raise DataError(
        f"Series '{grid.ids[owner]}' has the value {fresh[wrong][0]:g} at {day(moments[1])}, but "
        f"the model stores {before[wrong][0]:g} ({n} such value{'s' * (n > 1)}).",
        value=f"{fresh[wrong][0]:g}",
        fix="Provide only later rows, or correct these; a complete history, from "
        f"{day(moments[0])} on, replaces the stored one.",
    )


def _beside(
    stored: Beside, new: Grid, grid: Grid, follows: np.ndarray, source: np.ndarray
) -> Beside:
    """Covariates of the joined history: the stored ones, and the new ones where they are known."""
    fresh = new.beside
    assert fresh is not None
    old, shift = source[follows], new.first - grid.first
    lengths = np.diff(fresh.offsets) + shift
    lengths[follows] = np.maximum(lengths[follows], np.diff(stored.offsets)[old])
    lengths = np.maximum(lengths, np.diff(grid.offsets))
    offsets = _offsets(lengths)
    values = np.full((int(offsets[-1]), fresh.values.shape[1]), np.nan)
    places = _places(stored.offsets, old, offsets[:-1][follows])
    values[places[1]] = stored.values[places[0]]
    rows, target = _places(fresh.offsets, np.arange(len(new.ids)), offsets[:-1] + shift)
    given = fresh.values[rows]
    values[target] = np.where(np.isnan(given), values[target], given)
    fixed = fresh.fixed.copy()
    fixed[follows] = np.where(np.isnan(fixed[follows]), stored.fixed[old], fixed[follows])
    return with_made(replace(fresh, values=values, offsets=offsets, fixed=fixed), grid)


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
    notes = [(", ".join(words), "; ".join(whys))]
    if absent and counts["continued"]:
        notes.append((f"{absent} stored series not forecast", "no new rows for them"))
    return notes
