"""Write forecast tables as CSV, Parquet, Excel or JSON, with the column names of the input file."""

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

# characters that start a formula in a spreadsheet
_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")
# additional decimals of a forecast, compared with the data
_EXTRA_DECIMALS = 2
_MAX_DECIMALS, _MAX_VALUES = 12, 100_000
_ROUNDING_TOLERANCE = 1e-9


def write_csv(table: pd.DataFrame, path: str | Path, spreadsheet_safe: bool = False) -> None:
    """Write a table as CSV, with floats in full precision.

    Parameters
    ----------
    table : DataFrame
    path : str or Path
        "-" for standard output.
    spreadsheet_safe : bool
        Whether to prefix an apostrophe to text that a spreadsheet would interpret as a formula:
        text that starts with = + - @, a tab or a carriage return. Numbers are not changed.

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
            # the reader closed the pipe; flushing the remaining buffer at exit must not fail again
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    write_whole(path, _csv(table))


def write_table(table: pd.DataFrame, path: str | Path, spreadsheet_safe: bool = False) -> None:
    """Write a table in the format given by the file extension.

    Parameters
    ----------
    table : DataFrame
    path : str or Path
        With the extension .csv, .txt or none (CSV), .tsv, .parquet, .xlsx or .json (records),
        optionally followed by .gz; "-" for CSV on standard output.
    spreadsheet_safe : bool
        As in `write_csv`. In .xlsx files text is never stored as a formula.

    Raises
    ------
    OptionError
        If the extension is not supported.
    MissingPackageError
        If the package required for the format is not installed.
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
    """Return the encoder for a file extension.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    callable
        From a DataFrame to the bytes of the file.

    Raises
    ------
    OptionError
        If the extension is not supported.
    MissingPackageError
        If the package required for the format is not installed.
    """
    name = Path(path).name.lower()
    if name.endswith(".gz"):
        encode = check_format(name.removesuffix(".gz"))
        return lambda table: gzip.compress(encode(table), mtime=0)
    extension = Path(name).suffix
    if extension not in _ENCODERS:
        raise OptionError(
            f"'{path}' ends in '{extension}', which is not a supported output format.",
            value=str(path),
            fix="Use .csv, .tsv, .csv.gz, .parquet, .xlsx or .json.",
        )
    encode, package, extra = _ENCODERS[extension]
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
    sheet = table.copy()
    for name in sheet.columns:
        if getattr(sheet[name].dtype, "tz", None) is not None:  # Excel does not support time zones
            sheet[name] = sheet[name].astype(str)
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        sheet.to_excel(writer, index=False, sheet_name="forecast")
        for row in writer.sheets["forecast"].iter_rows():
            for cell in row:
                if cell.data_type == "f":  # text that starts with = is not a formula
                    cell.data_type = "s"
    return buffer.getvalue()


