"""`forecastkit datasets`: list or write the sample data sets."""

from __future__ import annotations

import click
from forecastkit.cli.output import print_json, text_table


@click.command("datasets")
@click.argument("name", required=False)
@click.option(
    "--output", default="-", metavar="FILE", help="CSV file to write [default: standard output]."
)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def command(name: str | None, output: str, as_json: bool) -> None:
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
