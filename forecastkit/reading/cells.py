"""The cells of a file as text, with their line numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecastkit.errors import Finding
from forecastkit.notes import Note


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a file as text.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    columns : list of str
        Column names.
    table : DataFrame of str
        One column per name, one row per line that is not empty.
    lines : ndarray of int, shape (n_rows,)
        Line number in the file of each row; the first line is line 1.
    notes : tuple of Note
        Assumptions, with their reasons.
    comma_delimited : bool
        Whether the delimiter is a comma.
    timestamps : dict of str to Series
        Columns with a native timestamp type, in addition to their text.
    origins : dict of str to ndarray of str
        For columns that combine several columns of the file: the column of each cell.
    """

    file: str
    columns: list[str]
    table: pd.DataFrame
    lines: np.ndarray
    notes: tuple[Note, ...]
    comma_delimited: bool = True
    timestamps: dict[str, pd.Series] = field(default_factory=dict)
    origins: dict[str, np.ndarray] = field(default_factory=dict)

    def finding(self, row: int, column: str) -> Finding:
        """Return the location and the text of a cell."""
        name = str(self.origins[column][row]) if column in self.origins else column
        return Finding(int(self.lines[row]), name, str(self.table[column].iloc[row]))
