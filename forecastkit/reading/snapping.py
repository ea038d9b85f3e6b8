"""Timestamps that are a little off a regular grid, moved onto it on request."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.notes import Note
from forecastkit.tables.clocks import MAX_OFFSET, duration, off_clock, usual_step
from forecastkit.tables.frame import DS, UNIQUE_ID
from forecastkit.tables.frequency import Frequency, parse_frequency
from forecastkit.tables.index import aligned


def snapped(
    table: pd.DataFrame, freq: str | int | Frequency | None, file: str
) -> tuple[pd.DataFrame, list[Note]]:
    """Move timestamps onto the grid that they are a little off.

    Parameters
    ----------
    table : DataFrame
        With `unique_id` and `ds`, sorted.
    freq : str, int or Frequency, optional
        The grid; found from the timestamps when left out. With steps of months each timestamp
        moves to the one of its month, quarter or year.
    file : str

    Raises
    ------
    DataError
        If a timestamp is farther from the grid than a tenth of a step.
    """
    ds = table[DS]
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return table, []
    zone = getattr(ds.dtype, "tz", None)
    moments = (ds.dt.tz_localize(None) if zone else ds).to_numpy("datetime64[ns]")
    codes = table[UNIQUE_ID].ne(table[UNIQUE_ID].shift()).cumsum().to_numpy()
    given = parse_frequency(freq) if isinstance(freq, str | int) else freq
    if given is not None and given.kind == "month":
        grid = aligned(given, moments)
        moved = grid.timestamps(grid.ordinals(moments))
        what = f"frequency {grid.alias}"
    else:
        step = given.step if given is not None and given.kind == "fixed" else None
        step = step or usual_step(moments, codes)
        if step is None or (np.abs(off_clock(moments, step)) > MAX_OFFSET * step).any():
            raise DataError(
                "The timestamps are too irregular to be aligned: some are off by more than a tenth "
                "of a step.",
                file=file,
                fix="Aggregate to regular periods first.",
            )
        moved = moments - off_clock(moments, step).astype("timedelta64[ns]")
        what = f"an interval of {duration(step)}"
    far = np.abs((moved - moments).astype(np.int64))
    if not far.any():
        return table, []
    n, most = int((far > 0).sum()), duration(int(far.max()))
    note = Note(f"{n} timestamp{'s' * (n > 1)} aligned to {what}, by up to {most}", "snap=True")
    shown = pd.Series(moved, index=table.index)
    return table.assign(**{DS: shown.dt.tz_localize(zone) if zone else shown}), [note]
