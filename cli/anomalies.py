"""`forecastkit anomalies`: observations outside the interval forecast one step ahead."""

from __future__ import annotations

from typing import Any

import click
from forecastkit.cli.help import command, option
from forecastkit.cli.models import read_new_rows
from forecastkit.cli.options import (
    FILE,
    Level,
    columns_option,
    output_options,
    reading_options,
)
from forecastkit.cli.output import Console, print_json, rename_columns

from forecastkit.files import check_outputs


@command(
    "anomalies",
    first=("level", "every_row", "output"),
    examples=("", "model.safetensors new.csv --level 99.9", "--output anomalies.csv"),
)
@click.argument("model", type=FILE, default="model.safetensors", metavar="[MODEL]")
@click.argument("file", type=FILE, required=False, metavar="[NEW.csv]")
@option(None, "--level", type=Level(), default=99.0, show_default=True, help="Level in percent.")
@option(None, "--every-row", is_flag=True, help="Write all observations, not only anomalies.")
@option(
    None,
    "--output",
    type=FILE,
    default="-",
    metavar="FILE",
    help="File to write: .csv, .parquet, .xlsx or .json [default: CSV to standard output].",
)
@columns_option
@reading_options
@output_options
def run(model: str, file: str | None, output: str, columns: str, **options: Any) -> None:
    """Find observations of MODEL's data, or of NEW.csv, outside their one-step-ahead interval."""
    import forecastkit as fk
    from forecastkit.tables.writing import check_format, records, rounded, write_table

    console = Console(options["quiet"])
    check_outputs({"--output": output}, {"the model": model, "the input": file})
    for path in {output} - {"-"}:
        check_format(path)
    loaded, table = fk.load(model).standard, None
    if file is not None:
        table = read_new_rows(loaded, file, options)
    reading = loaded.facts["reading"] if table is None else table.attrs["reading"]
    found = fk.detect_anomalies(loaded, table, level=options["level"])
    n = int(found["anomaly"].sum())
    expected = (1 - options["level"] / 100) * len(found)
    console.print(
        f"{n} of {len(found)} observations are outside their {options['level']:g} % interval "
        f"(about {expected:.0f} would be by chance)."
    )
    kept = found if options["every_row"] else found[found["anomaly"]].drop(columns="anomaly")
    kept = rename_columns(rounded(kept, found["y"].to_numpy()), reading, columns)
    if output != "-" or not options["as_json"]:
        write_table(kept, output)
    if options["as_json"]:
        print_json(records(kept))
