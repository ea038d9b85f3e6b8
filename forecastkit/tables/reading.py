"""Reading a CSV file into a series table: every number as it stands, every assumption said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, Finding, OptionError, located
from forecastkit.tables.cells import (
    Convention,
    choose_convention,
    missing,
    read_dates,
    to_numbers,
)
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Grid, Y, to_grid
from forecastkit.tables.frequency import Frequency
from forecastkit.tables.layout import Layout, Wanted, find_layout
from forecastkit.tables.text import Cells, read_cells

Fill = Literal["error", "none", "zero", "previous", "linear"]
FILLS = ("none", "error", "zero", "previous", "linear")
ASSUMPTIONS = "assumptions"
READING = "reading"
# arguments that read another file as this one was read
READING_ARGUMENTS = (
    *("target_col", "time_col", "id_col", "delimiter", "decimal", "thousands", "encoding"),
    *("date_format", "na_value", "fill"),
)


def read_csv(
    path: str | Path,
    *,
    target_col: str | Sequence[str] | None = None,
    time_col: str | None = None,
    id_col: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    na_value: str | Sequence[str] = (),
    fill: Fill = "none",
    freq: str | int | Frequency | None = None,
    covariates: Sequence[str] = (),
) -> pd.DataFrame:
    r"""Read a CSV file into a series table.

    The file may hold one series (time, value), many below each other (id, time, value and perhaps
    covariates), or many side by side (time, then a column a series). What is not named is found
    from the file; what was found stands in `table.attrs["assumptions"]`.

    Parameters
    ----------
    path : str or Path
        The file.
    target_col, time_col, id_col : str, optional
        Names of columns; a sequence of targets makes each of them a series.
    delimiter, decimal, thousands, encoding : str, optional
        How the file is written.
    date_format : str, optional
        A strptime format.
    na_value : str or sequence of str
        More words for a missing value, beside the empty cell, NA, NaN, null and None.
    fill : "none", "error", "zero", "previous" or "linear"
        What stands for a period without a row or a value: nothing (the models pass over it), an
        error, 0, the value before it, or a straight line between its neighbours.
    freq : str, int or Frequency, optional
        A pandas offset alias, or a step of integers.
    covariates : sequence of str
        Columns that are neither time, nor id, nor target.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, `y` and the other columns, sorted by `unique_id, ds`.

    Raises
    ------
    UnknownFileError, DataError, OptionError
        With file, row, column, value and what to do.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "visits.csv"
    ...     _ = file.write_text("month,visits\n2024-01,10\n2024-02,12\n2024-03,11\n")
    ...     table = read_csv(file)
    >>> table["y"].tolist(), table["unique_id"].unique().tolist()
    ([10.0, 12.0, 11.0], ['visits'])
    """
    if fill not in FILLS:
        raise OptionError(f"There is no fill '{fill}'; there are: {', '.join(FILLS)}.", value=fill)
    na_values = (na_value,) if isinstance(na_value, str) else tuple(na_value)
    cells = read_cells(path, delimiter, encoding)
    targets = (target_col,) if isinstance(target_col, str) else tuple(target_col or ())
    layout = find_layout(
        cells, Wanted(time_col, id_col, targets, date_format, na_values, tuple(covariates))
    )
    notes = [*cells.notes, *_layout_notes(layout)]
    reader = _Columns(cells, na_values, decimal, thousands, notes)
    table = _assembled(cells, layout, reader)
    table = _without_repeats(table, cells, layout.time, notes)
    grid = _grid(table, freq, cells.file)
    notes.append((f"frequency {grid.frequency}", "the timestamps lie on its grid"))
    table = _filled(table, grid, fill, cells, notes)
    table.attrs[ASSUMPTIONS] = [{"what": what, "why": why} for what, why in notes]
    how = (delimiter, decimal, thousands, encoding, date_format, list(na_values), fill)
    what = (list(layout.targets), layout.time, layout.ids)
    table.attrs[READING] = dict(zip(READING_ARGUMENTS, (*what, *how), strict=True))
    return table


def read_rows(
    path: str | Path,
    numbers: Sequence[str],
    texts: Sequence[str],
    *,
    time_col: str,
    id_col: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    na_value: str | Sequence[str] = (),
) -> pd.DataFrame:
    """Read named columns of a file that has no target: the future of covariates.

    Parameters
    ----------
    path : str or Path
    numbers, texts : sequence of str
        Columns that hold numbers, and categories.
    time_col, id_col, ...
        As in `read_csv`; nothing is found that is not named.

    Returns
    -------
    DataFrame
        `ds`, with an id column `unique_id`, and the columns.

    Raises
    ------
    UnknownFileError, DataError
    """
    na_values = (na_value,) if isinstance(na_value, str) else tuple(na_value)
    cells = read_cells(path, delimiter, encoding)
    wanted = [name for name in (time_col, id_col, *numbers, *texts) if name is not None]
    absent = [name for name in wanted if name not in cells.columns]
    if absent:
        raise DataError(
            f"The file has no column '{absent[0]}'; it has: {', '.join(cells.columns)}.",
            file=cells.file,
            column=absent[0],
            fix="'forecastkit predict --make-future FILE.csv' writes a file to fill in.",
        )
    dates = read_dates(cells.table[time_col], date_format)
    if dates is None:
        value = str(cells.table[time_col].iloc[0])
        raise DataError(
            f"'{value}' is not a timestamp of a known form.",
            file=cells.file,
            row=int(cells.lines[0]),
            column=time_col,
            value=value,
            fix="Write it as 2024-12-31, or give its form with --date-format.",
        )
    reader = _Columns(cells, na_values, decimal, thousands, [])
    table = pd.DataFrame({DS: _timestamps(cells, Layout(time_col, id_col, (), dates))})
    if id_col is not None:
        table[UNIQUE_ID] = cells.table[id_col].astype(str)
    for name in numbers:
        table[name] = reader.numbers_or_truth(name)
    for name in texts:
        table[name] = cells.table[name]
    return table


_LINE = "line in the file"


class _Columns:
    """Reads the columns of numbers of one file, and notes by what convention."""

    def __init__(
        self,
        cells: Cells,
        na_values: tuple[str, ...],
        decimal: str | None,
        thousands: str | None,
        notes: list[tuple[str, str]],
    ) -> None:
        self.cells, self.na_values, self.notes = cells, na_values, notes
        self.decimal, self.thousands = decimal, thousands

    def numbers(self, column: str) -> np.ndarray:
        """Read a column that must be numbers; raise with all the cells that are not."""
        text = self.cells.table[column]
        absent = missing(text, self.na_values)
        convention, ambiguous = choose_convention(text[~absent], self.decimal, self.thousands)
        if ambiguous:
            raise self._ambiguous(column, text)
        values, wrong = to_numbers(text.where(~absent, ""), convention)
        if wrong.any():
            raise self._not_numbers(column, text, wrong)
        if convention != Convention(".", ""):
            self.notes.append((_described(convention, column), "all its cells read so"))
        return values

    def numbers_or_truth(self, column: str) -> np.ndarray:
        """Read a column of numbers, or of True and False, which are 1 and 0."""
        text = self.cells.table[column].str.strip().str.lower()
        if text.isin(["true", "false", ""]).all() and (text != "").any():
            found = text.map({"true": 1.0, "false": 0.0})
            return found.to_numpy(float)
        return self.numbers(column)

    def covariate(self, column: str) -> np.ndarray | pd.Series:
        """Read a column as numbers if it holds nothing else, otherwise leave it as text."""
        text = self.cells.table[column]
        absent = missing(text, self.na_values)
        convention, ambiguous = choose_convention(text[~absent], self.decimal, self.thousands)
        values, wrong = to_numbers(text.where(~absent, ""), convention)
        return text if wrong.any() or ambiguous or absent.all() else values

    def _not_numbers(self, column: str, text: pd.Series, wrong: np.ndarray) -> DataError:
        rows = np.flatnonzero(wrong)
        findings = [
            Finding(int(self.cells.lines[row]), column, str(text.iloc[row])) for row in rows[:3]
        ]
        value = findings[0].value
        return located(
            findings,
            f"'{value}' is not a number",
            file=self.cells.file,
            count=len(rows),
            fix=f"Write a number or leave the cell empty; to read '{value}' as missing, pass "
            f"--na-value {value}.",
        )

    def _ambiguous(self, column: str, text: pd.Series) -> DataError:
        row = int(np.flatnonzero(text.str.contains(",", regex=False))[0])
        value = str(text.iloc[row])
        return DataError(
            f"'{value}' can be read in two ways: a decimal comma or a thousands separator; no "
            "cell of the column decides it.",
            file=self.cells.file,
            row=int(self.cells.lines[row]),
            column=column,
            value=value,
            fix="Pass decimal=',' (--decimal ,) or thousands=',' (--thousands ,).",
        )


def _described(convention: Convention, column: str) -> str:
    parts = [f"decimal mark '{convention.decimal}'"]
    if convention.thousands:
        parts.append(f"thousands separator '{convention.thousands}'")
    return f"{' and '.join(parts)} in column '{column}'"


def _layout_notes(layout: Layout) -> list[tuple[str, str]]:
    notes = []
    if "time" in layout.reasons:
        what = f"time column '{layout.time}'" if layout.time else "no time column"
        notes.append((what, layout.reasons["time"]))
    if layout.dates is not None:
        notes.append((f"timestamps as {layout.dates.form}", "every cell reads so"))
    if "id" in layout.reasons:
        notes.append((f"series named by column '{layout.ids}'", layout.reasons["id"]))
    if "target" in layout.reasons:
        what = "a column a series" if layout.wide else f"target column '{layout.targets[0]}'"
        notes.append((what, layout.reasons["target"]))
    if "ignored" in layout.reasons:
        notes.append((f"columns left out: {layout.reasons['ignored']}", "they hold no numbers"))
    return notes


def _assembled(cells: Cells, layout: Layout, reader: _Columns) -> pd.DataFrame:
    _check_ids(cells, layout)
    ds = _timestamps(cells, layout)
    parts = []
    for target in layout.targets:
        ids = cells.table[layout.ids] if layout.ids else pd.Series(target, index=ds.index)
        parts.append(
            pd.DataFrame(
                {UNIQUE_ID: ids.astype(str), DS: ds, Y: reader.numbers(target), _LINE: cells.lines}
            )
        )
    table = pd.concat(parts, ignore_index=True)
    if not layout.wide:
        used = {layout.time, layout.ids, *layout.targets, ""}
        for name in cells.columns:
            if name not in used:
                table[_free_name(name, reader)] = np.asarray(reader.covariate(name))
    if not table[Y].notna().any():
        raise DataError(
            f"Column '{layout.targets[0]}' holds no number.",
            file=cells.file,
            column=layout.targets[0],
            fix="Name another column with target_col (--target).",
        )
    return table.sort_values([UNIQUE_ID, DS], kind="stable", ignore_index=True)


def _free_name(name: str, reader: _Columns) -> str:
    """Name of a covariate's column: its own, unless the series table uses it for something else."""
    if name not in (UNIQUE_ID, DS, Y, CUTOFF, _LINE):
        return name
    reader.notes.append((f"column '{name}' renamed to '{name}_'", f"'{name}' is another column"))
    return f"{name}_"


