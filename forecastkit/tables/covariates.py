"""Columns beside the target, and what is known of days: as numbers on the grid of their series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.tables.calendar import WIDTH, waves
from forecastkit.tables.events import count_events
from forecastkit.tables.frame import DS, UNIQUE_ID, Grid, day

FUTR, HIST, STAT = "futr_exog", "hist_exog", "stat_exog"
# numbers beyond this are taken for a slip
_LARGEST = 1e100
Note = tuple[str, str]

# a table may reach so many times its rows beyond the last values
_MOST_AHEAD = 50


@dataclass(frozen=True)
class Column:
    """A covariate.

    Attributes
    ----------
    name : str
    role : "futr_exog", "hist_exog" or "stat_exog"
    categories : tuple of str or None
        What its cells may hold; None for numbers.
    dates : tuple of str or None
        For an event: the days on which it is.
    cycle : str or None
        For the calendar: which cycle its waves stand for.
    """

    name: str
    role: str
    categories: tuple[str, ...] | None = None
    dates: tuple[str, ...] | None = None
    cycle: str | None = None

    @property
    def made(self) -> bool:
        """Whether it follows from the timestamps, and stands in no column of a table."""
        return self.dates is not None or self.cycle is not None

    @property
    def width(self) -> int:
        """Columns of numbers that stand for it: one a category."""
        if self.cycle is not None:
            return WIDTH
        return 1 if self.categories is None else len(self.categories)

    def encoded(self, cells: pd.Series) -> np.ndarray:
        """Numbers that stand for cells, shape (n_rows, width); an unknown category is all zeros.

        Examples
        --------
        >>> day = Column("day", "futr_exog", ("Fri", "Sat"))
        >>> day.encoded(pd.Series(["Sat", "Sun", None])).tolist()
        [[0.0, 1.0], [0.0, 0.0], [nan, nan]]
        """
        absent = absent_cells(cells)
        if self.categories is None:
            found = pd.to_numeric(cells.where(~absent), errors="coerce").astype(float)
            return found.to_numpy()[:, None]
        text = cells.astype(str).str.strip().to_numpy()
        hot = (text[:, None] == np.array(self.categories)).astype(float)
        return np.where(absent.to_numpy()[:, None], np.nan, hot)

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, made: dict[str, Any]) -> Column:
        """Read what `to_dict` returned."""
        lists = {key: made[key] and tuple(made[key]) for key in ("categories", "dates")}
        return cls(made["name"], made["role"], **lists, cycle=made["cycle"])


@dataclass(frozen=True)
class Beside:
    """Covariates of a table, laid on its grid from each series' first period on.

    Attributes
    ----------
    columns : tuple of Column
        That change over time.
    values : ndarray of float64, shape (n_rows, sum of widths)
        NaN where nothing is known.
    offsets : ndarray of int64, shape (n_series + 1,)
        Series i has the rows `offsets[i]:offsets[i + 1]`, which may reach beyond its last value.
    constants : tuple of Column
        That do not change in a series.
    fixed : ndarray of float64, shape (n_series, sum of their widths)
    """

    columns: tuple[Column, ...]
    values: np.ndarray
    offsets: np.ndarray
    constants: tuple[Column, ...]
    fixed: np.ndarray

    @property
    def all(self) -> tuple[Column, ...]:
        """Columns that change, then those that do not."""
        return self.columns + self.constants

    @property
    def ahead(self) -> np.ndarray:
        """Whether each column of `values` is known ahead."""
        return self._each([column.role == FUTR for column in self.columns])

    @property
    def silent(self) -> np.ndarray:
        """Whether each column of `values` is for networks alone: the calendar."""
        return self._each([column.cycle is not None for column in self.columns])

    def _each(self, marks: list[bool]) -> np.ndarray:
        return np.repeat(marks, [column.width for column in self.columns]).astype(bool)

    def which(self, columns: Sequence[Column]) -> np.ndarray:
        """Positions of some columns among those of `values`."""
        owner = np.repeat(np.arange(len(self.columns)), [one.width for one in self.columns])
        return np.flatnonzero(np.isin(owner, [self.columns.index(one) for one in columns]))

    @property
    def known_ahead(self) -> tuple[Column, ...]:
        """Columns that are known ahead."""
        return tuple(column for column in self.columns if column.role == FUTR)


def laid(df: pd.DataFrame, grid: Grid, columns: Sequence[Column]) -> Beside | None:
    """Lay the covariates of a series table on its grid; None without columns.

    Parameters
    ----------
    df : DataFrame
        From `check_table`.
    grid : Grid
        Of the same table.
    columns : sequence of Column

    Raises
    ------
    DataError
        If a column is not in the table.
    """
    if not columns:
        return None
    changing = tuple(column for column in columns if column.role != STAT)
    constants = tuple(column for column in columns if column.role == STAT)
    inside = [column for column in changing if not column.made]
    check_present(df, [*inside, *constants])
    series, steps = places_of(df, grid)
    kept = (series >= 0) & (steps >= 0)
    df, series, steps = df[kept], series[kept], steps[kept]
    lengths = np.diff(grid.offsets)
    np.maximum.at(lengths, series, steps + 1)
    if lengths.sum() > _MOST_AHEAD * len(df) + 10_000:
        last = df.iloc[int(steps.argmax())]
        raise DataError(
            f"Series '{last[UNIQUE_ID]}' has a row at {day(last[DS])}, {int(steps.max())} periods "
            "after its first: nearly all periods between would be missing.",
            column=DS,
            value=str(last[DS]),
            fix="Correct the timestamp.",
        )
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = np.full((int(offsets[-1]), sum(column.width for column in changing)), np.nan)
    places, cells = offsets[series] + steps, [encoded(df, column) for column in inside]
    width = sum(column.width for column in inside)  # what is made stands behind the others
    values[places, :width] = np.concatenate([*cells, np.empty((len(df), 0))], axis=1)
    ordered = (*inside, *(one for one in changing if one.made))
    fixed = _fixed(df, series, len(lengths), constants)
    return with_made(Beside(ordered, values, offsets, constants, fixed), grid)


def _fixed(
    df: pd.DataFrame, series: np.ndarray, n_series: int, constants: Sequence[Column]
) -> np.ndarray:
    """Numbers that stand for the constants of every series, from its first cell that is filled."""
    parts = [np.zeros((n_series, 0))]
    for column in constants:
        cells = pd.DataFrame(encoded(df, column)).groupby(series).first()
        found = cells.reindex(np.arange(n_series)).to_numpy()
        parts.append(found if column.categories is None else np.nan_to_num(found))
    return np.concatenate(parts, axis=1)


def with_made(beside: Beside, grid: Grid) -> Beside:
    """Fill in the columns that follow from the timestamps, at all periods."""
    made = [column for column in beside.columns if column.made]
    if not made:
        return beside
    lengths = np.diff(beside.offsets)
    steps = np.arange(int(beside.offsets[-1])) - np.repeat(beside.offsets[:-1], lengths)
    moments, where = np.unique(np.repeat(grid.first, lengths) + steps, return_inverse=True)
    found = np.concatenate([_made(column, grid, moments) for column in made], axis=1)
    values = beside.values.copy()
    values[:, -found.shape[1] :] = found[where]
    return replace(beside, values=values)


def _made(column: Column, grid: Grid, moments: np.ndarray) -> np.ndarray:
    if column.cycle is not None:
        return waves(grid, moments, column.cycle)
    return count_events(grid, moments, column.dates or ())[:, None]


def encoded(df: pd.DataFrame, column: Column) -> np.ndarray:
    """Numbers that stand for a column of a table; see `Column.encoded`.

    Raises
    ------
    DataError
        If a cell is neither empty nor a number, or the number is infinite or beyond 1e100.
    """
    cells = df[column.name]
    found = column.encoded(cells)
    if column.categories is not None:
        return found
    none = np.isnan(found[:, 0]) & ~absent_cells(cells).to_numpy()
    wrong = none | (np.abs(found[:, 0]) > _LARGEST)
    if wrong.any():
        row, n = df.iloc[int(np.flatnonzero(wrong)[0])], int(wrong.sum())
        number = "a number" if not np.isinf(found[wrong]).any() else "a finite number"
        raise DataError(
            f"'{row[column.name]}' is not {number}: series '{row[UNIQUE_ID]}' at {day(row[DS])} "
            f"({n} such cell{'s' * (n > 1)}).",
            column=column.name,
            value=str(row[column.name]),
            fix="Write a number or leave the cell empty.",
        )
    return found


def places_of(df: pd.DataFrame, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Series of each row (-1 for none) and steps since its first period."""
    where = pd.Series(np.arange(len(grid.ids)), index=grid.ids)
    series = df[UNIQUE_ID].astype(str).map(where).fillna(-1).to_numpy(np.int64)
    return series, grid.ordinals(df[DS]) - grid.first[np.maximum(series, 0)]


