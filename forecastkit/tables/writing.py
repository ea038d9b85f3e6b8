"""Writing forecast tables: CSV, Parquet, Excel or JSON, in the terms of the file that was read."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import MissingPackageError, OptionError
from forecastkit.files import write_whole
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID

# what a spreadsheet takes for the start of a formula
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
# a forecast has so many decimals more than the data
_EXTRA_DECIMALS = 2
_MAX_DECIMALS, _MAX_VALUES = 12, 100_000
_ROUNDING = 1e-9


def write_csv(table: pd.DataFrame, path: str | Path, spreadsheet_safe: bool = False) -> None:
    """Write a table as CSV, with floats in full precision.

    Parameters
    ----------
    table : DataFrame
    path : str or Path
        "-" for standard output.
    spreadsheet_safe : bool
        Prefix an apostrophe to text that a spreadsheet would interpret as a formula: text that
        starts with = + - @, a tab or a carriage return. Numbers are not changed.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    if spreadsheet_safe:
        table = _neutralised(table)
    if str(path) == "-":
        try:
            table.to_csv(sys.stdout, index=False)
            sys.stdout.flush()
        except BrokenPipeError:
            # whoever read has seen enough; what is left must not fail again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    write_whole(path, _csv(table))


def write_table(table: pd.DataFrame, path: str | Path, spreadsheet_safe: bool = False) -> None:
    """Write a table in the format that the file's ending names.

    Parameters
    ----------
    table : DataFrame
    path : str or Path
        Ends in .csv, .tsv or .txt (or in none of all: CSV), perhaps with .gz behind it, in
        .parquet, .xlsx or .json (records); "-" is standard output, as CSV.
    spreadsheet_safe : bool
        As in `write_csv`. An .xlsx file holds texts as texts in any case.

    Raises
    ------
    OptionError
        If the ending is that of no such format.
    MissingPackageError
        If the package that writes the format is not installed.
    WriteError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(pd.DataFrame({"ds": [1], "LSTM": [2.5]}), Path(folder) / "f.json")
    ...     print((Path(folder) / "f.json").read_text())
    [
      {"ds": 1, "LSTM": 2.5}
    ]
    """
    if str(path) == "-":
        write_csv(table, path, spreadsheet_safe)
        return
    encode = check_format(path)
    write_whole(path, encode(_neutralised(table) if spreadsheet_safe else table))


def check_format(path: str | Path) -> Callable[[pd.DataFrame], bytes]:
    """Return what turns a table into the bytes of a file of that ending; raise as `write_table`."""
    name = Path(path).name.lower()
    if name.endswith(".gz"):
        encode = check_format(name.removesuffix(".gz"))
        return lambda table: gzip.compress(encode(table), mtime=0)
    ending = Path(name).suffix
    if ending not in _ENCODERS:
        raise OptionError(
            f"'{path}' ends in '{ending}', which is not a supported output format.",
            value=str(path),
            fix="Use .csv, .tsv, .csv.gz, .parquet, .xlsx or .json.",
        )
    encode, package, extra = _ENCODERS[ending]
    if package:
        _check_installed(package, extra)
    return encode


def _check_installed(package: str, extra: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise MissingPackageError(
            f"Writing this format needs {package}, which is not installed.",
            fix=f"pip install 'forecastkit[{extra}]'",
        )


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()


def _tsv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, sep="\t").encode()


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False, engine="pyarrow")
    return buffer.getvalue()


def _json(table: pd.DataFrame) -> bytes:
    rows = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in records(table)]
    return ("[\n" + ",\n".join(f"  {row}" for row in rows) + "\n]").encode()


def _excel(table: pd.DataFrame) -> bytes:
    plain = table.copy()
    for name in plain.columns:
        if getattr(plain[name].dtype, "tz", None) is not None:  # a workbook has no time zones
            plain[name] = plain[name].astype(str)
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        plain.to_excel(writer, index=False, sheet_name="forecast")
        for row in writer.sheets["forecast"].iter_rows():
            for cell in row:
                if cell.data_type == "f":  # a text that begins with = is a text
                    cell.data_type = "s"
    return buffer.getvalue()


