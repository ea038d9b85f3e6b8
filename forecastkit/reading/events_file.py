"""Custom events from a table or a file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from forecastkit.reading.options import ReadingOptions
from forecastkit.reading.source import read_source
from forecastkit.tables.events import Events, listed_events


def events_of(events: pd.DataFrame | str | Path) -> Events:
    """Return the dates of each event, from a table or CSV file with columns `date` and `event`.

    Raises
    ------
    UnknownFileError
        If the file does not exist or cannot be read.
    DataError
        If a column is missing, or a row has an invalid date or no event; with file and row.
    """
    if isinstance(events, pd.DataFrame):
        return listed_events(events)
    cells = ReadingOptions().cells(read_source(events))
    return listed_events(cells.table.set_axis(cells.lines, axis=0), cells.file)
