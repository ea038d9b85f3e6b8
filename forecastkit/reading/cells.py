"""The cells of a file, as text, with the lines that they stand in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecastkit.errors import Finding
from forecastkit.notes import Note


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a file, as text.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    columns : list of str
        The header.
    table : DataFrame of str
        One column a header entry, one row a line that is not empty.
    lines : ndarray of int, shape (n_rows,)
        Line number in the file of each row; the first line is line 1.
    notes : tuple of Note
        What was assumed, and why.
    commas : bool
        Whether commas stand between the cells.
    moments : dict of str to Series
        Columns that hold timestamps already, beside their text.
    places : dict of str to ndarray of str
        For columns that were put together from several: which of them each cell stands in.
    """

    file: str
    columns: list[str]
    table: pd.DataFrame
    lines: np.ndarray
    notes: tuple[Note, ...]
    commas: bool = True
    moments: dict[str, pd.Series] = field(default_factory=dict)
    places: dict[str, np.ndarray] = field(default_factory=dict)

    def finding(self, row: int, column: str) -> Finding:
        """Place and text of a cell."""
        name = str(self.places[column][row]) if column in self.places else column
        return Finding(int(self.lines[row]), name, str(self.table[column].iloc[row]))
