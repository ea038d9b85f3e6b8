"""Rows with the same series and timestamp."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastkit.errors import Finding, located
from forecastkit.notes import Note
from forecastkit.reading.columns import LINE
from forecastkit.reading.layout import Layout
from forecastkit.tables.frame import DS, UNIQUE_ID, Y, day

# number and share of the rows up to which repeated timestamps are exceptions
_MAX_EXCEPTIONS, _MAX_SHARE = 3, 0.01


def drop_duplicates(
    table: pd.DataFrame, file: str, layout: Layout, notes: list[Note]
) -> pd.DataFrame:
    """Drop identical rows; raise `DataError` if rows of one series and timestamp differ."""
    names, ds = table[UNIQUE_ID].array, table[DS].array  # sorted: duplicates are adjacent
    same_as_next = np.asarray(ds[1:] == ds[:-1], dtype=bool)
    if same_as_next.any():
        same_as_next &= np.asarray(names[1:] == names[:-1], dtype=bool)
    if not same_as_next.any():
        return table
    is_repeated = np.zeros(len(table), bool)
    is_repeated[1:] |= same_as_next
    is_repeated[:-1] |= same_as_next
    repeated = table[is_repeated]
    identical = repeated.duplicated([name for name in table.columns if name != LINE])
    if _is_clock_change(repeated[DS], table[DS]):
        identical &= False  # the repeated hour of a clock change is not a duplicate
    if identical.any():
        rows = repeated.loc[identical, LINE].sort_values()
        n, lines = len(rows), ", ".join(map(str, rows.iloc[:3])) + ", ..." * (len(rows) > 3)
        plural = "s" * (n > 1)
        description = f"{n} duplicate row{plural} dropped (row{plural} {lines})"
        notes.append(
            Note(description, f"identical to {'earlier rows' if n > 1 else 'an earlier row'}")
        )
        table = table.drop(index=repeated.index[identical]).reset_index(drop=True)
    _check_unique(repeated[~identical], table, file, layout)
    return table


def _check_unique(rows: pd.DataFrame, table: pd.DataFrame, file: str, layout: Layout) -> None:
    """Raise `DataError` if several rows have the same series and timestamp."""
    by_line = rows.sort_values(LINE, kind="stable")
    conflicts = by_line[by_line.duplicated([UNIQUE_ID, DS])]
    if conflicts.empty:
        return
    row = conflicts.iloc[0]
    conflicting = by_line[(by_line[UNIQUE_ID] == row[UNIQUE_ID]) & (by_line[DS] == row[DS])]
    difference = (
        "a different value" if conflicting[Y].nunique(dropna=False) > 1 else "different covariates"
    )
    if by_line.drop(columns=LINE).duplicated().any():
        difference = "the same value"
    conflict_lines = conflicts[LINE].drop_duplicates()
    findings = [Finding(int(line), layout.time, str(row[DS])) for line in conflict_lines.iloc[:3]]
    raise located(
        findings,
        f"series '{row[UNIQUE_ID]}' already has a row for {day(row[DS])} "
        f"(row {int(conflicting[LINE].iloc[0])}) with {difference}",
        file=file,
        count=len(conflict_lines),
        fix=_fix(conflicts, table, layout),
    )


def _fix(conflicts: pd.DataFrame, table: pd.DataFrame, layout: Layout) -> str:
    """Remedy for several rows of one series and timestamp."""
    if _is_clock_change(conflicts[DS], table[DS]):
        return (
            "Add the UTC offset to each timestamp (2024-10-27 02:00+01:00): an hour occurs twice "
            "when clocks go back. Or take the mean of both: --aggregate mean (aggregate='mean')."
        )
    if len(conflicts) <= max(_MAX_EXCEPTIONS, _MAX_SHARE * len(table)):
        return (
            "Keep one of them, or combine them: --aggregate mean (aggregate='mean'; or sum, last, "
            "max); if a column identifies the series, pass it as id_col (--id)."
        )
    ids = " and ".join(f"'{name}'" for name in layout.ids) or "none"
    return (
        "To add them up per day, pass --aggregate sum --every D (W, MS, ...; in Python "
        f"aggregate='sum', every='D'), with the columns time '{layout.time}', id {ids}, target "
        f"'{layout.targets[0]}'. If another column identifies the series, pass it as --id (id_col)."
    )


def _is_clock_change(ds: pd.Series, all_ds: pd.Series) -> bool:
    """Whether all timestamps are hours of one night per year, as when clocks go back."""
    if not pd.api.types.is_datetime64_any_dtype(ds) or getattr(ds.dtype, "tz", None) is not None:
        return False
    if (all_ds.iloc[:1000] == all_ds.iloc[:1000].dt.normalize()).all():
        return False  # daily data
    nights = ds.dt.normalize().drop_duplicates()
    is_yearly = len(nights) <= ds.dt.year.nunique()
    return bool(is_yearly and ds.dt.hour.between(0, 3).all() and (nights.dt.day_of_week == 6).all())
