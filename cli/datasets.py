"""`forecastkit datasets`: list or write the sample data sets."""

from __future__ import annotations

import click
from forecastkit.cli.help import command
from forecastkit.cli.options import FILE
from forecastkit.cli.output import print_json, text_table


@command(
    "datasets",
    examples=("", "sales > sales.csv"),
)
@click.argument("name", required=False)
@click.option(
    "--output",
    default="-",
    type=FILE,
    metavar="FILE",
    help="CSV file to write [default: standard output].",
)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def run(name: str | None, output: str, as_json: bool) -> None:
    """List the sample data, or write NAME as CSV."""
    import forecastkit as fk

    if name is not None:
        fk.datasets.write(name, output)
        return
    about = fk.datasets.about()
    if as_json:
        print_json(about)
    else:
        click.echo("\n".join(text_table(about, ["name", "series", "rows", "freq", "title"])))