def _check_ids(cells: Cells, layout: Layout) -> None:
    if layout.ids is None:
        return
    rows = np.flatnonzero((cells.table[layout.ids] == "").to_numpy())
    if len(rows):
        raise located(
            [Finding(int(cells.lines[row]), layout.ids, "") for row in rows[:3]],
            "the cell that names the series is empty",
            file=cells.file,
            count=len(rows),
            fix="Write the name of the series, or take the row out.",
        )


def _timestamps(cells: Cells, layout: Layout) -> pd.Series:
    dates = layout.dates
    if dates is None:
        return pd.Series(np.arange(1, len(cells.table) + 1))
    if dates.ambiguous:
        raise DataError(
            f"'{cells.table[layout.time].iloc[0]}' can be day/month or month/day; no cell of the "
            "column decides it.",
            file=cells.file,
            row=int(cells.lines[0]),
            column=layout.time,
            value=str(cells.table[layout.time].iloc[0]),
            fix="Pass date_format (--date-format), for instance %d/%m/%Y or %m/%d/%Y.",
        )
    if dates.wrong.any():
        rows = np.flatnonzero(dates.wrong)
        text = cells.table[layout.time]
        findings = [
            Finding(int(cells.lines[row]), layout.time, str(text.iloc[row])) for row in rows[:3]
        ]
        raise located(
            findings,
            f"'{findings[0].value}' is not a timestamp like the others ({dates.form})",
            file=cells.file,
            count=len(rows),
            fix="Mend the cell or take the row out.",
        )
    return dates.ds


