"""Sample data sets of the package; `README.md` in this folder lists sources and licences."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from forecastkit.errors import OptionError
from forecastkit.files import write_whole
from forecastkit.reading.reader import read_csv
from forecastkit.tables.dataset import frequency_of

_FOLDER = Path(__file__).parent
_DATASETS: dict[str, tuple[str, dict[str, str]]] = {
    "air_passengers": ("International airline passengers, thousands, 1949-1960", {}),
    "melbourne_temperature": ("Daily maximum temperature in Melbourne, 1981-1990, two gaps", {}),
    "water_flow": ("Hourly flow through a water pipe in Italy, spring 2022, gaps", {}),
    "sales": (
        "Daily sales of 24 products with price, promotion, holidays (simulated)",
        {"target_col": "units", "time_col": "date", "id_col": "product"},
    ),
}


def names() -> list[str]:
    """Return the names of the data sets.

    Examples
    --------
    >>> names()
    ['air_passengers', 'melbourne_temperature', 'water_flow', 'sales']
    """
    return list(_DATASETS)


def path(name: str) -> Path:
    """Return the path of a data set's CSV file.

    Raises
    ------
    OptionError
        If there is no data set of this name.
    """
    if name not in _DATASETS:
        close = difflib.get_close_matches(name, _DATASETS, n=1)
        raise OptionError(
            f"There is no data set '{name}'; there are: {', '.join(_DATASETS)}.",
            value=name,
            fix=f"Did you mean '{close[0]}'?" if close else None,
        )
    return _FOLDER / f"{name}.csv"


def load(name: str) -> pd.DataFrame:
    """Return a data set as a series table.

    Parameters
    ----------
    name : str
        One of `names()`.

    Examples
    --------
    >>> load("air_passengers")["y"].head(3).tolist()
    [112.0, 118.0, 132.0]
    """
    return read_csv(path(name), **_DATASETS[name][1])  # type: ignore[arg-type]


def write(name: str, output: str | Path) -> None:
    """Write a data set as a CSV file; "-" writes to standard output."""
    text = path(name).read_text(encoding="utf-8")
    if str(output) == "-":
        sys.stdout.write(text)
        return
    write_whole(output, text.encode())


def about() -> list[dict[str, Any]]:
    """Return name, title, frequency, number of series and of rows of every data set."""
    summaries = []
    for name, (title, _) in _DATASETS.items():
        table = load(name)
        summaries.append(
            {
                "name": name,
                "title": title,
                "freq": frequency_of(table).alias,
                "series": int(table["unique_id"].nunique()),
                "rows": len(table),
            }
        )
    return summaries
