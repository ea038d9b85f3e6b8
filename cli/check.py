"""`forecastkit check`: what was understood of a file, and what is wrong with it."""

from __future__ import annotations

import sys
from typing import Any

import click
from forecastkit.cli.options import READING, chosen, output_options, reading_options
from forecastkit.cli.output import print_json, text_table

BAD_DATA = 5


@click.command("check")
@click.argument("file", metavar="FILE.csv")
@reading_options
@output_options
def command(file: str, **options: Any) -> None:
    """Validate FILE.csv: report how it is parsed and every problem with its row."""
    import forecastkit as fk

    report = fk.check_csv(file, **chosen(options, READING))
    if options["as_json"]:
        print_json(report)
    elif not report["problems"]:
        click.echo("\n".join(_lines(report)))
    for problem in report["problems"]:
        place = [f"row {problem['row']}"] if problem["row"] else []
        place += [f"column '{problem['column']}'"] if problem["column"] else []
        click.echo(f"{', '.join([report['file'], *place])}: {problem['message']}", err=True)
        if problem["fix"]:
            click.echo(problem["fix"], err=True)
    sys.exit(BAD_DATA if report["problems"] else 0)


def _lines(report: dict[str, Any]) -> list[str]:
    facts = ("rows", "series", "total", "freq", "start", "end", "missing")
    rows = [{"fact": name, "value": _shown(report[name])} for name in facts]
    lines = [report["file"], *(f"  {line}" for line in text_table(rows, ["fact", "value"])[1:])]
    if report["gaps"]:
        worst = ", ".join(f"{name} ({count})" for name, count in list(report["gaps"].items())[:5])
        lines.append(f"Most missing values: {worst}")
    lines.append("Assumptions:")
    lines += [f"  {note['what']}: {note['why']}" for note in report["assumptions"]]
    return [*lines, "No problems found."]


def _shown(value: Any) -> str:
    if value is None:
        return "too large"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
