"""A fast path for large, clean files: pandas parses them as a whole.

The columns are inferred from the first lines, as for any file, and the rest is parsed accordingly.
If the file holds anything else (a cell that is not a number, a line with fewer cells, a quote),
nothing is returned and the file is read cell by cell, so that the error names the row.
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
from forecastkit.reading.columns import LINE, Columns, free_name
from forecastkit.reading.dates import Dates, read_dates
from forecastkit.reading.layout import Layout, find_layout, layout_notes
from forecastkit.reading.numbers import (
    MISSING_WORDS,
    PLAIN,
    choose_convention,
    marks_of_missing,
    missing,
    plain_numbers,
    undressed,
)
from forecastkit.reading.options import ReadingOptions
from forecastkit.reading.source import Source
from forecastkit.tables.frame import DS, UNIQUE_ID, Y

LARGE = 8_000_000
_SAMPLE = 300_000
# shorter samples of a column are read cell by cell, where that is faster
_MIN_FAST_ROWS = 5_000
# parts of the words for truth, which pandas reads as 1 and 0 among numbers
_TRUTH = (b"RUE", b"rue", b"ALSE", b"alse")


def read_bulk(
    source: Source, how: ReadingOptions, covariates: tuple[str, ...], large: int = LARGE
) -> tuple[pd.DataFrame, Layout, list[Note]] | None:
    """Read a large file that is in order.

    Parameters
    ----------
    source : Source
    how : ReadingOptions
    covariates : tuple of str
        Columns that are neither time, nor id, nor target.
    large : int
        Bytes from which on a file is read so.

    Returns
    -------
    (table, layout, notes) or None
        The table has a column `LINE` and is sorted; None where the file must be read in another
        way.
    """
    data = source.data
    if len(data) < large or not _is_plain(data) or how.encoding is not None:
        return None
    end = data.rfind(b"\n", 0, _SAMPLE) + 1
    try:
        cells = how.cells(replace(source, data=data[:end]))
        layout = find_layout(cells, how.wanted(covariates))
    except DataError:
        return None
    empty = any(missing(cells.table[name], how.na_value).all() for name in cells.columns)
    numbers = None if empty else _numbers(cells, layout, how)
    if numbers is None or layout.dates is None or layout.parts or layout.dates.ambiguous:
        return None
    mark = data[:end].decode("utf-8", "replace")[len(cells.columns[0])]
    header = mark.join(cells.columns)
    first = data[: data.index(b"\n")].decode("utf-8", "replace").rstrip("\r")
    if first != header or cells.lines[0] != 2:
        return None
    table = _parsed(data, cells, layout, numbers, how, mark)
    if table is None or (not cells.commas and b"." in data and not _points_decide(cells, numbers)):
        return None
    return _assembled(table, cells, layout, numbers, how)


def _is_plain(data: bytes) -> bool:
    """Whether there are no quotes, no bytes that no text holds, and one kind of line end."""
    if b'"' in data or b"\x00" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    returns = data.count(b"\r")
    return returns == 0 or returns == data.count(b"\r\n") == data.count(b"\n")


def _numbers(cells: Cells, layout: Layout, how: ReadingOptions) -> set[str] | None:
    """Columns that hold plain numbers; None where a target holds others."""
    if how.decimal not in (None, ".") or how.thousands is not None:
        return None
    found = set()
    for name in cells.columns:
        if name in (layout.time, *layout.ids):
            continue
        text = cells.table[name]
        if cells.commas and len(text) < _MIN_FAST_ROWS and plain_numbers(text) is not None:
            found.add(name)
            continue
        bare = undressed(text[~missing(text, how.na_value)])
        convention, ambiguous = choose_convention(bare.cells, None, None, cells.commas)
        plain = bare.cells.str.fullmatch(PLAIN.pattern).all() and not bare.notes
        if plain and convention == PLAIN and not ambiguous and len(bare.cells):
            found.add(name)
        elif name in layout.targets:
            return None
    return found


def _points_decide(cells: Cells, numbers: set[str]) -> bool:
    """Whether each column of numbers has a cell in the sample whose point must be decimal."""
    for name in numbers:
        marked = cells.table[name].str.contains(".", regex=False)
        if not marked.any() or choose_convention(cells.table[name], None, None, False)[1]:
            return False
    return True


def _parsed(
    data: bytes, cells: Cells, layout: Layout, numbers: set[str], how: ReadingOptions, mark: str
) -> pd.DataFrame | None:
    columns = [name for name in cells.columns if not layout.wide or name in layout.used]
    words = [*MISSING_WORDS, *how.na_value]
    parse = _with_pyarrow if find_spec("pyarrow") else _with_pandas
    try:
        table = parse(data, mark, {name: name in numbers for name in columns}, words)
    except ValueError:  # a cell is no number, or a line has too many cells
        return None
    absent = marks_of_missing(how.na_value)
    if absent:
        for name in numbers & set(columns):
            values = table[name].to_numpy()
            table[name] = np.where(np.isin(values, absent), np.nan, values)
    ends = data.count(b"\n") + (not data.endswith(b"\n"))
    marks = data.count(mark.encode())
    whole = len(table) + 1 == ends and marks == ends * (len(cells.columns) - 1)
    return table if whole else None


def _with_pandas(
    data: bytes, mark: str, columns: dict[str, bool], words: list[str]
) -> pd.DataFrame:
    """Parse columns, of numbers where that is said, else of texts as categories."""
    numbers = [name for name, is_number in columns.items() if is_number]
    # as text first: pandas makes numbers of categories that look like some
    kinds: dict[Any, Any] = defaultdict(lambda: "str", dict.fromkeys(numbers, np.float64))
    table = pd.read_csv(
        io.BytesIO(data),
        sep=mark,
        dtype=kinds,
        keep_default_na=False,
        na_values={name: words for name in numbers},
        skip_blank_lines=False,
        quoting=csv.QUOTE_NONE,
        engine="c",
    )
    flags = any(table[name].isin([0.0, 1.0]).any() for name in numbers)
    if flags and any(word in data for word in _TRUTH):
        raise ValueError("words for truth among numbers")
    table = table[list(columns)]
    for name in columns:
        if name not in numbers:
            codes, found = pd.factorize(table[name])
            table[name] = pd.Categorical.from_codes(codes, pd.Index(found, dtype="str"))
    return table


def _with_pyarrow(
    data: bytes, mark: str, columns: dict[str, bool], words: list[str]
) -> pd.DataFrame:
    """Parse columns as `_with_pandas` does."""
    import pyarrow as arrow
    from pyarrow import csv as arrow_csv

    text = arrow.dictionary(arrow.int32(), arrow.utf8())
    read = arrow_csv.read_csv(
        arrow.BufferReader(data),
        read_options=arrow_csv.ReadOptions(block_size=2**24),
        parse_options=arrow_csv.ParseOptions(
            delimiter=mark, quote_char=False, ignore_empty_lines=False
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types={n: arrow.float64() if is_n else text for n, is_n in columns.items()},
            include_columns=list(columns),
            null_values=words,
            strings_can_be_null=False,
        ),
    )
    found: dict[str, Any] = {}
    for name, is_number in columns.items():
        column = read.column(name)
        if is_number:
            found[name] = column.to_numpy()
            if int(np.isnan(found[name]).sum()) != column.null_count:
                raise ValueError("words for missing that are not ours")
        else:
            whole = column.unify_dictionaries().combine_chunks()
            kinds = np.asarray(whole.dictionary.to_pandas(), dtype=object)
            codes = whole.indices.to_numpy()
            found[name] = pd.Categorical.from_codes(codes, pd.Index(kinds, dtype="str"))
    return pd.DataFrame(found, copy=False)


def _assembled(
    table: pd.DataFrame, cells: Cells, layout: Layout, numbers: set[str], how: ReadingOptions
) -> tuple[pd.DataFrame, Layout, list[Note]] | None:
    assert layout.dates is not None
    assert layout.time is not None
    read = _moments(table[layout.time].array, layout.dates, how, layout.time)
    if read is None or any(np.isinf(table[name].to_numpy()).any() for name in numbers):
        return None
    notes = [*cells.notes, *layout_notes(layout)]
    reader = Columns(cells, how.na_value, None, None, notes)
    lines = np.arange(2, len(table) + 2)
    if layout.wide:
        n = len(layout.targets)
        codes = np.repeat(np.arange(n), len(table))
        names = np.array(layout.targets, dtype=object)
        y = np.concatenate([table[name].to_numpy() for name in layout.targets])
        ds, lines = np.tile(read, n), np.tile(lines, n)
        others: dict[str, Any] = {}
    else:
        named = _named(table, layout)
        if named is None:
            return None
        codes, names = named
        y, ds = table[layout.targets[0]].to_numpy(), read
        others = {
            free_name(name, notes): table[name] for name in cells.columns if name not in layout.used
        }
    del table
    for target in layout.targets:
        part = y if not layout.wide else y[codes == layout.targets.index(target)]
        reader.point_out(target, part)
    if not np.isfinite(y).any():
        return None
    return _sorted((codes, names, ds, y, lines), others), layout, notes


def _sorted(columns: tuple[np.ndarray, ...], others: Mapping[str, pd.Series]) -> pd.DataFrame:
    """The series table of codes and names of series, timestamps, values and lines, in order."""
    codes, names, ds, y, lines = columns
    order = _order(codes, names, ds)
    table = pd.DataFrame(
        {
            UNIQUE_ID: pd.array(names, dtype="str").take(codes[order]),
            DS: ds[order],
            Y: y[order],
            LINE: lines[order],
        },
        copy=False,
    )
    for name, column in others.items():
        kept = column.array[order] if not isinstance(order, slice) else column.array
        table[name] = kept.astype("str") if isinstance(kept, pd.Categorical) else np.asarray(kept)
    return table


def _moments(column: Any, dates: Dates, how: ReadingOptions, name: str) -> np.ndarray | None:
    """Timestamps of all rows; None where the whole column is not what its first cells are."""
    kinds = pd.Series(column.categories, dtype="str")
    read = read_dates(kinds, how.date_format, name)
    if read is None or read.form != dates.form or read.ambiguous or read.wrong.any():
        return None
    if getattr(read.ds.dtype, "tz", None) is not None:
        return None
    found: np.ndarray = read.ds.to_numpy()[column.codes]
    return found


def _named(table: pd.DataFrame, layout: Layout) -> tuple[np.ndarray, np.ndarray] | None:
    """Number of the series of each row, and the names; None where one is empty or there twice."""
    if not layout.ids:
        return np.zeros(len(table), np.int8), np.array([layout.targets[0]], dtype=object)
    first, *others = layout.ids
    column = table[first].array
    codes, names = np.asarray(column.codes), np.asarray(column.categories, dtype=object)
    for other in others:
        more = table[other].array
        both = codes.astype(np.int64) * len(more.categories) + more.codes
        kinds, codes = np.unique(both, return_inverse=True)
        width = len(more.categories)
        names = names[kinds // width] + "/" + np.asarray(more.categories, object)[kinds % width]
    unclear = "" in names or len(set(names)) < len(names)
    return None if unclear else (codes, names)


def _order(codes: np.ndarray, names: np.ndarray, ds: np.ndarray) -> Any:
    """Order of the rows by name and time; all of them where that is theirs already."""
    ranks = np.empty(len(names), np.int64)
    ranks[np.argsort(names, kind="stable")] = np.arange(len(names))
    places = ranks[codes]
    ahead, same = places[1:] > places[:-1], places[1:] == places[:-1]
    if (ahead | (same & (ds[1:] >= ds[:-1]))).all():
        return slice(None)
    return np.lexsort((ds, places))
