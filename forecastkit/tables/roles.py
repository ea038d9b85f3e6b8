"""Infer the roles of covariates from their cells.

Each inferred role is reported, as is each column that is dropped because it cannot be used or leaks
the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError, shell_word
from forecastkit.notes import Note
from forecastkit.tables.calendar import default_cycles
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
# maximum residual of a linear combination that leaks the target, as a share of the largest target
_MAX_LEAK_RESIDUAL = 1e-6


def find_columns(
    df: pd.DataFrame,
    futr: Sequence[str] | None = None,
    hist: Sequence[str] | None = None,
    stat: Sequence[str] | None = None,
    h: int = 1,
    events: Mapping[str, Sequence[str]] | None = None,
) -> tuple[tuple[Column, ...], list[Note]]:
    """Infer the roles of the covariates of a series table.

    A column without a given role is a future covariate if, in every series, its cells are filled
    for a whole horizon after the last target of the table. Earlier rows without a target are
    missing values and do not indicate what is known in advance.

    Parameters
    ----------
    df : DataFrame
        From `check_table`.
    futr, hist, stat : sequence of str, optional
        Names of future, historical and static covariates.
    h : int
        Horizon, in steps.
    events : mapping of str to sequence of str, optional
        Dates of each event by name, in ISO 8601.

    Returns
    -------
    columns : tuple of Column
    notes : list of Note

    Raises
    ------
    OptionError
        If a name is not a column of the table, or is in two lists.
    DataError
        If the cells of a named column do not suit its role.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=4)
    >>> df = pd.DataFrame({"unique_id": "a", "ds": days, "y": [1.0, 2, 3, None],
    ...                    "price": [5, 4, 5, 4], "rain": [0.1, 0.4, 0.2, None]})
    >>> [(column.name, column.role) for column in find_columns(df)[0]]
    [('price', 'futr_exog'), ('rain', 'hist_exog')]
    """
    events = events or {}
    given_roles = _given_roles(df, {FUTR: futr, HIST: hist, STAT: stat})
    names = [name for name in df.columns if name not in (UNIQUE_ID, DS, Y, CUTOFF)]
    leaks = _leaks(df, names)
    columns, notes = [], []
    for name in names:
        if name in given_roles:
            columns.append(_checked_column(df, name, given_roles[name]))
            if name in leaks and given_roles[name] != STAT:
                what = f"column '{name}' leaks the target, so scores are too optimistic"
                notes.append(Note(what, f"the target is {leaks[name]}"))
            continue
        role, why = (
            (None, f"it leaks the target, {leaks[name]}")
            if name in leaks
            else _inferred_role(df, name, h)
        )
        if role is None:
            notes.append(Note(f"column '{name}' not used", why))
        else:
            columns.append(_checked_column(df, name, role))
            notes.append(Note(f"column '{name}' is a {_ROLE_NAMES[role]} ({role})", why))
    for name, dates in events.items():
        columns.append(Column(name, FUTR, dates=tuple(dates)))
    if events:
        what = f"{len(events)} event covariate{'s' * (len(events) > 1)} ({', '.join(events)})"
        notes.append(Note(what, "as specified"))
    return tuple(columns), notes


def find_cycles(
    columns: Sequence[Column], frequency: Frequency, calendar: Sequence[str] | None = None
) -> tuple[tuple[Column, ...], list[Note]]:
    """Select the calendar features of networks.

    By default, the features that suit the frequency if the table has future covariates.

    Parameters
    ----------
    columns : sequence of Column
        Covariates of the table.
    frequency : Frequency
    calendar : sequence of str, optional
        Names of the features.

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
            default_cycles(frequency) if has_future else (),
            f"default for frequency {frequency.alias}",
        )
    features = tuple(Column(f"calendar: {cycle}", FUTR, cycle=cycle) for cycle in cycles)
    what = f"calendar features for trained networks ({', '.join(cycles)})"
    return features, [Note(what, why)] if features else []


def _given_roles(df: pd.DataFrame, lists: dict[str, Sequence[str] | None]) -> dict[str, str]:
    """Role of each column that is in one of the lists."""
    roles: dict[str, str] = {}
    for role, names in lists.items():
        if names is not None and not isinstance(names, str | Iterable):
            raise OptionError(
                f"{role} {names!r} is not a list of column names.",
                value=names,
                fix="Pass a list such as ['price', 'promo'].",
            )
        for name in [names] if isinstance(names, str) else names or ():
            if name in roles:
                raise OptionError(
                    f"Column '{name}' is in two lists of covariates.",
                    value=name,
                    fix="Keep it in one of futr_exog, hist_exog and stat_exog.",
                )
            if name not in df.columns or name in (UNIQUE_ID, DS, Y):
                reserved = (UNIQUE_ID, DS, Y, CUTOFF)
                available = [column for column in df.columns if column not in reserved]
                raise OptionError(
                    f"There is no covariate '{name}' ({role}); the columns are: "
                    f"{', '.join(map(str, available)) or 'none'}.",
                    value=name,
                )
            roles[name] = role
    return roles


