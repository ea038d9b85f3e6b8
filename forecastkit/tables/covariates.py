"""Columns beside the target: which are known ahead, which of the past alone, which never change.

Nothing is guessed in silence: a column that is not named has the meaning that its cells show, and
that is noted. What cannot be used, or would give the target away, is left out and noted too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.tables.events import EVENTS, count_events
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Grid, Y

FUTR, HIST, STAT = "futr_exog", "hist_exog", "stat_exog"
_MEANINGS = {FUTR: "known ahead", HIST: "known for the past alone", STAT: "constant in a series"}
_MOST_CATEGORIES = 20
_MOST_CONSTANTS = 100
# numbers beyond this are taken for a slip
_LARGEST = 1e100
# a table may reach so many times its rows beyond the last values
_MOST_AHEAD = 50
# a sum of columns is the target when it leaves no more than this share of it
_EXACT = 1e-6

Note = tuple[str, str]


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
        For an event: the days on which it is. It stands in no column of the table.
    """

    name: str
    role: str
    categories: tuple[str, ...] | None = None
    dates: tuple[str, ...] | None = None

    @property
    def width(self) -> int:
        """Columns of numbers that stand for it: one a category."""
        return 1 if self.categories is None else len(self.categories)

    def encoded(self, cells: pd.Series) -> np.ndarray:
        """Numbers that stand for cells, shape (n_rows, width); an unknown category is all zeros.

        Examples
        --------
        >>> day = Column("day", "futr_exog", ("Fri", "Sat"))
        >>> day.encoded(pd.Series(["Sat", "Sun", None])).tolist()
        [[0.0, 1.0], [0.0, 0.0], [nan, nan]]
        """
        absent = _absent(cells)
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
        return cls(made["name"], made["role"], **lists)


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
        return np.repeat(
            [column.role == FUTR for column in self.columns],
            [column.width for column in self.columns],
        ).astype(bool)

    def which(self, columns: Sequence[Column]) -> np.ndarray:
        """Positions of some columns among those of `values`."""
        owner = np.repeat(np.arange(len(self.columns)), [one.width for one in self.columns])
        return np.flatnonzero(np.isin(owner, [self.columns.index(one) for one in columns]))

    @property
    def known_ahead(self) -> tuple[Column, ...]:
        """Columns that are known ahead."""
        return tuple(column for column in self.columns if column.role == FUTR)


def find_columns(
    df: pd.DataFrame,
    futr: Sequence[str] | None = None,
    hist: Sequence[str] | None = None,
    stat: Sequence[str] | None = None,
) -> tuple[tuple[Column, ...], list[Note]]:
    """Decide what the columns of a series table mean.

    Parameters
    ----------
    df : DataFrame
        From `check_table`, its covariates behind `y`.
    futr, hist, stat : sequence of str, optional
        Names of columns that are known ahead, for the past alone, and constant in a series.

    Returns
    -------
    columns : tuple of Column
    notes : list of (what, why)

    Raises
    ------
    OptionError
        If a name is not that of a column, or stands in two lists.
    DataError
        If a column that is named does not hold what its meaning asks for.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=4)
    >>> df = pd.DataFrame({"unique_id": "a", "ds": days, "y": [1.0, 2, 3, None],
    ...                    "price": [5, 4, 5, 4], "rain": [0.1, 0.4, 0.2, None]})
    >>> [(column.name, column.role) for column in find_columns(df)[0]]
    [('price', 'futr_exog'), ('rain', 'hist_exog')]
    """
    events = df.attrs.get(EVENTS, {})
    twice = [name for name in events if name in df.columns]
    if twice:
        raise OptionError(
            f"'{twice[0]}' is a column of the table and an event.",
            value=twice[0],
            fix="Give the event another name.",
        )
    named = _named(df, {FUTR: futr, HIST: hist, STAT: stat})
    others = [name for name in df.columns if name not in (UNIQUE_ID, DS, Y, CUTOFF)]
    leaks = _leaks(df, others)
    columns, notes = [], []
    for name in others:
        if name in named:
            columns.append(_checked(df, name, named[name]))
            if name in leaks and named[name] != STAT:
                what = f"column '{name}' gives the target away: forecasts will look too good"
                notes.append((what, leaks[name]))
            continue
        role, why = (None, leaks[name]) if name in leaks else _role(df, name)
        if role is None:
            notes.append((f"column '{name}' not used", why))
        else:
            columns.append(_checked(df, name, role))
            notes.append((f"column '{name}' taken as {_MEANINGS[role]} ({role})", why))
    for name, dates in events.items():
        columns.append(Column(name, FUTR, dates=tuple(dates)))
    if events:
        notes.append((f"{len(events)} kinds of days known ahead: {', '.join(events)}", "asked for"))
    return tuple(columns), notes


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
    inside = [column for column in changing if column.dates is None]
    _check_present(df, [*inside, *constants])
    series, steps = _places(df, grid)
    kept = (series >= 0) & (steps >= 0)
    df, series, steps = df[kept], series[kept], steps[kept]
    lengths = np.diff(grid.offsets)
    np.maximum.at(lengths, series, steps + 1)
    if lengths.sum() > _MOST_AHEAD * len(df) + 10_000:
        last = df.iloc[int(steps.argmax())]
        raise DataError(
            f"Series '{last[UNIQUE_ID]}' has a row at {_day(last[DS])}, {int(steps.max())} periods "
            "after its first one: nearly all between would be missing.",
            column=DS,
            value=str(last[DS]),
            fix="Mend the timestamp.",
        )
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = np.full((int(offsets[-1]), sum(column.width for column in changing)), np.nan)
    places, cells = offsets[series] + steps, [encoded(df, column) for column in inside]
    width = sum(column.width for column in inside)  # events stand behind the others
    values[places, :width] = np.concatenate([*cells, np.empty((len(df), 0))], axis=1)
    ordered = (*inside, *(one for one in changing if one.dates))
    fixed = _fixed(df, series, len(lengths), constants)
    return _with_events(Beside(ordered, values, offsets, constants, fixed), grid)


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


