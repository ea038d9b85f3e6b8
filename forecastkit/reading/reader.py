"""Read files into series tables; every assumption is reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.notes import Note
from forecastkit.reading.aggregation import Rule, aggregated
from forecastkit.reading.alignment import align_timestamps
from forecastkit.reading.bulk import read_bulk
from forecastkit.reading.cells import Cells
from forecastkit.reading.columns import LINE, Columns, series_ids, timestamps, unreserved_name
from forecastkit.reading.duplicates import drop_duplicates
from forecastkit.reading.gaps import Fill, fill_gaps
from forecastkit.reading.layout import Layout, infer_layout, layout_notes
from forecastkit.reading.options import ReadingOptions
from forecastkit.reading.parquet import parquet_cells
from forecastkit.reading.source import MAX_BYTES, read_source
from forecastkit.reading.time_column import read_time_column
from forecastkit.reading.wide import wide_to_long
from forecastkit.tables.dataset import Dataset, to_dataset
from forecastkit.tables.frame import ASSUMPTIONS, DS, READING, UNIQUE_ID, Y
from forecastkit.tables.frequency import Frequency


def read_csv(
    path: str | Path,
    *,
    target_col: str | Sequence[str] | None = None,
    time_col: str | None = None,
    id_col: str | Sequence[str] | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    na_value: str | Sequence[str] = (),
    fill: Fill | None = None,
    aggregate: Rule | None = None,
    every: str | None = None,
    freq: str | int | Frequency | None = None,
    snap: bool = False,
    covariates: Sequence[str] = (),
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    r"""Read a CSV file into a series table.

    The file may contain one series (time, value), a panel in long format (id, time, value and
    optional covariates) or in wide format (time, then one column per series). It may be compressed
    (gzip, bz2, xz, zip), with titles above the table and totals below it. Options that are not
    given are inferred from the file; what was inferred and what was dropped is reported in
    `table.attrs["assumptions"]`.

    Parameters
    ----------
    path : str or Path
        The file; "-" for standard input. Parquet files are recognised, see `read_parquet`.
    target_col, time_col, id_col : str, optional
        Column names. With a sequence of targets each of them is a series; several id columns are
        joined by "/".
    delimiter, decimal, thousands, encoding : str, optional
        Cell delimiter, decimal mark, thousands separator and text encoding of the file.
    date_format : str, optional
        A strptime format.
    na_value : str or sequence of str
        Missing-value codes besides the empty cell, NA, N/A, NaN, null, None and #N/A.
    fill : "none", "error", "zero", "previous" or "linear"
        What to do with periods without a value: leave them missing, raise an error, or fill them
        with 0, the previous value or linear interpolation. The default is "none"; with sums per
        period (`every`) it is "zero", the sum of no rows.
    aggregate : "sum", "mean", "last" or "max", optional
        How to combine several rows of a series with the same timestamp, or in the same period.
        Numeric covariates are averaged, unless the rule is "last" or "max"; text is that of the
        last row.
    every : str, optional
        A pandas offset alias (D, W, MS): rows are combined per period, by default to sums. A first
        or last calendar period with missing days is left out of sums.
    freq : str, int or Frequency, optional
        A pandas offset alias or an integer step; inferred from the timestamps by default.
    snap : bool
        Align timestamps to the frequency if they are off by at most a tenth of a step.
    covariates : sequence of str
        Columns that are not to be inferred as time, id or target.
    max_bytes : int
        Maximum size of the file after decompression.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, `y` and the other columns, sorted by `unique_id, ds`.

    Raises
    ------
    UnknownFileError
        If the file does not exist or cannot be read.
    DataError
        If the contents are invalid; with file, row, column, value and how to correct it.
    OptionError
        If an argument is invalid.

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
    options = ReadingOptions.of(
        target_col=target_col,
        time_col=time_col,
        id_col=id_col,
        delimiter=delimiter,
        decimal=decimal,
        thousands=thousands,
        encoding=encoding,
        date_format=date_format,
        na_value=na_value,
        fill=fill,
        aggregate=aggregate,
        every=every,
        snap=snap,
        max_bytes=max_bytes,
    )
    source = read_source(path, options.max_bytes)
    if source.is_parquet:
        return _series_table(parquet_cells(source), options, freq, covariates)
    bulk = read_bulk(source, options, tuple(covariates))
    if bulk is not None:
        table, layout, notes = bulk
        return _finish_table(table, layout, notes, options, freq, source.name)
    return _series_table(options.cells(source), options, freq, covariates)


