"""`forecastkit check`: validate a CSV file and report how it is parsed."""

from __future__ import annotations

import sys
from typing import Any

import click
from forecastkit.cli.help import command
from forecastkit.cli.options import (
    FILE,
    READING_ARGUMENTS,
    given_options,
    output_options,
    reading_options,
)
from forecastkit.cli.output import print_json, text_table

EXIT_BAD_DATA = 5


@command(
    "check",
    first=("target_col", "time_col", "id_col"),
    examples=("sales.csv", "sales.csv --target units --json"),
)
@click.argument("file", type=FILE, metavar="FILE.csv")
@reading_options
@output_options
def run(file: str, **options: Any) -> None:
    """Validate FILE.csv: report how it is parsed and every problem with its row."""
    import forecastkit as fk

    report = fk.check_csv(file, **given_options(options, READING_ARGUMENTS))
    if options["as_json"]:
        print_json(report)
    elif not report["problems"]:
        click.echo("\n".join(_report_lines(report)))
    for problem in report["problems"]:
        location = [f"row {problem['row']}"] if problem["row"] else []
        location += [f"column '{problem['column']}'"] if problem["column"] else []
        click.echo(f"{', '.join([report['file'], *location])}: {problem['message']}", err=True)
        if problem["fix"]:
            click.echo(problem["fix"], err=True)
    sys.exit(EXIT_BAD_DATA if report["problems"] else 0)


def _report_lines(report: dict[str, Any]) -> list[str]:
    fields = ("rows", "series", "total", "freq", "start", "end", "missing")
    labels = {"total": "sum of target", "freq": "frequency", "missing": "missing values"}
    rows = [
        {"field": labels.get(name, name), "value": _format_value(report[name])} for name in fields
    ]
    lines = [report["file"], *(f"  {line}" for line in text_table(rows, ["field", "value"])[1:])]
    if report["gaps"]:
        largest = list(report["gaps"].items())[:5]
        counts = ", ".join(f"{name} ({count})" for name, count in largest)
        lines.append(f"Most missing values: {counts}")
    lines.append("Inferred and assumed:")
    lines += [f"  {note['what']}: {note['why']}" for note in report["assumptions"]]
    return [*lines, "No errors found."]


def _format_value(value: Any) -> str:
    if value is None:
        return "too large"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