def _with_events(beside: Beside, grid: Grid) -> Beside:
    """Fill in the columns of events, at all periods."""
    events = [column for column in beside.columns if column.dates]
    if not events:
        return beside
    lengths = np.diff(beside.offsets)
    steps = np.arange(int(beside.offsets[-1])) - np.repeat(beside.offsets[:-1], lengths)
    moments, where = np.unique(np.repeat(grid.first, lengths) + steps, return_inverse=True)
    counts = [count_events(grid, moments, column.dates or ())[where] for column in events]
    values = beside.values.copy()
    values[:, -len(events) :] = np.stack(counts, axis=1)
    return replace(beside, values=values)


def with_future(grid: Grid, futr_df: pd.DataFrame | None, h: int, whole: bool = True) -> Grid:
    """Add the future rows of the columns that are known ahead.

    Parameters
    ----------
    grid : Grid
        Its covariates may reach beyond its last values already.
    futr_df : DataFrame or None
        `unique_id`, `ds` and the columns that are known ahead.
    h : int
        Steps after every series.
    whole : bool
        Whether all of them must be known.

    Raises
    ------
    DataError
        If some are missing: series, timestamps and columns are named.
    """
    beside = grid.beside
    if beside is None or not beside.ahead.any():
        return grid
    lengths = np.diff(grid.offsets)
    needed = np.maximum(np.diff(beside.offsets), lengths + h)
    offsets = np.concatenate([[0], np.cumsum(needed)]).astype(np.int64)
    values = np.full((int(offsets[-1]), beside.values.shape[1]), np.nan)
    owner = np.repeat(np.arange(len(lengths)), np.diff(beside.offsets))
    values[np.arange(len(owner)) + (offsets[:-1] - beside.offsets[:-1])[owner]] = beside.values
    ahead = [column for column in beside.known_ahead if column.dates is None]
    if futr_df is not None and ahead:
        futr_df = _checked_future(futr_df, grid, ahead)
        series, steps = _places(futr_df, grid)
        own = np.maximum(series, 0)
        kept = (series >= 0) & (steps >= lengths[own]) & (steps < needed[own])
        cells = [encoded(futr_df, column) for column in ahead]
        places = (offsets[series] + steps)[kept]
        told = beside.which(ahead)
        values[np.ix_(places, told)] = np.concatenate(cells, axis=1)[kept]
    beside = _with_events(replace(beside, values=values, offsets=offsets), grid)
    grid = replace(grid, beside=beside)
    if whole:
        _check_future(grid, h)
    return grid


