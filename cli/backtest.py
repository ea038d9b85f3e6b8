"""`forecastkit backtest`: evaluate the model and the baselines on rolling origins."""

from __future__ import annotations

from typing import Any

import click
from forecastkit.cli.help import command
from forecastkit.cli.options import (
    FILE,
    READING_ARGUMENTS,
    columns_option,
    given_options,
    level_option,
    model_options,
    output_options,
    plot_option,
    reading_options,
    spreadsheet_option,
)
from forecastkit.cli.output import Console, print_json, rename_columns, text_table

from forecastkit.files import check_outputs

METRICS = ("mase", "rmsse", "smape", "mae", "rmse", "coverage")


@command(
    "backtest",
    first=("target_col", "horizon", "n_windows", "futr_exog", "preset"),
    examples=("sales.csv", "sales.csv --n-windows 8 --step-size 7 --plot backtest.png"),
)
@click.argument("file", type=FILE, metavar="FILE.csv")
@click.option(
    "--n-windows",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Number of validation windows.",
)
@click.option(
    "--step-size",
    type=click.IntRange(min=1),
    help="Steps from one window to the next [default: horizon].",
)
@click.option(
    "--refit", is_flag=True, help="Fit again before every window, not only before the first."
)
@click.option(
    "--output",
    type=FILE,
    metavar="FILE",
    help="Write the forecasts of all windows (.csv, .parquet, .xlsx or .json).",
)
@spreadsheet_option
@columns_option
@reading_options
@model_options
@level_option
@plot_option
@output_options
def run(
    file: str,
    n_windows: int,
    step_size: int | None,
    refit: bool,
    output: str | None,
    columns: str,
    **options: Any,
) -> None:
    """Forecast the last windows of FILE.csv from the data before each of them, and score."""
    from forecastkit.cli.models import make_forecaster, named_covariates

    import forecastkit as fk
    from forecastkit.tables.writing import check_format, rounded, write_table

    console = Console(options["quiet"])
    check_outputs(
        {"--output": output, "--plot": options["plot"]},
        {"the input": file, "--events": options["events"]},
    )
    if output:
        check_format(output)
    covariates = named_covariates(options)
    table = fk.read_csv(file, covariates=covariates, **given_options(options, READING_ARGUMENTS))
    model = make_forecaster(table, options)
    console.table(file, table, table.attrs["assumptions"])
    season = min(options["season_length"], default=None)
    baselines = [fk.Baseline(name, model.h, season, model.freq) for name in fk.BASELINES]
    cv = fk.cross_validation(
        [model, *baselines], table, n_windows, step_size, refit, list(options["level"])
    )
    scores = fk.mean_scores(
        fk.evaluate(cv, METRICS, train_df=table, season_length=season, freq=model.freq)
    )
    if options["plot"]:
        fk.plot_forecast(table, cv, options["plot"])
        console.print(f"Plot: {options['plot']}")
    if output:
        cv = rename_columns(rounded(cv, table["y"].to_numpy()), table.attrs["reading"], columns)
        write_table(cv, output, options["spreadsheet_safe"])
    console.print(_title(n_windows, model.h, refit))
    if options["as_json"]:
        print_json({"n_windows": n_windows, "horizon": model.h, "scores": scores})
    else:
        click.echo("\n".join(text_table(scores, list(scores[0]))))


def _title(n_windows: int, h: int, refit: bool) -> str:
    schedule = "before every window" if refit else "once, before the first window"
    return f"{n_windows} windows of {h} steps; fitted {schedule}. Mean over the series:"
