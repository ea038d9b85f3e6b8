"""Bulk reader: a fast path for large, clean files, which pyarrow or pandas parses as a whole.

The layout is inferred from the first lines, as for any file, and the rest is parsed accordingly.
If the file contains anything else (a cell that is not a number, a line with fewer cells, a quote),
the result is None, and the general reader takes over, so that the error names the row.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.notes import Note
from forecastkit.reading.cells import Cells
from forecastkit.reading.columns import LINE, Columns, unreserved_name
from forecastkit.reading.dates import Dates, read_dates
from forecastkit.reading.layout import Layout, infer_layout, layout_notes
from forecastkit.reading.numbers import (
    MISSING_CODES,
    PLAIN,
    choose_convention,
    is_missing,
    numeric_missing_codes,
    plain_numbers,
    strip_symbols,
)
from forecastkit.reading.options import ReadingOptions
from forecastkit.reading.source import Source
from forecastkit.tables.frame import DS, UNIQUE_ID, Y

MIN_BULK_BYTES = 8_000_000
_SAMPLE_BYTES = 300_000
# shorter samples of a column are converted cell by cell, which is faster for them
_MIN_VECTORIZED_ROWS = 5_000
# fragments of True and False, which pandas converts to 1 and 0 in numeric columns
_BOOLEAN_FRAGMENTS = (b"RUE", b"rue", b"ALSE", b"alse")


def read_bulk(
    source: Source,
    options: ReadingOptions,
    covariates: tuple[str, ...],
    min_bytes: int = MIN_BULK_BYTES,
) -> tuple[pd.DataFrame, Layout, list[Note]] | None:
    """Read a large, clean file with a vectorised parser.

    Parameters
    ----------
    source : Source
    options : ReadingOptions
    covariates : tuple of str
        Columns that are not to be inferred as time, id or target.
    min_bytes : int
        Minimum size of the file; smaller files are left to the general reader.

    Returns
    -------
    (table, layout, notes) or None
        The table is sorted and has a column `LINE`; None if the file needs the general reader.
    """
    data = source.data
    if len(data) < min_bytes or not _is_clean(data) or options.encoding is not None:
        return None
    sample_end = data.rfind(b"\n", 0, _SAMPLE_BYTES) + 1
    try:
        cells = options.cells(replace(source, data=data[:sample_end]))
        layout = infer_layout(cells, options.column_options(covariates))
    except DataError:
        return None
    has_empty_column = any(
        is_missing(cells.table[name], options.na_value).all() for name in cells.columns
    )
    numeric = None if has_empty_column else _numeric_columns(cells, layout, options)
    if numeric is None or layout.dates is None or layout.parts or layout.dates.ambiguous:
        return None
    delimiter = data[:sample_end].decode("utf-8", "replace")[len(cells.columns[0])]
    header = delimiter.join(cells.columns)
    first_line = data[: data.index(b"\n")].decode("utf-8", "replace").rstrip("\r")
    if first_line != header or cells.lines[0] != 2:
        return None
    table = _parse(data, cells, layout, numeric, options, delimiter)
    if table is None or (
        not cells.comma_delimited and b"." in data and not _points_are_decimal(cells, numeric)
    ):
        return None
    return _assemble(table, cells, layout, numeric, options)


def _is_clean(data: bytes) -> bool:
    """Whether there are no quotes, no NUL bytes, no UTF-16 and only one kind of line ending."""
    if b'"' in data or b"\x00" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    n_returns = data.count(b"\r")
    return n_returns == 0 or n_returns == data.count(b"\r\n") == data.count(b"\n")


def _numeric_columns(cells: Cells, layout: Layout, options: ReadingOptions) -> set[str] | None:
    """Columns of plain numbers; None if a target has another number format."""
    if options.decimal not in (None, ".") or options.thousands is not None:
        return None
    numeric = set()
    for name in cells.columns:
        if name in (layout.time, *layout.ids):
            continue
        text = cells.table[name]
        if (
            cells.comma_delimited
            and len(text) < _MIN_VECTORIZED_ROWS
            and plain_numbers(text) is not None
        ):
            numeric.add(name)
            continue
        stripped = strip_symbols(text[~is_missing(text, options.na_value)])
        convention, ambiguous = choose_convention(stripped.cells, None, None, cells.comma_delimited)
        is_plain = stripped.cells.str.fullmatch(PLAIN.pattern).all() and not stripped.notes
        if is_plain and convention == PLAIN and not ambiguous and len(stripped.cells):
            numeric.add(name)
        elif name in layout.targets:
            return None
    return numeric


def _points_are_decimal(cells: Cells, numeric: set[str]) -> bool:
    """Whether each numeric column has a cell in the sample whose point must be decimal."""
    for name in numeric:
        has_point = cells.table[name].str.contains(".", regex=False)
        if not has_point.any() or choose_convention(cells.table[name], None, None, False)[1]:
            return False
    return True


def _parse(
    data: bytes,
    cells: Cells,
    layout: Layout,
    numeric: set[str],
    options: ReadingOptions,
    delimiter: str,
) -> pd.DataFrame | None:
    columns = [name for name in cells.columns if not layout.wide or name in layout.used]
    codes = [*MISSING_CODES, *options.na_value]
    parse = _parse_with_pyarrow if find_spec("pyarrow") else _parse_with_pandas
    try:
        table = parse(data, delimiter, {name: name in numeric for name in columns}, codes)
    except ValueError:  # a cell is not a number, or a line has too many cells
        return None
    numeric_codes = numeric_missing_codes(options.na_value)
    if numeric_codes:
        for name in numeric & set(columns):
            values = table[name].to_numpy()
            table[name] = np.where(np.isin(values, numeric_codes), np.nan, values)
    n_lines = data.count(b"\n") + (not data.endswith(b"\n"))
    n_delimiters = data.count(delimiter.encode())
    is_complete = len(table) + 1 == n_lines and n_delimiters == n_lines * (len(cells.columns) - 1)
    return table if is_complete else None


def _parse_with_pandas(
    data: bytes, delimiter: str, columns: dict[str, bool], codes: list[str]
) -> pd.DataFrame:
    """Parse columns as numbers where `columns` is True, otherwise as categorical text."""
    numeric = [name for name, is_number in columns.items() if is_number]
    # as text first: pandas converts categories that look like numbers
    dtypes: dict[Any, Any] = defaultdict(lambda: "str", dict.fromkeys(numeric, np.float64))
    table = pd.read_csv(
        io.BytesIO(data),
        sep=delimiter,
        dtype=dtypes,
        keep_default_na=False,
        na_values={name: codes for name in numeric},
        skip_blank_lines=False,
        quoting=csv.QUOTE_NONE,
        engine="c",
    )
    may_be_boolean = any(table[name].isin([0.0, 1.0]).any() for name in numeric)
    if may_be_boolean and any(word in data for word in _BOOLEAN_FRAGMENTS):
        raise ValueError("booleans in a numeric column")
    table = table[list(columns)]
    for name in columns:
        if name not in numeric:
            positions, unique = pd.factorize(table[name])
            table[name] = pd.Categorical.from_codes(positions, pd.Index(unique, dtype="str"))
    return table


def _parse_with_pyarrow(
    data: bytes, delimiter: str, columns: dict[str, bool], na_codes: list[str]
) -> pd.DataFrame:
    """Parse columns as `_parse_with_pandas` does."""
    import pyarrow as arrow
    from pyarrow import csv as arrow_csv

    text_type = arrow.dictionary(arrow.int32(), arrow.utf8())
    parsed = arrow_csv.read_csv(
        arrow.BufferReader(data),
        read_options=arrow_csv.ReadOptions(block_size=2**24),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, quote_char=False, ignore_empty_lines=False
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types={
                name: arrow.float64() if is_number else text_type
                for name, is_number in columns.items()
            },
            include_columns=list(columns),
            null_values=na_codes,
            strings_can_be_null=False,
        ),
    )
    arrays: dict[str, Any] = {}
    for name, is_number in columns.items():
        column = parsed.column(name)
        if is_number:
            arrays[name] = column.to_numpy()
            if int(np.isnan(arrays[name]).sum()) != column.null_count:
                raise ValueError("other missing-value codes")
        else:
            combined = column.unify_dictionaries().combine_chunks()
            categories = np.asarray(combined.dictionary.to_pandas(), dtype=object)
            codes = combined.indices.to_numpy()
            arrays[name] = pd.Categorical.from_codes(codes, pd.Index(categories, dtype="str"))
    return pd.DataFrame(arrays, copy=False)


def _assemble(
    table: pd.DataFrame, cells: Cells, layout: Layout, numeric: set[str], options: ReadingOptions
) -> tuple[pd.DataFrame, Layout, list[Note]] | None:
    assert layout.dates is not None
    assert layout.time is not None
    timestamps = _parse_timestamps(table[layout.time].array, layout.dates, options, layout.time)
    if timestamps is None or any(np.isinf(table[name].to_numpy()).any() for name in numeric):
        return None
    notes = [*cells.notes, *layout_notes(layout)]
    reader = Columns(cells, options.na_value, None, None, notes)
    lines = np.arange(2, len(table) + 2)
    if layout.wide:
        n = len(layout.targets)
        codes = np.repeat(np.arange(n), len(table))
        names = np.array(layout.targets, dtype=object)
        y = np.concatenate([table[name].to_numpy() for name in layout.targets])
        ds, lines = np.tile(timestamps, n), np.tile(lines, n)
        covariates: dict[str, Any] = {}
    else:
        coded = _series_codes(table, layout)
        if coded is None:
            return None
        codes, names = coded
        y, ds = table[layout.targets[0]].to_numpy(), timestamps
        covariates = {
            unreserved_name(name, notes): table[name]
            for name in cells.columns
            if name not in layout.used
        }
    del table
    for target in layout.targets:
        values = y if not layout.wide else y[codes == layout.targets.index(target)]
        reader.report_missing_code(target, values)
    if not np.isfinite(y).any():
        return None
    return _sort_rows((codes, names, ds, y, lines), covariates), layout, notes


def _sort_rows(
    columns: tuple[np.ndarray, ...], covariates: Mapping[str, pd.Series]
) -> pd.DataFrame:
    """Sorted series table of series codes and names, timestamps, values and line numbers."""
    codes, names, ds, y, lines = columns
    order = _sort_order(codes, names, ds)
    table = pd.DataFrame(
        {
            UNIQUE_ID: pd.array(names, dtype="str").take(codes[order]),
            DS: ds[order],
            Y: y[order],
            LINE: lines[order],
        },
        copy=False,
    )
    for name, column in covariates.items():
        values = column.array[order] if not isinstance(order, slice) else column.array
        table[name] = (
            values.astype("str") if isinstance(values, pd.Categorical) else np.asarray(values)
        )
    return table


def _parse_timestamps(
    column: Any, dates: Dates, options: ReadingOptions, name: str
) -> np.ndarray | None:
    """Timestamps of all rows; None if the column does not match the format of the sample."""
    unique = pd.Series(column.categories, dtype="str")
    parsed = read_dates(unique, options.date_format, name)
    if parsed is None or parsed.format != dates.format or parsed.ambiguous or parsed.invalid.any():
        return None
    if getattr(parsed.ds.dtype, "tz", None) is not None:
        return None
    timestamps: np.ndarray = parsed.ds.to_numpy()[column.codes]
    return timestamps


def _series_codes(table: pd.DataFrame, layout: Layout) -> tuple[np.ndarray, np.ndarray] | None:
    """Series code of each row, and the names; None if a name is empty or not unique."""
    if not layout.ids:
        return np.zeros(len(table), np.int8), np.array([layout.targets[0]], dtype=object)
    first, *others = layout.ids
    column = table[first].array
    codes, names = np.asarray(column.codes), np.asarray(column.categories, dtype=object)
    for name in others:
        second = table[name].array
        pairs = codes.astype(np.int64) * len(second.categories) + second.codes
        unique, codes = np.unique(pairs, return_inverse=True)
        width = len(second.categories)
        names = names[unique // width] + "/" + np.asarray(second.categories, object)[unique % width]
    is_invalid = "" in names or len(set(names)) < len(names)
    return None if is_invalid else (codes, names)


def _sort_order(codes: np.ndarray, names: np.ndarray, ds: np.ndarray) -> Any:
    """Order of the rows by series and timestamp; a full slice if they are sorted."""
    ranks = np.empty(len(names), np.int64)
    ranks[np.argsort(names, kind="stable")] = np.arange(len(names))
    positions = ranks[codes]
    increases, is_equal = positions[1:] > positions[:-1], positions[1:] == positions[:-1]
    if (increases | (is_equal & (ds[1:] >= ds[:-1]))).all():
        return slice(None)
    return np.lexsort((ds, positions))
