"""How results look: text for people on standard error, data on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

Row = dict[str, Any]


class Talk:
    """Says things on standard error, unless it is to be quiet."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def say(self, text: str = "") -> None:
        """Print a line."""
        if not self.quiet:
            click.echo(text, err=True)

    def assumptions(self, notes: Iterable[Row]) -> None:
        """Print what was found or assumed, and why."""
        for note in notes:
            self.say(f"  {note['what']}: {note['why']}")

    def table(self, file: str, table: Any, notes: Iterable[Row] = ()) -> None:
        """Print the size of a table, and how it was read."""
        self.say(f"{file}: {len(table)} rows, {table['unique_id'].nunique()} series.")
        self.assumptions(notes)

    def scoreboard(self, rows: Sequence[Row], title: str, model: str) -> None:
        """Print scores, best first; `model` names the one that was fitted."""
        if not rows:
            self.say("No accuracy: the series are too short to hold out a window.")
            return
        self.say(title)
        columns = [name for name in rows[0] if name != "n_series"]
        for line in text_table(rows, columns):
            self.say(f"  {line}")
        best = rows[0]["model"]
        own = "" if best == model else f" The saved model is {model}."
        self.say(f"Best on these windows: {best}.{own}")

    def skill(self, model: str, skills: Iterable[Any]) -> None:
        """Print by how much the model beat its rivals."""
        for one in skills:
            self.say(f"{model}: {one}")

    def intervals(self, rows: Sequence[Row]) -> None:
        """Print coverage and width of the intervals by horizon."""
        if rows:
            self.say(
                "Prediction intervals by horizon (width in units of the seasonal naive error):"
            )
            for line in text_table(rows, list(rows[0])):
                self.say(f"  {line}")


def text_table(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """Lay out rows as aligned text, the first column to the left, numbers to the right.

    Examples
    --------
    >>> text_table([{"model": "LSTM", "mase": 0.81}, {"model": "Naive", "mase": None}],
    ...            ["model", "mase"])
    ['model   mase', 'LSTM   0.810', 'Naive      -']
    """
    cells = [list(columns), *([_cell(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[k]) for line in cells) for k in range(len(columns))]
    return [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]


def _cell(value: Any) -> str:
    if value is None or value != value:  # NaN is not equal to itself
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def named_columns(table: Any, reading: Row, columns: str) -> Any:
    """Give a forecast table the column names of its file, or the standard ones."""
    from forecastkit.tables.writing import with_file_columns

    return table if columns == "standard" else with_file_columns(table, reading)


def print_json(result: Any) -> None:
    """Print a result as JSON on standard output; what is undefined is null."""
    click.echo(json.dumps(_plain(result), ensure_ascii=False, allow_nan=False, indent=2))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if hasattr(value, "isoformat"):
        return str(value).removesuffix(" 00:00:00")
    return value.item() if hasattr(value, "item") else str(value)
