"""Alignment of timestamps with jitter to a frequency."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.notes import Note
from forecastkit.tables.frame import DS, UNIQUE_ID
from forecastkit.tables.frequency import Frequency, parse_frequency
from forecastkit.tables.index import aligned
from forecastkit.tables.jitter import MAX_JITTER, deviations, duration, nominal_interval


def align_timestamps(
    table: pd.DataFrame, freq: str | int | Frequency | None, file: str
) -> tuple[pd.DataFrame, list[Note]]:
    """Move each timestamp to the nearest one that matches the frequency.

    Parameters
    ----------
    table : DataFrame
        With `unique_id` and `ds`, sorted.
    freq : str, int or Frequency, optional
        Inferred from the timestamps by default. With a frequency of months, quarters or years,
        each timestamp moves to that of its period.
    file : str
        Name of the file, for messages.

    Returns
    -------
    table : DataFrame
    notes : list of Note

    Raises
    ------
    DataError
        If a timestamp deviates by more than a tenth of a step.
    """
    ds = table[DS]
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return table, []
    zone = getattr(ds.dtype, "tz", None)
    timestamps = (ds.dt.tz_localize(None) if zone else ds).to_numpy("datetime64[ns]")
    codes = table[UNIQUE_ID].ne(table[UNIQUE_ID].shift()).cumsum().to_numpy()
    frequency = parse_frequency(freq) if isinstance(freq, str | int) else freq
    if frequency is not None and frequency.kind == "month":
        anchored = aligned(frequency, timestamps)
        nearest = anchored.timestamps(anchored.ordinals(timestamps))
        target = f"frequency {anchored.alias}"
    else:
        step = frequency.step if frequency is not None and frequency.kind == "fixed" else None
        step = step or nominal_interval(timestamps, codes)
        if step is None or (np.abs(deviations(timestamps, step)) > MAX_JITTER * step).any():
            raise DataError(
                "The timestamps are too irregular to be aligned: some are off by more than a tenth "
                "of a step.",
                file=file,
                fix="Aggregate to regular periods first.",
            )
        nearest = timestamps - deviations(timestamps, step).astype("timedelta64[ns]")
        target = f"an interval of {duration(step)}"
    shifts = np.abs((nearest - timestamps).astype(np.int64))
    if not shifts.any():
        return table, []
    n, largest = int((shifts > 0).sum()), duration(int(shifts.max()))
    note = Note(
        f"{n} timestamp{'s' * (n > 1)} aligned to {target}, by up to {largest}", "snap=True"
    )
    result = pd.Series(nearest, index=table.index)
    return table.assign(**{DS: result.dt.tz_localize(zone) if zone else result}), [note]
