"""Encode the covariates of a series table as numeric features aligned with its panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.notes import Note
from forecastkit.series.covariates import Covariates
from forecastkit.series.ragged import Ragged, offsets_of
from forecastkit.tables.calendar import calendar_features
from forecastkit.tables.events import count_events
from forecastkit.tables.frame import DS, UNIQUE_ID, day
from forecastkit.tables.index import TimeIndex, is_too_sparse
from forecastkit.tables.schema import Column, Schema, empty_cells

# larger absolute values are rejected
_MAX_NUMBER = 1e100


def encode_covariates(
    df: pd.DataFrame, index: TimeIndex, lengths: np.ndarray, schema: Schema
) -> Covariates:
    """Encode the covariates of a series table, starting at the first period of each series.

    Parameters
    ----------
    df : DataFrame
        From `check_table`.
    index : TimeIndex
        Index of the same table.
    lengths : ndarray of int, shape (n_series,)
        Number of periods of each series; its covariates may extend further.
    schema : Schema

    Returns
    -------
    Covariates

    Raises
    ------
    DataError
        If the table lacks a column, a cell is not a number, or a row is so late that nearly all
        periods before it would be missing.
    """
    check_present(df, [*schema.from_table, *schema.static])
    series, steps = index.locate(df)
    inside = (series >= 0) & (steps >= 0)
    df, series, steps = df[inside], series[inside], steps[inside]
    lengths = lengths.copy()
    np.maximum.at(lengths, series, steps + 1)
    if is_too_sparse(int(lengths.sum()), len(df)):
        last = df.iloc[int(steps.argmax())]
        raise DataError(
            f"Series '{last[UNIQUE_ID]}' has a row at {day(last[DS])}, {int(steps.max())} periods "
            "after its first: nearly all periods between would be missing.",
            column=DS,
            value=str(last[DS]),
            fix="Correct the timestamp.",
        )
    offsets = offsets_of(lengths)
    values = np.full((int(offsets[-1]), schema.n_features), np.nan)
    blocks = [encode_column(df, column) for column in schema.from_table]
    features = schema.positions(schema.from_table)
    if len(features):
        values[np.ix_(offsets[series] + steps, features)] = np.concatenate(blocks, axis=1)
    covariates = Covariates(
        changing=Ragged(values, offsets),
        static=_static_features(df, series, len(lengths), schema.static),
        known_ahead=schema.is_known_ahead,
        has_effect=schema.has_effect,
    )
    return with_derived(covariates, index, schema)


def _static_features(
    df: pd.DataFrame, series: np.ndarray, n_series: int, columns: Sequence[Column]
) -> np.ndarray:
    """Static features of every series, each from its first non-empty cell."""
    parts = [np.zeros((n_series, 0))]
    for column in columns:
        first = pd.DataFrame(encode_column(df, column)).groupby(series).first()
        features = first.reindex(np.arange(n_series)).to_numpy()
        parts.append(features if column.categories is None else np.nan_to_num(features))
    return np.concatenate(parts, axis=1)


def with_derived(covariates: Covariates, index: TimeIndex, schema: Schema) -> Covariates:
    """Compute the features that are derived from the timestamps, at all periods."""
    if not schema.derived:
        return covariates
    changing = covariates.changing
    ordinals = index.first[changing.owner] + changing.steps
    distinct, inverse = np.unique(ordinals, return_inverse=True)
    parts = [_derived_features(column, index, distinct) for column in schema.derived]
    values = changing.values.copy()
    values[:, schema.positions(schema.derived)] = np.concatenate(parts, axis=1)[inverse]
    return replace(covariates, changing=changing.with_values(values))


def _derived_features(column: Column, index: TimeIndex, ordinals: np.ndarray) -> np.ndarray:
    if column.cycle is not None:
        return calendar_features(index, ordinals, column.cycle)
    return count_events(index, ordinals, column.dates or ())[:, None]


def encode_column(df: pd.DataFrame, column: Column) -> np.ndarray:
    """Encode a column of a table, shape (n_rows, column.width); see `Column.encoded`.

    Raises
    ------
    DataError
        If a cell is neither empty nor a number, or its absolute value exceeds 1e100.
    """
    cells = df[column.name]
    features = column.encoded(cells)
    if column.categories is not None:
        return features
    not_numeric = np.isnan(features[:, 0]) & ~empty_cells(cells).to_numpy()
    invalid = not_numeric | (np.abs(features[:, 0]) > _MAX_NUMBER)
    if invalid.any():
        row, n = df.iloc[int(np.flatnonzero(invalid)[0])], int(invalid.sum())
        number = "a number" if not np.isinf(features[invalid]).any() else "a finite number"
        raise DataError(
            f"'{row[column.name]}' is not {number}: series '{row[UNIQUE_ID]}' at {day(row[DS])} "
            f"({n} such cell{'s' * (n > 1)}).",
            column=column.name,
            value=str(row[column.name]),
            fix="Write a number or leave the cell empty.",
        )
    return features


def unknown_categories(df: pd.DataFrame, columns: Sequence[Column]) -> list[Note]:
    """Report categories of a table that a model was not fitted on; they are encoded as zeros.

    Examples
    --------
    >>> sky = Column("sky", "futr_exog", ("fair", "rain"))
    >>> unknown_categories(pd.DataFrame({"sky": ["rain", "hail", "hail"]}), [sky])[0][0]
    "column 'sky': unknown category 'hail' in 2 rows, encoded as zeros"
    """
    notes = []
    for column in columns:
        if column.categories is None or column.name not in df.columns:
            continue
        text = df.loc[~empty_cells(df[column.name]), column.name].astype(str).str.strip()
        counts = text[~text.isin(column.categories)].value_counts()
        if len(counts):
            names = ", ".join(f"'{name}'" for name in counts.index[:3])
            more = f" and {len(counts) - 3} more" if len(counts) > 3 else ""
            kind, n = "category" if len(counts) == 1 else "categories", int(counts.sum())
            what = (
                f"column '{column.name}': unknown {kind} {names}{more} in {n} row{'s' * (n > 1)}, "
                "encoded as zeros"
            )
            notes.append(Note(what, "not in the data that the model was fitted on"))
    return notes


def check_present(df: pd.DataFrame, columns: Sequence[Column]) -> None:
    """Raise `DataError` if a table lacks one of the columns."""
    missing = [column.name for column in columns if column.name not in df.columns]
    if missing:
        more = f" (missing: {', '.join(missing)})" if len(missing) > 1 else ""
        raise DataError(
            f"The table has no column '{missing[0]}', which the model uses{more}.",
            column=missing[0],
            fix="Add the column; leave cells empty where the value is unknown.",
        )