def _checked_future(df: pd.DataFrame, grid: Grid, columns: Sequence[Column]) -> pd.DataFrame:
    """Rows of the future with timestamps of the grid's kind, one a series and timestamp."""
    if not isinstance(df, pd.DataFrame) or not df.columns.is_unique:
        raise DataError(
            f"The future is a pandas DataFrame with columns of different names, not {type(df)}.",
            fix="Make one with make_future_dataframe, and fill it in.",
        )
    absent = [name for name in (UNIQUE_ID, DS) if name not in df.columns]
    if absent:
        raise DataError(
            f"The future has no column '{absent[0]}'; it has: {', '.join(map(str, df.columns))}.",
            column=absent[0],
            fix="Make one with make_future_dataframe, and fill it in.",
        )
    _check_present(df, columns)
    df = df.reset_index(drop=True)
    df = df.assign(**{UNIQUE_ID: df[UNIQUE_ID].astype(str), DS: _moments_of(df[DS], grid)})
    off = grid.off_grid(df[DS])
    if off.any():
        row = df[off].iloc[0]
        raise DataError(
            f"The future has a row at {_day(row[DS])} of series '{row[UNIQUE_ID]}', which is not a "
            f"timestamp of frequency {grid.frequency} ({int(off.sum())} such rows).",
            column=DS,
            value=str(row[DS]),
            fix="Make the rows with make_future_dataframe, and fill them in.",
        )
    names = [column.name for column in columns]
    df = df.drop_duplicates([UNIQUE_ID, DS, *names])
    twice = df.duplicated([UNIQUE_ID, DS])
    if twice.any():
        row = df[twice].iloc[0]
        raise DataError(
            f"The future has more than one row for series '{row[UNIQUE_ID]}' at {_day(row[DS])} "
            f"({int(twice.sum())} rows too many in all).",
            column=DS,
            value=str(row[DS]),
            fix="Keep one of them.",
        )
    return df


def _moments_of(ds: pd.Series, grid: Grid) -> pd.Series:
    """Timestamps as the table of the model has them: whole numbers, of its zone, or of none."""
    if grid.frequency.kind == "integer":
        found = pd.to_numeric(ds, errors="coerce")
        if found.isna().any() or (found % 1 != 0).any():
            raise _no_moment(ds, found.isna() | (found % 1 != 0), "a whole number")
        return found.astype(np.int64)
    if pd.api.types.is_numeric_dtype(ds):
        raise _no_moment(ds, pd.Series(True, index=ds.index), "a timestamp")
    known = ds
    if not pd.api.types.is_datetime64_any_dtype(ds):
        known = pd.to_datetime(ds.astype(str), format="ISO8601", errors="coerce", utc=True)
        if grid.time_zone is None:
            known = known.dt.tz_localize(None)
    if known.isna().any():
        raise _no_moment(ds, known.isna(), "a timestamp as 2024-12-31")
    zoned = getattr(known.dtype, "tz", None) is not None
    if zoned != (grid.time_zone is not None):
        kinds = ("no time zone", f"the time zone {grid.time_zone or known.dt.tz}")
        raise DataError(
            f"The timestamps of the future have {kinds[zoned]}, those of the model "
            f"{kinds[not zoned]}.",
            column=DS,
            value=str(ds.iloc[0]),
            fix="Make the rows with make_future_dataframe, and fill them in.",
        )
    return known.dt.tz_convert(grid.time_zone) if zoned else known


def _no_moment(ds: pd.Series, wrong: pd.Series, what: str) -> DataError:
    value = ds[wrong].iloc[0]
    return DataError(
        f"'{value}' in column 'ds' of the future is not {what} ({int(wrong.sum())} such rows).",
        column=DS,
        value=str(value),
        fix="Make the rows with make_future_dataframe, and fill them in.",
    )


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
    wrong = (np.isnan(found[:, 0]) & ~_absent(cells).to_numpy()) | (np.abs(found[:, 0]) > _LARGEST)
    if wrong.any():
        row = df.iloc[int(np.flatnonzero(wrong)[0])]
        number = "a number" if not np.isinf(found[wrong]).any() else "a finite number"
        raise DataError(
            f"'{row[column.name]}' in column '{column.name}' is not {number}: series "
            f"'{row[UNIQUE_ID]}' at {_day(row[DS])} ({int(wrong.sum())} such cells).",
            column=column.name,
            value=str(row[column.name]),
            fix="Write a number, or leave the cell empty.",
        )
    return found


