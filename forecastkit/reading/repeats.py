"""Rows that stand for one series and timestamp more than once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastkit.errors import Finding, located
from forecastkit.notes import Note
from forecastkit.reading.columns import LINE
from forecastkit.tables.frame import DS, UNIQUE_ID, Y, day


def without_repeats(
    table: pd.DataFrame, file: str, time: str | None, notes: list[Note]
) -> pd.DataFrame:
    """Drop duplicate rows; refuse different rows for the same series and timestamp."""
    names, ds = table[UNIQUE_ID].array, table[DS].array  # sorted: twins are neighbours
    same_as_next = np.asarray(ds[1:] == ds[:-1], dtype=bool)
    if same_as_next.any():
        same_as_next &= np.asarray(names[1:] == names[:-1], dtype=bool)
    if not same_as_next.any():
        return table
    twins = np.zeros(len(table), bool)
    twins[1:] |= same_as_next
    twins[:-1] |= same_as_next
    some = table[twins]
    same = some.duplicated([name for name in table.columns if name != LINE])
    if _is_put_back(some[DS], table[DS]):
        same &= False  # an hour that is there twice is no repeated row
    if same.any():
        rows = some.loc[same, LINE].sort_values()
        n, lines = len(rows), ", ".join(map(str, rows.iloc[:3])) + ", ..." * (len(rows) > 3)
        plural = "s" * (n > 1)
        what = f"{n} duplicate row{plural} dropped (row{plural} {lines})"
        notes.append(Note(what, f"identical to {'earlier rows' if n > 1 else 'an earlier row'}"))
        table = table.drop(index=some.index[same]).reset_index(drop=True)
    _check_unique(some[~same], table, file, time)
    return table


def _check_unique(some: pd.DataFrame, table: pd.DataFrame, file: str, time: str | None) -> None:
    """Raise `DataError` if several of some rows stand for the same series and timestamp."""
    by_line = some.sort_values(LINE, kind="stable")
    repeats = by_line[by_line.duplicated([UNIQUE_ID, DS])]
    if repeats.empty:
        return
    row = repeats.iloc[0]
    twins = by_line[(by_line[UNIQUE_ID] == row[UNIQUE_ID]) & (by_line[DS] == row[DS])]
    other = "a different value" if twins[Y].nunique(dropna=False) > 1 else "different covariates"
    if by_line.drop(columns=LINE).duplicated().any():
        other = "the same value"
    places = repeats[LINE].drop_duplicates()
    findings = [Finding(int(line), time, str(row[DS])) for line in places.iloc[:3]]
    raise located(
        findings,
        f"series '{row[UNIQUE_ID]}' already has a row for {day(row[DS])} "
        f"(row {int(twins[LINE].iloc[0])}) with {other}",
        file=file,
        count=len(places),
        fix="Add the UTC offset to each timestamp (2024-10-27 02:00+01:00): an hour occurs twice "
        "when clocks go back."
        if _is_put_back(repeats[DS], table[DS])
        else "Keep one of them, or aggregate them before forecasting; if a column identifies the "
        "series, pass it as id_col (--id).",
    )


def _is_put_back(ds: pd.Series, every: pd.Series) -> bool:
    """Whether all moments are hours of one night a year, as when clocks go back."""
    if not pd.api.types.is_datetime64_any_dtype(ds) or getattr(ds.dtype, "tz", None) is not None:
        return False
    if (every.iloc[:1000] == every.iloc[:1000].dt.normalize()).all():
        return False  # days
    nights = ds.dt.normalize().drop_duplicates()
    few = len(nights) <= ds.dt.year.nunique()
    return bool(few and ds.dt.hour.between(0, 3).all() and (nights.dt.day_of_week == 6).all())