# file extension to encoder, required package, and the extra that installs the package
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
    """Return rows as dictionaries for JSON: timestamps as text, NaN as None.

    Examples
    --------
    >>> records(pd.DataFrame({"ds": pd.to_datetime(["2024-01-01"]), "LSTM": [np.nan]}))
    [{'ds': '2024-01-01', 'LSTM': None}]
    """
    return [
        {str(name): _json_value(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _json_value(value: Any) -> Any:
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return str(value).removesuffix(" 00:00:00")
    return value.item() if hasattr(value, "item") else value


def with_file_columns(table: pd.DataFrame, reading: Mapping[str, Any]) -> pd.DataFrame:
    """Restore the columns of the input file in a forecast or backtest table.

    Parameters
    ----------
    table : DataFrame
        With `unique_id` and `ds`.
    reading : mapping
        How the file was read, from `df.attrs["reading"]` of a table from `read_csv`: its time
        column, its id columns and the UTC offset of its timestamps.

    Returns
    -------
    DataFrame
        With the file's column names in place of `unique_id` and `ds`, without an id column if the
        file has none and holds a single series, and with timestamps in the file's UTC offset.

    Examples
    --------
    >>> forecast = pd.DataFrame({"unique_id": "y", "ds": [1], "LSTM": [2.0]})
    >>> with_file_columns(forecast, {"time_col": "day"})
       day  LSTM
    0    1   2.0
    """
    result = table.copy()
    offset = reading.get("offset")
    for name in (DS, CUTOFF):
        if offset and name in result and getattr(result[name].dtype, "tz", None) is not None:
            result[name] = result[name].dt.tz_convert(offset)
    ids = [str(name) for name in reading.get("id_col") or ()]
    time = reading.get("time_col") or ("step" if reading.get("target_col") else DS)
    others = {name for name in result.columns if name not in (UNIQUE_ID, DS)}
    if len({time, *ids}) < 1 + len(ids) or others & {time, *ids}:
        return result  # the file's column names are not unique among those of the table
    id_columns = _id_columns(result[UNIQUE_ID], ids)
    rest = result.drop(columns=[UNIQUE_ID, DS])
    return pd.concat([id_columns, result[[DS]].rename(columns={DS: time}), rest], axis=1)


def _id_columns(names: pd.Series, ids: list[str]) -> pd.DataFrame:
    """Split the names of series into the id columns of the file."""
    if not ids:
        is_panel = names.nunique() > 1
        return names.to_frame() if is_panel else names.to_frame().iloc[:, :0]
    if len(ids) == 1:
        return names.rename(ids[0]).to_frame()
    if not (names.str.count("/") == len(ids) - 1).all():  # an id itself contains a slash
        return names.rename("/".join(ids)).to_frame()
    parts = names.str.split("/", expand=True)
    return parts.set_axis(pd.Index(ids), axis=1)


def rounded(table: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    """Round forecasts to two decimals more than the data; integer data give integer forecasts.

    Examples
    --------
    >>> rounded(pd.DataFrame({"LSTM": [2.123456]}), np.array([1.5]))
        LSTM
    0  2.123
    """
    result = table.copy()
    decimals = decimals_of(values)
    if decimals is None:
        return result
    for name in result.columns:
        column = result[name]
        if pd.api.types.is_float_dtype(column):
            column = column.round(decimals + _EXTRA_DECIMALS)
            is_exact = decimals == 0 and np.isfinite(column.dropna()).all()
            is_exact = is_exact and (column.dropna().abs() < 2**53).all()
            result[name] = column.astype("Int64") if is_exact and _is_whole(column) else column
    return result


def _is_whole(column: pd.Series) -> bool:
    return bool((column.dropna() % 1 == 0).all())


def decimals_of(values: np.ndarray) -> int | None:
    """Return the number of decimals of data; None if it exceeds 12.

    Examples
    --------
    >>> decimals_of(np.array([1.5, 2.25, np.nan])), decimals_of(np.array([3.0])), decimals_of(
    ...     np.array([1 / 3]))
    (2, 0, 9)
    """
    sample = np.abs(values[np.isfinite(values)])
    sample = sample[:: max(1, len(sample) // _MAX_VALUES)]
    for decimals in range(_MAX_DECIMALS + 1):
        with np.errstate(over="ignore"):
            scaled = sample * 10.0**decimals
        tolerance = _ROUNDING_TOLERANCE * np.maximum(scaled, 1.0)
        if (np.abs(scaled - np.round(scaled)) <= tolerance).all():
            return decimals
    return None


def _neutralised(table: pd.DataFrame) -> pd.DataFrame:
    """Prefix an apostrophe to text and column names that look like formulas."""
    unsafe = [name for name in table if str(name).startswith(_FORMULA_PREFIXES)]
    safe = table.rename(columns={name: f"'{name}" for name in unsafe})
    for name in safe.columns:
        column = safe[name]
        if pd.api.types.is_string_dtype(column) or column.dtype == object:
            is_formula = column.map(
                lambda cell: isinstance(cell, str) and cell.startswith(_FORMULA_PREFIXES)
            )
            safe[name] = column.where(~is_formula.astype(bool), "'" + column.astype(str))
    return safe