def read_parquet(
    path: str | Path,
    *,
    target_col: str | Sequence[str] | None = None,
    time_col: str | None = None,
    id_col: str | Sequence[str] | None = None,
    freq: str | int | Frequency | None = None,
    covariates: Sequence[str] = (),
    **reading: Any,
) -> pd.DataFrame:
    """Read a Parquet file into a series table.

    Parameters
    ----------
    path : str or Path
        The file; row numbers in messages start at 1.
    target_col, time_col, id_col, freq, covariates
        As in `read_csv`.
    **reading
        Other arguments of `read_csv`: `date_format`, `na_value`, `fill`, `snap`.

    Returns
    -------
    DataFrame
        As in `read_csv`.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed (extra "parquet").
    UnknownFileError, DataError, OptionError
        As in `read_csv`.

    Examples
    --------
    >>> table = read_parquet("sales.parquet", target_col="units")  # doctest: +SKIP
    """
    options = ReadingOptions.of(target_col=target_col, time_col=time_col, id_col=id_col, **reading)
    cells = parquet_cells(read_source(path, options.max_bytes))
    return _series_table(cells, options, freq, covariates)


def read_cells(
    cells: Cells,
    freq: str | int | Frequency | None = None,
    covariates: Sequence[str] = (),
    **reading: Any,
) -> pd.DataFrame:
    """Convert cells to a series table; the arguments are those of `read_csv`."""
    return _series_table(cells, ReadingOptions.of(**reading), freq, covariates)


def read_rows(
    path: str | Path, numbers: Sequence[str], texts: Sequence[str], options: ReadingOptions
) -> pd.DataFrame:
    """Read specified columns of a file without a target: future values of covariates.

    Parameters
    ----------
    path : str or Path
    numbers, texts : sequence of str
        Numeric columns, and columns of text.
    options : ReadingOptions
        With the time and id columns, unless they are named `ds` and `unique_id`.

    Returns
    -------
    DataFrame
        `ds`, `unique_id` if there is an id column, and the specified columns.

    Raises
    ------
    UnknownFileError, DataError
        If the file cannot be read, a column is missing, or a cell is invalid.
    """
    source = read_source(path, options.max_bytes)
    cells = parquet_cells(source) if source.is_parquet else options.cells(source)
    if {UNIQUE_ID, DS} <= set(cells.columns) or options.time_col is None:
        options = replace(
            options, time_col=DS, id_col=(UNIQUE_ID,) if UNIQUE_ID in cells.columns else ()
        )
    time = str(options.time_col)
    required = [time, *options.id_col, *numbers, *texts]
    absent = [name for name in required if name not in cells.columns]
    if absent:
        raise DataError(
            f"The file has no column '{absent[0]}'; it has: {', '.join(cells.columns)}.",
            file=cells.file,
            column=absent[0],
            fix="Create a file to fill in with 'forecastkit predict --make-future FILE.csv'.",
        )
    dates = read_time_column(cells, time, options.date_format)
    if dates is None:
        value = str(cells.table[time].iloc[0])
        raise DataError(
            f"'{value}' is not a timestamp in a known format.",
            file=cells.file,
            row=int(cells.lines[0]),
            column=time,
            value=value,
            fix="Write it as 2024-12-31, or set its format with --date-format.",
        )
    layout = Layout(time, options.id_col, (), dates)
    reader = Columns(cells, options.na_value, options.decimal, options.thousands, [])
    table = pd.DataFrame({DS: timestamps(cells, layout)})
    if options.id_col:
        table[UNIQUE_ID] = series_ids(cells, layout)
    for name in numbers:
        table[name] = reader.numbers_or_booleans(name)
    for name in texts:
        table[name] = cells.table[name]
    return table