def _inferred_role(df: pd.DataFrame, name: str, h: int) -> tuple[str | None, str]:
    """Role of a column, None if it cannot be used, and the reason."""
    cells, empty = df[name], empty_cells(df[name])
    if empty.all():
        return None, "it is empty"
    if pd.api.types.is_datetime64_any_dtype(cells) or cells.dtype.kind == "m":
        return None, "it holds dates"
    cells = cells if is_numeric(cells[~empty]) else cells.astype(str)
    if empty[df[Y].notna()].all():
        return None, "it is empty wherever the target is known"
    by_series = cells.where(~empty).groupby(df[UNIQUE_ID], sort=False)
    if (by_series.nunique() <= 1).all():
        if cells[~empty].nunique() <= 1:
            return None, "it never changes"
        if not is_numeric(cells[~empty]) and cells[~empty].nunique() > _MAX_STATIC_CATEGORIES:
            return None, f"it has more than {_MAX_STATIC_CATEGORIES} distinct text values"
        return STAT, "it is constant within every series"
    if not is_numeric(cells[~empty]):
        return None, (
            "it holds text that varies over time; to use it, pass it as futr_exog or hist_exog "
            "(--future-exog, --past-exog)"
        )
    is_future = (df[DS] > df.loc[df[Y].notna(), DS].max()) & ~empty
    has_target = df[Y].notna().groupby(df[UNIQUE_ID], sort=False).any()
    n_future = is_future.groupby(df[UNIQUE_ID], sort=False).sum()[has_target]
    if (n_future >= h).all():
        return FUTR, (
            f"every series has values for the {f'{h} steps' if h > 1 else 'step'} after the last "
            "target"
        )
    if not n_future.any():
        return HIST, "it varies, and has no values after the last target"
    incomplete = n_future[n_future < h]
    return HIST, (
        f"only {int(incomplete.iloc[0])} of {h} steps after the last target have values in series "
        f"'{incomplete.index[0]}' ({len(incomplete)} of {len(n_future)} series incomplete); if it "
        f"is known in advance, fill them all, or pass futr_exog (--future-exog {shell_word(name)})"
    )


def _checked_column(df: pd.DataFrame, name: str, role: str) -> Column:
    """Return a column of the given role; raise `DataError` if its cells do not suit the role."""
    cells, empty = df[name], empty_cells(df[name])
    has_dates = pd.api.types.is_datetime64_any_dtype(cells) or cells.dtype.kind == "m"
    if has_dates or empty[df[Y].notna()].all():
        raise DataError(
            f"The column holds {'dates' if has_dates else 'no value where the target is known'}.",
            column=name,
            fix="Convert the dates to numbers or categories." if has_dates else "Omit the column.",
        )
    cells = cells if is_numeric(cells[~empty]) else cells.astype(str).str.strip()
    if role == STAT:
        varies = cells.where(~empty).groupby(df[UNIQUE_ID], sort=False).nunique() > 1
        if varies.any():
            raise DataError(
                f"The column is not constant in series '{varies.index[varies][0]}' "
                f"({int(varies.sum())} such series).",
                column=name,
                fix="Pass it as futr_exog (--future-exog) if it is known in advance, otherwise as "
                "hist_exog (--past-exog).",
            )
    if is_numeric(cells[~empty]):
        return Column(name, role)
    categories = cells[~empty].astype(str).value_counts().index
    limit = _MAX_STATIC_CATEGORIES if role == STAT else _MAX_CATEGORIES
    if len(categories) > limit:
        raise DataError(
            f"The column has {len(categories)} distinct text values, for instance "
            f"'{categories[0]}'; at most {limit} categories are supported.",
            column=name,
            value=str(categories[0]),
            fix="Convert it to numbers or fewer categories, or omit it.",
        )
    return Column(name, role, tuple(sorted(map(str, categories))))


def _leaks(df: pd.DataFrame, names: Iterable[str]) -> dict[str, str]:
    """Describe the numeric columns that leak the target: it is a linear combination of them."""
    numbers = {}
    for name in names:
        cells, empty = df[name], empty_cells(df[name])
        if not empty.all() and is_numeric(cells[~empty]):
            numbers[name] = pd.to_numeric(cells.where(~empty), errors="coerce").astype(float)
    if not numbers or df[Y].notna().sum() < 3:
        return {}
    rows = pd.DataFrame(numbers)[df[Y].notna()].replace([np.inf, -np.inf], np.nan).fillna(0.0)
    rows = rows.loc[:, rows.std() > 0]
    y = df[Y].dropna().to_numpy()
    if rows.empty or len(y) <= rows.shape[1] + 2 or y.std() == 0:
        return {}
    size = rows.abs().max().to_numpy()
    weights = np.linalg.lstsq(rows.to_numpy() / size, y, rcond=None)[0] / size
    if np.abs(rows.to_numpy() @ weights - y).max() > _MAX_LEAK_RESIDUAL * np.abs(y).max():
        return {}
    contributes = np.abs(weights) * size > _MAX_LEAK_RESIDUAL * np.abs(y).max()
    leaking = [str(name) for name in rows.columns[contributes]]
    listed = " and ".join(f"'{name}'" for name in leaking)
    kind = "linear combination" if len(leaking) > 1 else "multiple"
    return dict.fromkeys(leaking, f"a {kind} of {listed}")