def unseen(df: pd.DataFrame, columns: Sequence[Column]) -> list[Note]:
    """Note the categories in a table that columns do not have: they count as none of them.

    Examples
    --------
    >>> sky = Column("sky", "futr_exog", ("fair", "rain"))
    >>> unseen(pd.DataFrame({"sky": ["rain", "hail", "hail"]}), [sky])[0][0]
    "column 'sky': unknown category 'hail' in 2 rows, encoded as zeros"
    """
    notes = []
    for column in columns:
        if column.categories is None or column.name not in df.columns:
            continue
        text = df.loc[~absent_cells(df[column.name]), column.name].astype(str).str.strip()
        counts = text[~text.isin(column.categories)].value_counts()
        if len(counts):
            names = ", ".join(f"'{name}'" for name in counts.index[:3])
            more = f" and {len(counts) - 3} more" if len(counts) > 3 else ""
            kind, n = "category" if len(counts) == 1 else "categories", int(counts.sum())
            what = (
                f"column '{column.name}': unknown {kind} {names}{more} in {n} row{'s' * (n > 1)}, "
                "encoded as zeros"
            )
            notes.append((what, "not in the data that the model was fitted on"))
    return notes


def check_present(df: pd.DataFrame, columns: Sequence[Column]) -> None:
    """Raise `DataError` if a table lacks one of the columns."""
    absent = [column.name for column in columns if column.name not in df.columns]
    if absent:
        more = f" (missing: {', '.join(absent)})" if len(absent) > 1 else ""
        raise DataError(
            f"The table has no column '{absent[0]}', which the model uses{more}.",
            column=absent[0],
            fix="Add the column; leave cells empty where the value is unknown.",
        )


def absent_cells(cells: pd.Series) -> pd.Series:
    """Whether each cell is empty or missing."""
    return cells.isna() | cells.astype(str).str.strip().eq("")


def is_numeric(cells: pd.Series) -> bool:
    """Whether all cells are numbers, or texts of numbers."""
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
        return True
    return bool(pd.to_numeric(cells, errors="coerce").notna().all())
