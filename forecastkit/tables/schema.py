"""Schema of the covariates: their roles, encodings and sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.ranges import check_length, refuse
from forecastkit.series.view import MAX_FEATURES
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y

FUTR, HIST, STAT = "futr_exog", "hist_exog", "stat_exog"
CYCLES = ("hour", "weekday", "month", "day of year")
_RESERVED = {UNIQUE_ID, DS, Y, CUTOFF}
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# harmonics that encode a calendar cycle, each by its sine and cosine
HARMONICS = (1, 2)


@dataclass(frozen=True)
class Column:
    """A covariate.

    Attributes
    ----------
    name : str
    role : "futr_exog", "hist_exog" or "stat_exog"
    categories : tuple of str or None
        Categories of a one-hot encoded column; None for numbers.
    dates : tuple of str or None
        Dates of an event, in ISO 8601.
    cycle : str or None
        Cycle that a calendar feature encodes.
    """

    name: str
    role: str
    categories: tuple[str, ...] | None = None
    dates: tuple[str, ...] | None = None
    cycle: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or self.name in _RESERVED:
            refuse("the name of a covariate", self.name, "text other than the table's own columns")
        if self.role not in (FUTR, HIST, STAT):
            refuse(f"the role of {self.name}", self.role, f"one of {FUTR}, {HIST}, {STAT}")
        if sum(source is not None for source in (self.categories, self.dates, self.cycle)) > 1:
            refuse(self.name, self, "categories, dates or a cycle, and not several of them")
        if self.is_derived and self.role != FUTR:
            refuse(f"the role of {self.name}", self.role, FUTR)
        if self.cycle is not None and self.cycle not in CYCLES:
            refuse(f"the cycle of {self.name}", self.cycle, f"one of {', '.join(CYCLES)}")
        if self.categories is not None:
            check_length(f"the categories of {self.name}", self.categories, 1, MAX_FEATURES)
            are_text = all(isinstance(category, str) for category in self.categories)
            if not are_text or len(set(self.categories)) < len(self.categories):
                refuse(f"the categories of {self.name}", self.categories, "distinct text")
        if self.dates is not None and not (self.dates and all(map(_is_iso_date, self.dates))):
            refuse(f"the dates of {self.name}", self.dates, "days in ISO 8601")

    @property
    def is_derived(self) -> bool:
        """Whether its values are derived from the timestamps rather than read from a table."""
        return self.dates is not None or self.cycle is not None

    @property
    def width(self) -> int:
        """Number of numeric features that encode the column."""
        if self.cycle is not None:
            return 2 * len(HARMONICS)
        return 1 if self.categories is None else len(self.categories)

    @property
    def features(self) -> tuple[str, ...]:
        """Name of each feature that encodes the column.

        Examples
        --------
        >>> Column("sky", "futr_exog", ("fair", "rain")).features
        ('sky=fair', 'sky=rain')
        """
        if self.categories is None:
            return (self.name,) * self.width
        return tuple(f"{self.name}={category}" for category in self.categories)

    def encoded(self, cells: pd.Series) -> np.ndarray:
        """Encode cells as features, shape (n_rows, width); an unknown category is all zeros.

        Examples
        --------
        >>> day = Column("day", "futr_exog", ("Fri", "Sat"))
        >>> day.encoded(pd.Series(["Sat", "Sun", None])).tolist()
        [[0.0, 1.0], [0.0, 0.0], [nan, nan]]
        """
        empty = empty_cells(cells)
        if self.categories is None:
            numbers = pd.to_numeric(cells.where(~empty), errors="coerce").astype(float)
            return numbers.to_numpy()[:, None]
        text = cells.astype(str).str.strip().to_numpy()
        one_hot = (text[:, None] == np.array(self.categories)).astype(float)
        return np.where(empty.to_numpy()[:, None], np.nan, one_hot)

    def decoded(self, features: np.ndarray) -> np.ndarray:
        """Decode features to cells, the inverse of `encoded`; None where there is no category."""
        if self.categories is None:
            return features[:, 0]
        names = np.array([*self.categories, None], dtype=object)
        one_hot = np.nan_to_num(features)
        return names[np.where(one_hot.max(axis=1) > 0, one_hot.argmax(axis=1), len(names) - 1)]

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that can be serialised as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Column:
        """Create a column from the result of `to_dict`."""
        lists = {key: stored[key] and tuple(stored[key]) for key in ("categories", "dates")}
        return cls(stored["name"], stored["role"], **lists, cycle=stored["cycle"])


@dataclass(frozen=True)
class Schema:
    """Covariates of a table, in the order of their features.

    Attributes
    ----------
    changing : tuple of Column
        Columns that vary over time: first those from the table, then the derived ones.
    static : tuple of Column
        Columns that are constant within a series.

    Examples
    --------
    >>> schema = Schema.of([Column("size", STAT), Column("price", FUTR), Column("rain", HIST)])
    >>> [column.name for column in schema.known_ahead], schema.is_known_ahead.tolist()
    (['price'], [True, False])
    """

    changing: tuple[Column, ...] = ()
    static: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            refuse("the names of covariates", names, "distinct")

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Schema:
        """Create a schema from columns in any order."""
        changing = [column for column in columns if column.role != STAT]
        changing.sort(key=lambda column: column.is_derived)
        return cls(tuple(changing), tuple(column for column in columns if column.role == STAT))

    def __bool__(self) -> bool:
        return bool(self.columns)

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns: changing, then static."""
        return self.changing + self.static

    @property
    def known_ahead(self) -> tuple[Column, ...]:
        """Columns that are known in advance."""
        return tuple(column for column in self.changing if column.role == FUTR)

    @property
    def from_table(self) -> tuple[Column, ...]:
        """Changing columns that a table must contain."""
        return tuple(column for column in self.changing if not column.is_derived)

    @property
    def derived(self) -> tuple[Column, ...]:
        """Changing columns that are derived from the timestamps."""
        return tuple(column for column in self.changing if column.is_derived)

    @cached_property
    def owner(self) -> np.ndarray:
        """Position in `changing` of the column of each changing feature, shape (n_features,)."""
        return np.repeat(np.arange(len(self.changing)), [column.width for column in self.changing])

    @property
    def n_features(self) -> int:
        """Number of changing features."""
        return len(self.owner)

    @property
    def n_static(self) -> int:
        """Number of static features."""
        return sum(column.width for column in self.static)

    @property
    def is_known_ahead(self) -> np.ndarray:
        """Whether each changing feature is known in advance, shape (n_features,)."""
        return np.array([column.role == FUTR for column in self.changing], bool)[self.owner]

    @property
    def has_effect(self) -> np.ndarray:
        """Whether the effect of each changing feature is estimated, shape (n_features,).

        Calendar features are for networks only: low frequencies are confounded with the level.
        """
        return np.array([column.cycle is None for column in self.changing], bool)[self.owner]

    def positions(self, columns: Sequence[Column]) -> np.ndarray:
        """Positions of the features of the given changing columns."""
        indices = [self.changing.index(column) for column in columns]
        return np.flatnonzero(np.isin(self.owner, indices))


def _is_iso_date(text: Any) -> bool:
    if not isinstance(text, str) or not _ISO_DATE.fullmatch(text):
        return False
    try:
        np.datetime64(text, "D")
    except ValueError:
        return False
    return True


def empty_cells(cells: pd.Series) -> pd.Series:
    """Whether each cell is missing or blank."""
    return cells.isna() | cells.astype(str).str.strip().eq("")


def is_numeric(cells: pd.Series) -> bool:
    """Whether all cells are numbers, or text that can be parsed as numbers."""
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
        return True
    return bool(pd.to_numeric(cells, errors="coerce").notna().all())
