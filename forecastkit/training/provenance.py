"""What a model remembers of the data that it was fitted on, and what is said about them."""

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
from forecastkit.series.scale import measure_scale
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import DS, UNIQUE_ID, Y

_PACKAGES = ("forecastkit", "tensorflow", "keras", "numpy", "pandas")


def provenance(table: pd.DataFrame, data: Dataset) -> dict[str, Any]:
    """Size, span and fingerprint of a series table, versions of packages, time of creation."""
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
    """Version of a package; None where it is not installed.

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
    """Say which series, periods and columns of a table are not used."""
    notes = []
    lengths = data.panel.lengths
    left_out = table[UNIQUE_ID].nunique() - data.panel.n_series
    if left_out:
        notes.append(Note(f"{left_out} series dropped", "no values"))
    if (lengths > MAX_STEPS).any():
        notes.append(Note(f"only the last {MAX_STEPS} periods used", "longer series are truncated"))
    notes += _scale_notes(data)
    return notes


def _scale_notes(data: Dataset) -> list[Note]:
    """Say on what scale series are looked at where it is not that of plain logarithms."""
    scale, n = measure_scale(data.panel), data.panel.n_series
    touching, crossing = int((scale.shift > 0).sum()), int(np.isnan(scale.shift).sum())
    whole = int(scale.whole.sum())
    notes = []
    if touching:
        least = _least_values(data.panel)[scale.shift > 0]
        kind = "zeros" if (least == 0).all() else "zeros or values close to zero"
        notes.append(Note(f"log1p transform for {_of(touching, n)}", f"they contain {kind}"))
    if crossing:
        notes.append(
            Note(f"no log transform for {_of(crossing, n)}", "they contain negative values")
        )
    if whole:
        why = "all their values are whole numbers"
        notes.append(Note(f"whole-number forecasts for {_of(whole, n)}", why))
    return notes


def _least_values(panel: Panel) -> np.ndarray:
    """Smallest value of every series, shape (n_series,); infinity where it has none."""
    least = np.full(panel.n_series, np.inf)
    np.fmin.at(least, panel.owner, panel.values)
    return least


def _of(some: int, n: int) -> str:
    return f"{some} of {n} series"


def _fingerprint(table: pd.DataFrame) -> str:
    hashes = pd.util.hash_pandas_object(table[[UNIQUE_ID, DS, Y]], index=False)
    return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()
