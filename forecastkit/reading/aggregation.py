"""Several rows of a series and period as one: order lines, finer timestamps, repeated hours."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.notes import Note
from forecastkit.reading.columns import LINE
from forecastkit.tables.frame import DS, UNIQUE_ID, Y, day

Rule = Literal["sum", "mean", "last", "max"]
RULES = ("sum", "mean", "last", "max")
# rule of numeric covariates by that of the target; text is that of the last row
_COVARIATE_RULES = {"sum": "mean", "mean": "mean", "last": "last", "max": "max"}
_CALENDAR = {"W": "W", "M": "M", "Q": "Q", "Y": "Y", "A": "Y"}
# days that may be without rows at the end of a complete period, at least
_MIN_PAUSE = 1


def aggregated(
    table: pd.DataFrame, rule: Rule | None, every: str | None, file: str, notes: list[Note]
) -> pd.DataFrame:
    """Combine the rows of each series and period.

    Parameters
    ----------
    table : DataFrame
        With line numbers; sorted by series and timestamp.
    rule : "sum", "mean", "last" or "max"
        For the target; numeric covariates are averaged, unless the rule is "last" or "max", and
        text is that of the last row. By default "sum" with `every`.
    every : str, optional
        A pandas offset alias, for instance D, W or MS: timestamps become the starts of such
        periods. By default only rows with equal timestamps are combined.
    file : str
        Name of the file, for messages.
    notes : list of Note
        What was combined is appended.

    Raises
    ------
    DataError
        If `every` is given for a table without timestamps.
    """
    rule = rule or "sum"
    table = table.copy()
    if every is not None:
        if not pd.api.types.is_datetime64_any_dtype(table[DS]):
            raise DataError(
                "Rows can only be combined by calendar period if they have timestamps.",
                file=file,
                fix="Omit every (--every).",
            )
        starts = period_starts(table[DS], every)
        table = _complete(table.assign(**{DS: starts}), table[DS], every, rule, notes)
    keys = [table[UNIQUE_ID], table[DS]]
    by_line = table.sort_values(LINE, kind="stable")
    groups = by_line.groupby([UNIQUE_ID, DS], sort=True)
    result = _target(groups[Y], rule).to_frame(Y)
    result[LINE] = groups[LINE].min()
    for name in table.columns:
        if name in (UNIQUE_ID, DS, Y, LINE):
            continue
        is_number = pd.api.types.is_numeric_dtype(table[name])
        result[name] = groups[name].agg(_COVARIATE_RULES[rule] if is_number else "last")
    result = result.reset_index()[list(table.columns)]
    n = len(keys[0]) - len(result)
    if n:
        period = f" per {every}" if every else " per timestamp"
        covariates = f"covariates: {_COVARIATE_RULES[rule]} of numbers, last text"
        has_covariates = len(table.columns) > 4
        description = f"{len(table)} rows combined to {len(result)}: {rule} of the target{period}"
        notes.append(Note(description, covariates if has_covariates else "as requested"))
    result[UNIQUE_ID] = result[UNIQUE_ID].astype("str")
    return result


def _target(groups: Any, rule: Rule) -> Any:
    return groups.sum(min_count=1) if rule == "sum" else groups.agg(rule)


def period_starts(ds: pd.Series, every: str) -> pd.Series:
    """Start of the period of each timestamp.

    Raises
    ------
    OptionError
        If the alias is unknown.

    Examples
    --------
    >>> ds = pd.Series(pd.to_datetime(["2024-03-15 10:20", "2024-03-17 08:00"]))
    >>> period_starts(ds, "W").dt.day.tolist(), period_starts(ds, "MS").dt.day.tolist()
    ([11, 11], [1, 1])
    """
    try:
        offset = pd.tseries.frequencies.to_offset(every)
    except ValueError as error:
        raise OptionError(
            f"'{every}' is not a period.", value=every, fix="Use for instance D, W, MS or h."
        ) from error
    local = ds.dt.tz_localize(None) if ds.dt.tz is not None else ds
    alias = str(getattr(offset, "freqstr", every))
    letter = alias.lstrip("0123456789").split("-")[0].removesuffix("S").removesuffix("E")
    if letter in _CALENDAR and alias[0].isalpha():
        anchor = alias if alias.startswith("W-") else _CALENDAR[letter]
        starts = local.dt.to_period(anchor).dt.start_time
    else:
        starts = local.dt.floor(alias)
    if ds.dt.tz is not None:
        starts = starts.dt.tz_localize(ds.dt.tz, ambiguous=True, nonexistent="shift_forward")
    return starts.astype(ds.dtype)


def _complete(
    table: pd.DataFrame, ds: pd.Series, every: str, rule: Rule, notes: list[Note]
) -> pd.DataFrame:
    """Leave out sums of a first or last calendar period of which days are missing."""
    starts = table[DS].drop_duplicates().sort_values()
    if rule != "sum" or len(starts) < 3 or starts.diff().min() < pd.Timedelta(days=2):
        return table
    days = ds.dt.normalize().drop_duplicates().sort_values()
    pause = max(_MIN_PAUSE, int(np.nanquantile(days.diff().dt.days, 0.95)))
    first, last = starts.iloc[0], starts.iloc[-1]
    next_start = period_starts(pd.Series([last + 1.5 * (last - starts.iloc[-2])]), every).iloc[0]
    is_cut = {
        "first": (days.iloc[0] - first).days > pause,
        "last": (next_start - days.iloc[-1]).days - 1 > pause,
    }
    for name, start in (("first", first), ("last", last)):
        if is_cut[name]:
            what = f"the {name} period, from {day(start)}, is left out"
            notes.append(Note(what, "it is incomplete: days are missing"))
            table = table[table[DS] != start]
    return table
