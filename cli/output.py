"""Formatting of results: messages on standard error, data on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any

import click

Row = dict[str, Any]
INTERVALS_TITLE = "Prediction intervals of {model} by horizon (width divided as the error in MASE):"
# names of roles in Python, and the options of the command line
_ROLE_OPTIONS = {
    "futr_exog": "--future-exog",
    "hist_exog": "--past-exog",
    "stat_exog": "--static-exog",
}


class Console:
    """Prints messages to standard error, unless quiet."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def print(self, text: str = "") -> None:
        """Print a line."""
        if not self.quiet:
            click.echo(text, err=True)

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines, on a terminal wrapped at its width between words."""
        width = get_terminal_size().columns if sys.stderr.isatty() else None
        for line in lines:
            is_long = width is not None and len(click.unstyle(line)) > width
            wrapped = wrap(line, width or 1, subsequent_indent="  ") if is_long else [line]
            for part in wrapped:
                self.print(part)

    def assumptions(self, notes: Iterable[Row]) -> None:
        """Print inferred settings and assumptions with their reasons."""
        for note in notes:
            self.print(f"  {with_options(note['what'])}: {with_options(note['why'])}")

    def table(self, file: str, table: Any, notes: Iterable[Row] = ()) -> None:
        """Print the size of a table and how it was parsed."""
        self.print(f"{file}: {len(table)} rows, {table['unique_id'].nunique()} series.")
        self.assumptions(notes)

    def scoreboard(self, rows: Sequence[Row], title: str, model: str) -> None:
        """Print scores, best first; `model` is the name of the fitted model."""
        if not rows:
            self.print("No accuracy: the series are too short to hold out a window.")
            return
        self.print(title)
        columns = [name for name in rows[0] if name != "n_series"]
        for line in text_table(rows, columns):
            self.print(f"  {line}")
        if any(row["model"].endswith(" with covariates") for row in rows):
            self.print("  (baselines use no covariates, methods 'with covariates' do)")
        best = rows[0]["model"]
        saved = "" if best == model else f" The saved model is {model}."
        self.print(f"Best on these windows: {best}.{saved}")

    def skill(self, model: str, skills: Iterable[Any]) -> None:
        """Print the model's relative error against each reference method."""
        for skill in skills:
            self.print(f"{model}: {skill}")

    def intervals(self, model: str, rows: Sequence[Row]) -> None:
        """Print coverage and width of the intervals by horizon."""
        if rows:
            self.print(INTERVALS_TITLE.format(model=model))
            for line in text_table(rows, list(rows[0])):
                self.print(f"  {line}")


def with_options(text: str) -> str:
    """Replace the Python names of covariate roles by the options of the command line.

    Examples
    --------
    >>> with_options("column 'price' is a future covariate (futr_exog)")
    "column 'price' is a future covariate (--future-exog)"
    """
    for name, option in _ROLE_OPTIONS.items():
        text = text.replace(name, option)
    return text


def text_table(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """Format rows as aligned text: first column left-aligned, the others right-aligned.

    Examples
    --------
    >>> text_table([{"model": "LSTM", "mase": 0.81}, {"model": "Naive", "mase": None}],
    ...            ["model", "mase"])
    ['model   mase', 'LSTM   0.810', 'Naive      -']
    """
    cells = [list(columns), *([_format_cell(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[k]) for line in cells) for k in range(len(columns))]
    return [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]


def _format_cell(value: Any) -> str:
    if value is None or value != value:  # NaN is not equal to itself
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def rename_columns(table: Any, reading: Row, columns: str) -> Any:
    """Rename the columns of a forecast table to those of its file, unless standard is chosen."""
    from forecastkit.tables.writing import with_file_columns

    return table if columns == "standard" else with_file_columns(table, reading)


def print_json(result: Any) -> None:
    """Print a result as JSON on standard output; NaN and infinite values become null."""
    click.echo(json.dumps(_json_value(result), ensure_ascii=False, allow_nan=False, indent=2))


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if hasattr(value, "isoformat"):
        return str(value).removesuffix(" 00:00:00")
    return value.item() if hasattr(value, "item") else str(value)
