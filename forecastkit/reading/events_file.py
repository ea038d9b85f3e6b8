"""Custom events from a file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from forecastkit.reading.options import ReadingOptions
from forecastkit.reading.source import read_source
from forecastkit.tables.events import Events, listed_events


def events_of(events: pd.DataFrame | str | Path) -> Events:
    """Days by name, from a table or a CSV file with the columns `date` and `event`.

    Raises
    ------
    UnknownFileError
        If the file does not exist or cannot be read.
    DataError
        If a column is missing, or a row has no valid date or no event; with file and row.
    """
    if isinstance(events, pd.DataFrame):
        return listed_events(events)
    cells = ReadingOptions().cells(read_source(events))
    return listed_events(cells.table.set_axis(cells.lines, axis=0), cells.file)