def _series_table(
    cells: Cells,
    options: ReadingOptions,
    freq: str | int | Frequency | None,
    covariates: Sequence[str],
) -> pd.DataFrame:
    cells = wide_to_long(cells)
    layout = infer_layout(cells, options.column_options(covariates))
    notes = [*cells.notes, *layout_notes(layout)]
    reader = Columns(cells, options.na_value, options.decimal, options.thousands, notes)
    table = _assemble(cells, layout, reader)
    return _finish_table(table, layout, notes, options, freq, cells.file)


def _finish_table(
    table: pd.DataFrame,
    layout: Layout,
    notes: list[Note],
    options: ReadingOptions,
    freq: str | int | Frequency | None,
    file: str,
) -> pd.DataFrame:
    """Check the rows against each other, fill gaps, and store notes and options in `attrs`."""
    if options.snap:
        table, alignment_notes = align_timestamps(table, freq, file)
        notes += alignment_notes
    if options.combines_rows:
        table = aggregated(table, options.aggregate, options.every, file, notes)
    table = drop_duplicates(table, file, layout, notes)
    lines = table.pop(LINE).to_numpy()
    data = _to_dataset_with_location(table, freq, (file, layout.time, lines))
    notes.append(Note(f"frequency {data.index.frequency}", "matches all timestamps"))
    table, fill_notes = fill_gaps(table, data, lines, options.fill, file)
    notes += fill_notes
    table.attrs[ASSUMPTIONS] = [note.to_dict() for note in notes]
    resolved = replace(options, target_col=layout.targets, time_col=layout.time, id_col=layout.ids)
    offset = layout.dates.offset if layout.dates is not None else None
    table.attrs[READING] = {
        **resolved.to_dict(),
        "frequency": asdict(data.index.frequency),
        **({"offset": offset} if offset else {}),
    }
    return table


def _assemble(cells: Cells, layout: Layout, reader: Columns) -> pd.DataFrame:
    """Convert the columns; raise the first error, with all further errors attached to it."""
    errors: list[DataError] = []

    def attempt(convert: Callable[[], Any]) -> Any:
        try:
            return convert()
        except DataError as error:
            errors.append(error)
            return None

    ids = attempt(lambda: series_ids(cells, layout)) if layout.ids else None
    ds = attempt(lambda: timestamps(cells, layout))
    values = {name: attempt(partial(reader.numbers, name)) for name in layout.targets}
    if errors:
        first, *others = errors
        first.also = tuple(others)
        raise first
    parts = []
    for target in layout.targets:
        target_ids = ids if ids is not None else pd.Series(target, index=ds.index, dtype="str")
        parts.append(
            pd.DataFrame({UNIQUE_ID: target_ids, DS: ds, Y: values[target], LINE: cells.lines})
        )
    table = pd.concat(parts, ignore_index=True) if layout.wide else parts[0]
    if not layout.wide:
        for name in cells.columns:
            if name not in layout.used:
                table[unreserved_name(name, reader.notes)] = np.asarray(reader.covariate(name))
    if not table[Y].notna().any():
        raise DataError(
            "The target column contains no numbers.",
            file=cells.file,
            column=layout.targets[0],
            fix="Choose another column with target_col (--target).",
        )
    return table.sort_values([UNIQUE_ID, DS], kind="stable", ignore_index=True)


def _to_dataset_with_location(
    table: pd.DataFrame,
    freq: str | int | Frequency | None,
    location: tuple[str, str | None, np.ndarray],
) -> Dataset:
    """Convert a table to a dataset; errors are located by file, time column and line number."""
    file, time, lines = location
    try:
        return to_dataset(table, freq)
    except DataError as error:
        error.file = file
        if error.index is not None:
            error.row, error.column = int(lines[error.index]), time
        raise