def _without_repeats(
    table: pd.DataFrame, cells: Cells, time: str | None, notes: list[tuple[str, str]]
) -> pd.DataFrame:
    """Drop rows that say the same twice; refuse those that disagree."""
    same = table.duplicated([name for name in table.columns if name != _LINE])
    if same.any():
        lines = ", ".join(map(str, table.loc[same, _LINE].iloc[:3]))
        notes.append((f"{int(same.sum())} repeated rows left out", f"the same twice: rows {lines}"))
        table = table[~same].reset_index(drop=True)
    by_line = table.sort_values(_LINE, kind="stable")
    repeats = by_line[by_line.duplicated([UNIQUE_ID, DS])]
    if repeats.empty:
        return table
    row = repeats.iloc[0]
    twins = by_line[(by_line[UNIQUE_ID] == row[UNIQUE_ID]) & (by_line[DS] == row[DS])]
    other = "another value" if twins[Y].nunique() > 1 else "other covariates"
    findings = [Finding(int(line), time, str(row[DS])) for line in repeats[_LINE].iloc[:3]]
    raise located(
        findings,
        f"series '{row[UNIQUE_ID]}' already has a row for {_day(row[DS])} "
        f"(row {int(twins[_LINE].iloc[0])}) with {other}",
        file=cells.file,
        count=len(repeats),
        fix="Keep one of them, or add them up before forecasting; if a column tells the rows "
        "apart, name it with id_col (--id).",
    )