# by ending: what writes it, the package that it needs, and the extra that installs that
_ENCODERS: dict[str, tuple[Callable[[pd.DataFrame], bytes], str, str]] = {
    "": (_csv, "", ""),
    ".csv": (_csv, "", ""),
    ".txt": (_csv, "", ""),
    ".tsv": (_tsv, "", ""),
    ".json": (_json, "", ""),
    ".parquet": (_parquet, "pyarrow", "parquet"),
    ".xlsx": (_excel, "openpyxl", "excel"),
}


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries that JSON can hold: timestamps as text, NaN as None.

    Examples
    --------
    >>> records(pd.DataFrame({"ds": pd.to_datetime(["2024-01-01"]), "LSTM": [np.nan]}))
    [{'ds': '2024-01-01', 'LSTM': None}]
    """
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return str(value).removesuffix(" 00:00:00")
    return value.item() if hasattr(value, "item") else value


def with_file_columns(table: pd.DataFrame, reading: Mapping[str, Any]) -> pd.DataFrame:
    """Give a forecast or backtest table the columns of the file that its data came from.

    Parameters
    ----------
    table : DataFrame
        With `unique_id` and `ds`.
    reading : mapping
        How the file was read, `df.attrs["reading"]` of a table from `read_csv`: its columns of time
        and id, and the offset of its timestamps from UTC.

    Returns
    -------
    DataFrame
        The file's own names in place of `unique_id` and `ds`; no id column where the file had none
        and there is one series; timestamps in the file's time zone.

    Examples
    --------
    >>> forecast = pd.DataFrame({"unique_id": "y", "ds": [1], "LSTM": [2.0]})
    >>> with_file_columns(forecast, {"time_col": "day"})
       day  LSTM
    0    1   2.0
    """
    found = table.copy()
    offset = reading.get("offset")
    for name in (DS, CUTOFF):
        if offset and name in found and getattr(found[name].dtype, "tz", None) is not None:
            found[name] = found[name].dt.tz_convert(offset)
    ids = [str(name) for name in reading.get("id_col") or ()]
    time = reading.get("time_col") or ("step" if reading.get("target_col") else DS)
    others = {name for name in found.columns if name not in (UNIQUE_ID, DS)}
    if len({time, *ids}) < 1 + len(ids) or others & {time, *ids}:
        return found  # a name of the file is that of a forecast column
    parts = _id_columns(found[UNIQUE_ID], ids)
    rest = found.drop(columns=[UNIQUE_ID, DS])
    return pd.concat([parts, found[[DS]].rename(columns={DS: time}), rest], axis=1)


def _id_columns(names: pd.Series, ids: list[str]) -> pd.DataFrame:
    """Columns that name the series, as the file has them."""
    if not ids:
        several = names.nunique() > 1
        return names.to_frame() if several else names.to_frame().iloc[:, :0]
    if len(ids) == 1:
        return names.rename(ids[0]).to_frame()
    if not (names.str.count("/") == len(ids) - 1).all():  # joined, and a part has a slash itself
        return names.rename("/".join(ids)).to_frame()
    parts = names.str.split("/", expand=True)
    return parts.set_axis(pd.Index(ids), axis=1)


def rounded(table: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    """Round forecasts to two decimals more than the data have; whole data give integers.

    Examples
    --------
    >>> rounded(pd.DataFrame({"LSTM": [2.123456]}), np.array([1.5]))
        LSTM
    0  2.123
    """
    found = table.copy()
    decimals = decimals_of(values)
    if decimals is None:
        return found
    for name in found.columns:
        column = found[name]
        if pd.api.types.is_float_dtype(column):
            column = column.round(decimals + _EXTRA_DECIMALS)
            whole = decimals == 0 and np.isfinite(column.dropna()).all()
            whole = whole and (column.dropna().abs() < 2**53).all()
            found[name] = column.astype("Int64") if whole and _is_whole(column) else column
    return found


def _is_whole(column: pd.Series) -> bool:
    return bool((column.dropna() % 1 == 0).all())


def decimals_of(values: np.ndarray) -> int | None:
    """Decimals that data are written with; None where they have more than 12.

    Examples
    --------
    >>> decimals_of(np.array([1.5, 2.25, np.nan])), decimals_of(np.array([3.0])), decimals_of(
    ...     np.array([1 / 3]))
    (2, 0, 9)
    """
    known = np.abs(values[np.isfinite(values)])
    known = known[:: max(1, len(known) // _MAX_VALUES)]
    for decimals in range(_MAX_DECIMALS + 1):
        with np.errstate(over="ignore"):
            shifted = known * 10.0**decimals
        if (np.abs(shifted - np.round(shifted)) <= _ROUNDING * np.maximum(shifted, 1.0)).all():
            return decimals
    return None


def _neutralised(table: pd.DataFrame) -> pd.DataFrame:
    """Texts that begin like formulas, names of columns too, behind an apostrophe."""
    safe = table.rename(columns={n: f"'{n}" for n in table if str(n).startswith(_FORMULAS)})
    for name in safe.columns:
        column = safe[name]
        if pd.api.types.is_string_dtype(column) or column.dtype == object:
            odd = column.map(lambda cell: isinstance(cell, str) and cell.startswith(_FORMULAS))
            safe[name] = column.where(~odd.astype(bool), "'" + column.astype(str))
    return safe
