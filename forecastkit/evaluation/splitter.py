"""Rolling origins as a cross-validation splitter of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError
from forecastkit.tables.frame import DS


@dataclass(frozen=True)
class RollingOrigin:
    """Splits the rows of a long table by time: train up to a cutoff, test on the steps after it.

    `sklearn.model_selection.TimeSeriesSplit` cuts rows, which are series and timestamps here; this
    cuts timestamps, the same for all series.

    Parameters
    ----------
    n_windows : int
        Number of cutoffs.
    h : int
        Timestamps of each test window.
    step_size : int, optional
        Timestamps from one cutoff to the next; by default `h`.
    time_col : str
        Name of the column of timestamps.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=6)
    >>> table = pd.DataFrame({"unique_id": "a", "ds": days, "y": range(6)})
    >>> [(len(train), test.tolist()) for train, test in RollingOrigin(2, 2).split(table)]
    [(2, [2, 3]), (4, [4, 5])]
    """

    n_windows: int = 3
    h: int = 1
    step_size: int | None = None
    time_col: str = DS

    def __post_init__(self) -> None:
        for name in ("n_windows", "h", "step_size"):
            value = getattr(self, name)
            if value is None and name == "step_size":
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise OptionError(
                    f"{name} {value!r} is not a whole number of 1 or more.", value=value
                )

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002
        """Return the number of splits; the arguments are ignored."""
        return self.n_windows

    def split(
        self,
        X: pd.DataFrame,
        y: Any = None,  # noqa: ARG002
        groups: Any = None,  # noqa: ARG002
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generate positions of training and test rows, the earliest cutoff first.

        Raises
        ------
        DataError
            If the table has no column of timestamps, or too few of them.
        """
        if self.time_col not in X:
            raise DataError(
                f"The table has no column '{self.time_col}'.",
                column=self.time_col,
                fix="Name the column of timestamps as time_col.",
            )
        times, position = np.unique(X[self.time_col].to_numpy(), return_inverse=True)
        step = self.step_size or self.h
        first = len(times) - self.h - step * (self.n_windows - 1)
        if first < 1:
            raise DataError(
                f"{len(times)} timestamps are too few for {self.n_windows} windows of {self.h}.",
                fix="Use fewer or shorter windows.",
            )
        for cutoff in range(first, len(times) - self.h + 1, step):
            is_test = (position >= cutoff) & (position < cutoff + self.h)
            yield np.flatnonzero(position < cutoff), np.flatnonzero(is_test)