def _day(moment: Any) -> str:
    return str(moment).removesuffix(" 00:00:00")


def _grid(table: pd.DataFrame, freq: str | int | Frequency | None, file: str) -> Grid:
    try:
        return to_grid(table, freq)
    except DataError as error:
        error.file = file
        raise


def _filled(
    table: pd.DataFrame, grid: Grid, fill: Fill, cells: Cells, notes: list[tuple[str, str]]
) -> pd.DataFrame:
    lines = table[_LINE].to_numpy()
    table = table.drop(columns=_LINE)
    gaps = int(np.isnan(grid.values).sum())
    if not gaps:
        return table
    series, counts = gaps_by_series(grid)
    named = ", ".join(f"{grid.ids[i]}: {n}" for i, n in zip(series[:3], counts[:3], strict=True))
    more = f" and {len(series) - 3} more series" if len(series) > 3 else ""
    moment, owner, line = _first_gap(table, grid, lines)
    where = (
        f"{gaps} of {len(grid.values)} periods have no value ({named}{more}); the first is "
        f"{moment} of series '{owner}', after row {line}"
    )
    if fill == "error":
        raise DataError(
            f"{where}.",
            file=cells.file,
            row=line,
            fix="Add the rows, or choose what stands for them with fill (--fill none, zero, "
            "previous or linear).",
        )
    rule = {
        "none": "left as missing",
        "zero": "filled with 0",
        "previous": "filled with the value before",
        "linear": "filled along a straight line",
    }[fill]
    notes.append((f"{where}, {rule}", f"fill={fill}"))
    return table if fill == "none" else _with_values(table, grid, fill)


def _first_gap(table: pd.DataFrame, grid: Grid, lines: np.ndarray) -> tuple[str, str, int]:
    """Timestamp and series of the first missing period, and the line of the row before it."""
    first = int(np.flatnonzero(np.isnan(grid.values))[0])
    owner = int(np.searchsorted(grid.offsets, first, side="right") - 1)
    moment = grid.timestamps(grid.first[owner] + [first - grid.offsets[owner]])[0]
    before = (table[UNIQUE_ID] == grid.ids[owner]) & (table[DS] < moment)
    rows = np.flatnonzero(before.to_numpy())
    line = lines[rows[-1]] if len(rows) else lines[np.flatnonzero(table[DS] == moment)[0]]
    return _day(moment), str(grid.ids[owner]), int(line)


def gaps_by_series(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Series that lack values and how many, the most first."""
    owner = np.repeat(np.arange(len(grid.ids)), np.diff(grid.offsets))
    counts = np.bincount(owner[np.isnan(grid.values)], minlength=len(grid.ids))
    series = np.argsort(-counts, kind="stable")
    series = series[counts[series] > 0]
    return series, counts[series]


def _with_values(table: pd.DataFrame, grid: Grid, fill: Fill) -> pd.DataFrame:
    lengths = np.diff(grid.offsets)
    steps = np.arange(len(grid.values)) - np.repeat(grid.offsets[:-1], lengths)
    whole = pd.DataFrame(
        {
            UNIQUE_ID: np.repeat(grid.ids, lengths),
            DS: grid.timestamps(np.repeat(grid.first, lengths) + steps).to_numpy(),
            "filled": grid.values,
        }
    ).astype({DS: table[DS].dtype})
    whole[UNIQUE_ID] = whole[UNIQUE_ID].astype(table[UNIQUE_ID].dtype)
    by_series = whole.groupby(UNIQUE_ID, sort=False)["filled"]
    if fill == "zero":
        whole["filled"] = whole["filled"].fillna(0.0)
    elif fill == "previous":
        whole["filled"] = by_series.ffill()
    else:
        whole["filled"] = by_series.transform(
            lambda y: y.interpolate(method="linear", limit_area="inside")
        )
    joined = table.merge(whole, on=[UNIQUE_ID, DS], how="outer", sort=True)
    joined[Y] = joined[Y].fillna(joined["filled"])
    return joined.drop(columns="filled")