def _check_future(grid: Grid, h: int) -> None:
    beside = grid.beside
    assert beside is not None
    index = beside.offsets[:-1, None] + np.diff(grid.offsets)[:, None] + np.arange(h)
    unknown = np.isnan(beside.values[index]) & beside.ahead  # (n_series, h, width)
    if not unknown.any():
        return
    names = np.repeat([c.name for c in beside.columns], [c.width for c in beside.columns])
    rows = np.argwhere(unknown.any(axis=2))
    shown = []
    for series, step in rows[:3]:
        moment = grid.timestamps(grid.last[[series]] + 1 + step).iloc[0]
        which = ", ".join(dict.fromkeys(names[unknown[series, step]]))
        shown.append(f"series '{grid.ids[series]}' at {_day(moment)}: {which}")
    more = f" ({len(rows) - 3} more)" if len(rows) > 3 else ""
    raise DataError(
        f"Values that are known ahead are missing: {'; '.join(shown)}{more}.",
        column=str(names[unknown.any(axis=(0, 1))][0]),
        fix="Give them with futr_df (--future FILE.csv), or as rows with an empty target at the "
        "end of the table; make_future_dataframe (predict --make-future FILE.csv) writes the rows "
        "to fill in.",
    )


def future_rows(grid: Grid, h: int) -> pd.DataFrame:
    """Rows of the next `h` steps of every series, what is known ahead filled in where it is.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, and the columns that are known ahead.
    """
    ahead = np.arange(1, h + 1)
    ds = grid.timestamps((grid.last[:, None] + ahead).ravel())
    table = pd.DataFrame({UNIQUE_ID: np.repeat(grid.ids, h), DS: ds}).astype({UNIQUE_ID: "str"})
    beside = grid.beside
    if beside is None:
        return table
    index = beside.offsets[:-1, None] + np.diff(grid.offsets)[:, None] + ahead - 1
    inside = index < beside.offsets[1:, None]
    cells = np.where(inside[..., None], beside.values[np.where(inside, index, 0)], np.nan)
    cells, start = cells.reshape(len(table), -1), 0
    for column in beside.columns:
        part, start = cells[:, start : start + column.width], start + column.width
        if column.role == FUTR and column.dates is None:
            table[column.name] = _decoded(column, part)
    return table


def _decoded(column: Column, cells: np.ndarray) -> Any:
    if column.categories is None:
        return cells[:, 0]
    names = np.array([*column.categories, None], dtype=object)
    known = np.nan_to_num(cells).max(axis=1) > 0
    return names[np.where(known, np.nan_to_num(cells).argmax(axis=1), len(names) - 1)]


def _named(df: pd.DataFrame, lists: dict[str, Sequence[str] | None]) -> dict[str, str]:
    named: dict[str, str] = {}
    for role, names in lists.items():
        if names is not None and not isinstance(names, str | Iterable):
            raise OptionError(f"{role} {names!r} is not a list of columns.", value=names)
        for name in [names] if isinstance(names, str) else names or ():
            if name in named:
                raise OptionError(f"Column '{name}' stands in two lists of covariates.", value=name)
            if name not in df.columns or name in (UNIQUE_ID, DS, Y):
                others = [one for one in df.columns if one not in (UNIQUE_ID, DS, Y, CUTOFF)]
                raise OptionError(
                    f"There is no covariate '{name}' ({role}); the columns are: "
                    f"{', '.join(map(str, others)) or 'none'}.",
                    value=name,
                )
            named[name] = role
    return named


def _role(df: pd.DataFrame, name: str) -> tuple[str | None, str]:
    """What the cells of a column say of its meaning, and why."""
    cells, absent = df[name], _absent(df[name])
    if absent.all():
        return None, "it is empty"
    if pd.api.types.is_datetime64_any_dtype(cells) or cells.dtype.kind == "m":
        return None, "it holds dates"
    cells = cells if _numeric(cells[~absent]) else cells.astype(str)
    if absent[df[Y].notna()].all():
        return None, "it is empty wherever the target is known"
    by_series = cells.where(~absent).groupby(df[UNIQUE_ID], sort=False)
    if (by_series.nunique() <= 1).all():
        if cells[~absent].nunique() <= 1:
            return None, "it never changes"
        if not _numeric(cells[~absent]) and cells[~absent].nunique() > _MOST_CONSTANTS:
            return None, f"it holds more than {_MOST_CONSTANTS} different texts"
        return STAT, "it is constant in every series"
    if not _numeric(cells[~absent]):
        return None, "it holds text that changes; name it to use it"
    trailing = df[Y].isna() & df[Y].notna()[::-1].groupby(df[UNIQUE_ID]).cumsum()[::-1].eq(0)
    if trailing.any() and not absent[trailing].any():
        return FUTR, f"{int(trailing.sum())} rows after the last target hold it"
    return HIST, "it changes, and no row after the last target holds it"


