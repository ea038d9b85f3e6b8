"""Metadata of the training table, and notes on the data that were dropped or transformed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.notes import Note
from forecastkit.ranges import MAX_STEPS
from forecastkit.series.panel import Panel
from forecastkit.series.scale import MIN_POSITIVE_SHARE, measure_scale
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import DS, UNIQUE_ID, Y

_PACKAGES = ("forecastkit", "tensorflow", "keras", "numpy", "pandas")


def provenance(table: pd.DataFrame, data: Dataset) -> dict[str, Any]:
    """Return size, span and fingerprint of a table, package versions and the time of creation."""
    index = data.index
    return {
        "n_rows": len(table),
        "n_series": index.n_series,
        "start": str(index.timestamps(index.first[[index.first.argmin()]]).iloc[0]),
        "end": str(index.timestamps(data.last[[data.last.argmax()]]).iloc[0]),
        "sha256": _fingerprint(table),
        "versions": {name: installed(name) for name in _PACKAGES},
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def installed(package: str) -> str | None:
    """Return the version of a package, None if it is not installed.

    Examples
    --------
    >>> installed("no-such-package") is None
    True
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def table_notes(data: Dataset, table: pd.DataFrame) -> list[Note]:
    """Report the series and periods that are dropped, and the transforms of the others."""
    notes = []
    lengths = data.panel.lengths
    n_dropped = table[UNIQUE_ID].nunique() - data.panel.n_series
    if n_dropped:
        notes.append(Note(f"{n_dropped} series dropped", "no values"))
    if (lengths > MAX_STEPS).any():
        notes.append(Note(f"only the last {MAX_STEPS} periods used", "longer series are truncated"))
    notes += _scale_notes(data)
    return notes


def _scale_notes(data: Dataset) -> list[Note]:
    """Report the series that are not transformed by a plain logarithm, and those of integers."""
    scale, n = measure_scale(data.panel), data.panel.n_series
    n_log1p, n_untransformed = int((scale.shift > 0).sum()), int(np.isnan(scale.shift).sum())
    n_whole = int(scale.whole.sum())
    notes = []
    if n_log1p:
        minima = _minima(data.panel)[scale.shift > 0]
        why = "they contain zeros"
        if (minima > 0).any():
            why = f"their smallest values are below {100 * MIN_POSITIVE_SHARE:.0f} % of their means"
        notes.append(Note(f"log1p transform for {_of(n_log1p, n)}", why))
    if n_untransformed:
        notes.append(
            Note(f"no log transform for {_of(n_untransformed, n)}", "they contain negative values")
        )
    if n_whole:
        why = "all their values are whole numbers"
        notes.append(Note(f"whole-number forecasts for {_of(n_whole, n)}", why))
    return notes


def _minima(panel: Panel) -> np.ndarray:
    """Return the minimum of every series, shape (n_series,); infinity if it has no values."""
    minima = np.full(panel.n_series, np.inf)
    np.fmin.at(minima, panel.owner, panel.values)
    return minima


def _of(count: int, n: int) -> str:
    return f"{count} of {n} series"


def _fingerprint(table: pd.DataFrame) -> str:
    hashes = pd.util.hash_pandas_object(table[[UNIQUE_ID, DS, Y]], index=False)
    return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()
