"""`forecastkit predict`: forecast with a model file, without TensorFlow."""

from __future__ import annotations

from typing import Any

import click
from forecastkit.cli.help import command, option
from forecastkit.cli.models import read_new_rows, reading_overrides
from forecastkit.cli.options import (
    FILE,
    columns_option,
    horizon_option,
    level_option,
    output_options,
    plot_option,
    point_option,
    quantiles_option,
    reading_options,
    spreadsheet_option,
)
from forecastkit.cli.output import Console, print_json, rename_columns

from forecastkit.errors import shell_word
from forecastkit.files import check_outputs


@command(
    "predict",
    first=("horizon", "level", "output", "future", "make_future"),
    examples=(
        "",
        "model.safetensors new.csv --horizon 6",
        "--level 80,95 --output forecast.xlsx",
        "--make-future future.csv",
    ),
)
@click.argument("model", type=FILE, default="model.safetensors", metavar="[MODEL]")
@click.argument("file", type=FILE, required=False, metavar="[NEW.csv]")
@click.option(
    "--output",
    default="-",
    type=FILE,
    metavar="FILE",
    help="File to write: .csv, .parquet, .xlsx or .json [default: CSV to standard output].",
)
@click.option(
    "--future",
    type=FILE,
    metavar="FILE.csv",
    help="Future covariates: one row per series and step.",
)
@click.option(
    "--make-future",
    type=FILE,
    metavar="FILE.csv",
    help="Write the rows to fill in for --future; do not forecast.",
)
@option(
    "Output",
    "--total",
    is_flag=True,
    help="Forecast the total over all series and steps, with its intervals.",
)
@spreadsheet_option
@columns_option
@reading_options
@horizon_option
@level_option
@quantiles_option
@point_option
@plot_option
@output_options
def run(
    model: str,
    file: str | None,
    output: str,
    future: str | None,
    make_future: str | None,
    columns: str,
    **options: Any,
) -> None:
    """Forecast with MODEL, after its own data or after the new rows in NEW.csv.

    Options for parsing NEW.csv default to those stored in MODEL, by default model.safetensors.
    """
    import forecastkit as fk
    from forecastkit.tables.writing import check_format, rounded, write_table

    console = Console(options["quiet"])
    check_outputs(
        {"--output": output, "--make-future": make_future, "--plot": options["plot"]},
        {"the model": model, "the input": file, "--future": future},
    )
    for path in {output, make_future} - {None, "-"}:
        check_format(path)
    loaded, table = fk.load(model).standard, None
    if file is not None:
        table = read_new_rows(loaded, file, options)
        console.table(file, table, table.attrs["assumptions"])
    reading = loaded.facts["reading"] if table is None else table.attrs["reading"]
    if make_future:
        future_rows = fk.make_future_dataframe(loaded, table, options["horizon"])
        write_table(rename_columns(future_rows, reading, columns), make_future)
        console.print(_future_hint(make_future))
        return
    futr_df = fk.read_future(future, loaded, **reading_overrides(options)) if future else None
    request = {"df": table, "futr_df": futr_df, "h": options["horizon"]}
    if options["total"]:
        total = fk.aggregate_forecast(loaded, level=options["level"], **request)
        _write(rounded(total, loaded.history["y"].to_numpy()), output, options)
        return
    wanted = {name: options[name] for name in ("level", "quantiles", "point")}
    forecast = loaded.predict(**request, **wanted)
    console.assumptions(forecast.attrs["assumptions"])
    history = loaded.history if table is None else table
    if options["plot"]:
        fk.plot_forecast(history, forecast, options["plot"])
        console.print(f"Plot: {options['plot']}")
    forecast = rounded(forecast, history["y"].to_numpy())
    _write(rename_columns(forecast, reading, columns), output, options)


def _write(table: Any, output: str, options: dict[str, Any]) -> None:
    """Write a table to a file or standard output, as JSON if asked for."""
    from forecastkit.tables.writing import records, write_table

    if output != "-" or not options["as_json"]:
        write_table(table, output, options["spreadsheet_safe"])
    if options["as_json"]:
        print_json(records(table))


def _future_hint(path: str) -> str:
    return f"Fill in {path}, then forecast with --future {shell_word(path)}"
