"""Parquet files as text cells; timestamp columns also keep their type."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, MissingPackageError
from forecastkit.reading.cells import Cells
from forecastkit.reading.source import Source


def parquet_cells(source: Source) -> Cells:
    """Read a Parquet table as text; numbers are written so that they convert back exactly.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed.
    DataError
        If the file is damaged or empty, or column names are not unique.
    """
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingPackageError(
            "Parquet files need pyarrow.",
            file=source.name,
            fix="pip install 'forecastkit[parquet]'",
        ) from error
    try:
        table = parquet.read_table(io.BytesIO(source.data)).to_pandas()
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"The Parquet file is damaged: {error}.",
            file=source.name,
            fix="Create or download it again.",
        ) from error
    if not table.index.equals(pd.RangeIndex(len(table))):
        table = table.reset_index()
    table.columns = table.columns.map(str)
    return frame_cells(table, source.name)


def frame_cells(table: pd.DataFrame, name: str) -> Cells:
    """Write a table as text; numbers are written so that they convert back exactly.

    Parameters
    ----------
    table : DataFrame
    name : str
        Name for messages.

    Raises
    ------
    DataError
        If the table is empty, or column names are not unique.
    """
    if table.empty or not table.columns.is_unique:
        problem = "no rows" if table.empty else "duplicate column names"
        raise DataError(
            f"The table has {problem}.",
            file=name,
            fix="Add rows." if table.empty else "Give each column its own name.",
        )
    timestamps = {
        column: table[column].reset_index(drop=True)
        for column in table.columns
        if pd.api.types.is_datetime64_any_dtype(table[column])
    }
    cells = pd.DataFrame({column: _as_text(table[column]) for column in table.columns})
    lines = np.arange(1, len(table) + 1)
    columns = list(table.columns)
    return Cells(name, columns, cells.reset_index(drop=True), lines, (), timestamps=timestamps)


def _as_text(column: pd.Series) -> pd.Series:
    absent = column.isna().to_numpy()
    if pd.api.types.is_float_dtype(column):
        text = pd.Series([repr(value) for value in column.to_numpy(float).tolist()], dtype="str")
    else:
        text = column.astype("str").reset_index(drop=True).astype("str")
    return text.mask(absent, "")