def _checked(df: pd.DataFrame, name: str, role: str) -> Column:
    cells, absent = df[name], _absent(df[name])
    dates = pd.api.types.is_datetime64_any_dtype(cells) or cells.dtype.kind == "m"
    if dates or absent[df[Y].notna()].all():
        raise DataError(
            f"Column '{name}' holds {'dates' if dates else 'no value where the target is known'}.",
            column=name,
            fix="Turn dates into numbers or names." if dates else "Leave it out.",
        )
    cells = cells if _numeric(cells[~absent]) else cells.astype(str).str.strip()
    if role == STAT:
        changing = cells.where(~absent).groupby(df[UNIQUE_ID], sort=False).nunique() > 1
        if changing.any():
            raise DataError(
                f"Column '{name}' is not constant in series '{changing.index[changing][0]}' "
                f"({int(changing.sum())} such series).",
                column=name,
                fix="Name it as known ahead (futr_exog) or of the past (hist_exog).",
            )
    if _numeric(cells[~absent]):
        return Column(name, role)
    kinds = cells[~absent].astype(str).value_counts()
    most = _MOST_CONSTANTS if role == STAT else _MOST_CATEGORIES
    if len(kinds) > most:
        raise DataError(
            f"Column '{name}' holds {len(kinds)} different texts, for instance '{kinds.index[0]}'; "
            f"at most {most} categories can be used.",
            column=name,
            value=str(kinds.index[0]),
            fix="Turn it into numbers or fewer categories, or leave it out.",
        )
    return Column(name, role, tuple(sorted(map(str, kinds.index))))


def _leaks(df: pd.DataFrame, names: Iterable[str]) -> dict[str, str]:
    """Columns of numbers whose sum, or one of which alone, is the target at the same time."""
    numbers = {}
    for name in names:
        cells, absent = df[name], _absent(df[name])
        if not absent.all() and _numeric(cells[~absent]):
            numbers[name] = pd.to_numeric(cells.where(~absent), errors="coerce").astype(float)
    if not numbers or df[Y].notna().sum() < 3:
        return {}
    rows = pd.DataFrame(numbers)[df[Y].notna()].replace([np.inf, -np.inf], np.nan).fillna(0.0)
    rows = rows.loc[:, rows.std() > 0]
    y = df[Y].dropna().to_numpy()
    if rows.empty or len(y) <= rows.shape[1] + 2 or y.std() == 0:
        return {}
    size = rows.abs().max().to_numpy()
    weights = np.linalg.lstsq(rows.to_numpy() / size, y, rcond=None)[0] / size
    if np.abs(rows.to_numpy() @ weights - y).max() > _EXACT * np.abs(y).max():
        return {}
    share = np.abs(weights) * size > _EXACT * np.abs(y).max()
    found = [str(name) for name, counts in zip(rows.columns, share, strict=True) if counts]
    listed = " and ".join(f"'{name}'" for name in found)
    plural = "make up" if len(found) > 1 else "makes up"
    return dict.fromkeys(found, f"{listed} {plural} the target of the same moment")


def _places(df: pd.DataFrame, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Series of each row (-1 for none) and steps since its first period."""
    where = pd.Series(np.arange(len(grid.ids)), index=grid.ids)
    series = df[UNIQUE_ID].astype(str).map(where).fillna(-1).to_numpy(np.int64)
    return series, grid.ordinals(df[DS]) - grid.first[np.maximum(series, 0)]


def _check_present(df: pd.DataFrame, columns: Sequence[Column]) -> None:
    absent = [column.name for column in columns if column.name not in df.columns]
    if absent:
        raise DataError(
            f"The table has no column '{absent[0]}', which the model was fitted with "
            f"({', '.join(absent)}).",
            column=absent[0],
            fix="Add the column; cells of it may be empty where nothing was known.",
        )


def _absent(cells: pd.Series) -> pd.Series:
    return cells.isna() | cells.astype(str).str.strip().eq("")


def _numeric(cells: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
        return True
    return bool(pd.to_numeric(cells, errors="coerce").notna().all())


def _day(moment: Any) -> str:
    return str(moment).removesuffix(" 00:00:00")
