"""Roles of the covariates, inferred from their cells.

Each inferred role is reported. A column that cannot be used, or that leaks the target, is left out
and reported too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError, shell_word
from forecastkit.notes import Note
from forecastkit.tables.calendar import useful_cycles
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y
from forecastkit.tables.frequency import Frequency
from forecastkit.tables.schema import FUTR, HIST, STAT, Column, empty_cells, is_numeric

_ROLE_NAMES = {
    FUTR: "future covariate, known in advance",
    HIST: "historical covariate",
    STAT: "static covariate",
}
_MAX_CATEGORIES = 20
_MAX_STATIC_CATEGORIES = 100
# a sum of columns is the target when it leaves no more than this share of it
_EXACT = 1e-6


def find_columns(
    df: pd.DataFrame,
    futr: Sequence[str] | None = None,
    hist: Sequence[str] | None = None,
    stat: Sequence[str] | None = None,
    h: int = 1,
    events: Mapping[str, Sequence[str]] | None = None,
) -> tuple[tuple[Column, ...], list[Note]]:
    """Infer the roles of the covariates of a series table.

    A column that is not named is a future covariate if its cells are filled for a whole horizon
    after the last target of the table, in every series. A row without a target before that is a
    missing value, and is no evidence of what is known in advance.

    Parameters
    ----------
    df : DataFrame
        From `check_table`, its covariates behind `y`.
    futr, hist, stat : sequence of str, optional
        Names of future, historical and static covariates.
    h : int
        Horizon, in steps.
    events : mapping of str to sequence of str, optional
        Days of events by name, in ISO 8601.

    Returns
    -------
    columns : tuple of Column
    notes : list of Note

    Raises
    ------
    OptionError
        If a name is not that of a column, or stands in two lists.
    DataError
        If a named column does not hold what its role requires.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=4)
    >>> df = pd.DataFrame({"unique_id": "a", "ds": days, "y": [1.0, 2, 3, None],
    ...                    "price": [5, 4, 5, 4], "rain": [0.1, 0.4, 0.2, None]})
    >>> [(column.name, column.role) for column in find_columns(df)[0]]
    [('price', 'futr_exog'), ('rain', 'hist_exog')]
    """
    events = events or {}
    named = _named(df, {FUTR: futr, HIST: hist, STAT: stat})
    others = [name for name in df.columns if name not in (UNIQUE_ID, DS, Y, CUTOFF)]
    leaks = _leaks(df, others)
    columns, notes = [], []
    for name in others:
        if name in named:
            columns.append(_checked(df, name, named[name]))
            if name in leaks and named[name] != STAT:
                what = f"column '{name}' leaks the target, so scores are too optimistic"
                notes.append(Note(what, f"the target is {leaks[name]}"))
            continue
        role, why = (
            (None, f"it leaks the target, {leaks[name]}") if name in leaks else _role(df, name, h)
        )
        if role is None:
            notes.append(Note(f"column '{name}' not used", why))
        else:
            columns.append(_checked(df, name, role))
            notes.append(Note(f"column '{name}' used as a {_ROLE_NAMES[role]} ({role})", why))
    for name, dates in events.items():
        columns.append(Column(name, FUTR, dates=tuple(dates)))
    if events:
        what = f"{len(events)} event covariate{'s' * (len(events) > 1)} ({', '.join(events)})"
        notes.append(Note(what, "as specified"))
    return tuple(columns), notes


def find_cycles(
    columns: Sequence[Column], frequency: Frequency, calendar: Sequence[str] | None = None
) -> tuple[tuple[Column, ...], list[Note]]:
    """Choose the calendar features of the networks.

    By default those that suit the frequency, if there are future covariates.

    Parameters
    ----------
    columns : sequence of Column
        Covariates of the table.
    frequency : Frequency
    calendar : sequence of str, optional
        The features to use.

    Returns
    -------
    columns : tuple of Column
    notes : list of Note
    """
    cycles: Sequence[str]
    if calendar is not None:
        cycles, why = calendar, "as specified"
    else:
        has_future = any(column.role == FUTR for column in columns)
        cycles, why = (
            useful_cycles(frequency) if has_future else (),
            f"default for frequency {frequency.alias}",
        )
    features = tuple(Column(f"calendar: {cycle}", FUTR, cycle=cycle) for cycle in cycles)
    what = f"calendar features for trained networks ({', '.join(cycles)})"
    return features, [Note(what, why)] if features else []


def _named(df: pd.DataFrame, lists: dict[str, Sequence[str] | None]) -> dict[str, str]:
    named: dict[str, str] = {}
    for role, names in lists.items():
        if names is not None and not isinstance(names, str | Iterable):
            raise OptionError(
                f"{role} {names!r} is not a list of column names.",
                value=names,
                fix="Pass a list such as ['price', 'promo'].",
            )
        for name in [names] if isinstance(names, str) else names or ():
            if name in named:
                raise OptionError(
                    f"Column '{name}' is in two lists of covariates.",
                    value=name,
                    fix="Keep it in one of futr_exog, hist_exog and stat_exog.",
                )
            if name not in df.columns or name in (UNIQUE_ID, DS, Y):
                others = [one for one in df.columns if one not in (UNIQUE_ID, DS, Y, CUTOFF)]
                raise OptionError(
                    f"There is no covariate '{name}' ({role}); the columns are: "
                    f"{', '.join(map(str, others)) or 'none'}.",
                    value=name,
                )
            named[name] = role
    return named


def _role(df: pd.DataFrame, name: str, h: int) -> tuple[str | None, str]:
    """Role of a column by its cells, and the reason."""
    cells, absent = df[name], empty_cells(df[name])
    if absent.all():
        return None, "it is empty"
    if pd.api.types.is_datetime64_any_dtype(cells) or cells.dtype.kind == "m":
        return None, "it holds dates"
    cells = cells if is_numeric(cells[~absent]) else cells.astype(str)
    if absent[df[Y].notna()].all():
        return None, "it is empty wherever the target is known"
    by_series = cells.where(~absent).groupby(df[UNIQUE_ID], sort=False)
    if (by_series.nunique() <= 1).all():
        if cells[~absent].nunique() <= 1:
            return None, "it never changes"
        if not is_numeric(cells[~absent]) and cells[~absent].nunique() > _MAX_STATIC_CATEGORIES:
            return None, f"it has more than {_MAX_STATIC_CATEGORIES} distinct text values"
        return STAT, "it is constant within every series"
    if not is_numeric(cells[~absent]):
        return None, (
            "it holds text that varies over time; to use it, pass it as futr_exog or hist_exog "
            "(--future-exog, --past-exog)"
        )
    ahead = (df[DS] > df.loc[df[Y].notna(), DS].max()) & ~absent
    has_target = df[Y].notna().groupby(df[UNIQUE_ID], sort=False).any()
    rows = ahead.groupby(df[UNIQUE_ID], sort=False).sum()[has_target]
    if (rows >= h).all():
        return FUTR, (
            f"every series has values for the {f'{h} steps' if h > 1 else 'step'} after the last "
            "target"
        )
    if not rows.any():
        return HIST, "it varies, and has no values after the last target"
    short = rows[rows < h]
    return HIST, (
        f"only {int(short.iloc[0])} of {h} steps after the last target have values in series "
        f"'{short.index[0]}' ({len(short)} of {len(rows)} series incomplete); if it is known in "
        f"advance, fill them all, or pass futr_exog (--future-exog {shell_word(name)})"
    )


def _checked(df: pd.DataFrame, name: str, role: str) -> Column:
    cells, absent = df[name], empty_cells(df[name])
    dates = pd.api.types.is_datetime64_any_dtype(cells) or cells.dtype.kind == "m"
    if dates or absent[df[Y].notna()].all():
        raise DataError(
            f"The column holds {'dates' if dates else 'no value where the target is known'}.",
            column=name,
            fix="Convert the dates to numbers or categories." if dates else "Omit the column.",
        )
    cells = cells if is_numeric(cells[~absent]) else cells.astype(str).str.strip()
    if role == STAT:
        changing = cells.where(~absent).groupby(df[UNIQUE_ID], sort=False).nunique() > 1
        if changing.any():
            raise DataError(
                f"The column is not constant in series '{changing.index[changing][0]}' "
                f"({int(changing.sum())} such series).",
                column=name,
                fix="Pass it as futr_exog (--future-exog) if it is known in advance, otherwise as "
                "hist_exog (--past-exog).",
            )
    if is_numeric(cells[~absent]):
        return Column(name, role)
    kinds = cells[~absent].astype(str).value_counts()
    most = _MAX_STATIC_CATEGORIES if role == STAT else _MAX_CATEGORIES
    if len(kinds) > most:
        raise DataError(
            f"The column has {len(kinds)} distinct text values, for instance "
            f"'{kinds.index[0]}'; at most {most} categories are supported.",
            column=name,
            value=str(kinds.index[0]),
            fix="Convert it to numbers or fewer categories, or omit it.",
        )
    return Column(name, role, tuple(sorted(map(str, kinds.index))))


def _leaks(df: pd.DataFrame, names: Iterable[str]) -> dict[str, str]:
    """Columns of numbers whose sum, or one of which alone, is the target at the same time."""
    numbers = {}
    for name in names:
        cells, absent = df[name], empty_cells(df[name])
        if not absent.all() and is_numeric(cells[~absent]):
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
    kind = "linear combination" if len(found) > 1 else "multiple"
    return dict.fromkeys(found, f"a {kind} of {listed}")
