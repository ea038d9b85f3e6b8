"""`forecastkit fit`: read a file, fit a forecaster, score it, write the model file."""

from __future__ import annotations

import sys
from typing import Any

import click
from forecastkit.cli.help import command, option
from forecastkit.cli.options import (
    FILE,
    READING_ARGUMENTS,
    given_options,
    level_option,
    model_options,
    output_options,
    plot_option,
    reading_options,
)
from forecastkit.cli.output import Console, print_json
from forecastkit.cli.report import (
    accuracy_lines,
    column_lines,
    data_line,
    emphasised,
    forecast_lines,
    important,
)

from forecastkit.errors import shell_word
from forecastkit.files import check_outputs

EXIT_NO_SKILL = 6
_UNITS = "(lower MASE and sMAPE are better; sMAPE in %, 0 to 200; coverage should be 0.80)"


@command(
    "fit",
    first=("target_col", "horizon", "futr_exog", "preset", "output"),
    examples=(
        "sales.csv",
        "sales.csv --target units --horizon 14 --preset fast",
        "sales.csv --future-exog price,promo --holidays US",
        "sales.csv --time-limit 60 --output sales.safetensors",
    ),
)
@click.argument("file", type=FILE, metavar="FILE.csv")
@click.option(
    "--output",
    default="model.safetensors",
    show_default=True,
    type=FILE,
    metavar="FILE",
    help="Model file to write.",
)
@click.option(
    "--require-skill",
    is_flag=True,
    help="Exit with code 6 unless the model has a lower MASE on the held-out windows than both the "
    "naive and the seasonal naive forecast.",
)
@click.option(
    "--no-ablation",
    is_flag=True,
    help="Skip the comparison with the same model without covariates.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End the fit after this time, with the best model so far.",
)
@option("Output", "--verbose", is_flag=True, help="Print all settings, scores and intervals.")
@reading_options
@model_options
@level_option
@plot_option
@output_options
def run(file: str, output: str, require_skill: bool, no_ablation: bool, **options: Any) -> None:
    """Fit a forecaster to FILE.csv, score it against baselines, write a model file."""
    from forecastkit.cli.models import make_forecaster, named_covariates

    import forecastkit as fk

    console = Console(options["quiet"])
    check_outputs(
        {"--output": output, "--plot": options["plot"]},
        {"the input": file, "--events": options["events"]},
    )
    covariates = named_covariates(options)
    table = fk.read_csv(file, covariates=covariates, **given_options(options, READING_ARGUMENTS))
    model = make_forecaster(table, options)
    if options["verbose"]:
        console.table(file, table)
    settings = {"ablation": not no_ablation, "time_limit": options["time_limit"]}
    model.fit(table, progress=False if options["quiet"] else None, **settings)
    model.save(output)
    _report(console, file, table, model, options["verbose"])
    missing = model.missing_future
    if options["plot"]:
        fk.plot_forecast(table, model.predict_after(level=options["level"]), options["plot"])
        imputed = f" ({', '.join(missing)} set to the mean of their past)" if missing else ""
        console.print(f"Plot: {options['plot']}{imputed}")
    console.print(f"Model: {output} (horizon {model.h}).")
    for line in _next_steps(output, missing):
        console.print(line)
    if options["as_json"]:
        print_json(_json_result(output, model))
    if require_skill and not _has_skill(model.skills):
        console.print(
            "The MASE is not below that of both the naive and the seasonal naive forecast."
        )
        sys.exit(EXIT_NO_SKILL)


def _report(console: Console, file: str, table: Any, model: Any, verbose: bool) -> None:
    """Print what was read, the forecast and the accuracy; with `verbose`, all of the details."""
    import forecastkit as fk

    alias, facts = model.alias or model.name, model.facts
    title = _holdout_title(facts["holdout"], facts["n_windows"])
    short_title = title.replace(", of a model fitted without them", ", held out")
    board = model.scoreboard.to_dict("records")
    if verbose:
        console.assumptions(model.assumptions)
        console.scoreboard(board, f"{title}:\n  {_UNITS}", alias)
        console.skill(alias, model.skills)
        console.intervals(alias, facts["intervals"])
        return
    frequency = model.model_.history.index.frequency.alias
    console.print(data_line(file, table, facts, frequency))
    console.lines(column_lines(facts))
    console.lines(important(model.assumptions))
    forecast = model.predict_after(level=[80])
    if model.missing_future:
        console.print(f"({', '.join(model.missing_future)} at the mean of the past:)")
    groups = (None, "unique_id")[: 1 + (forecast["unique_id"].nunique() > 1)]
    totals = [
        row
        for by in groups
        for row in fk.aggregate_forecast(model, by=by, level=80, impute=True).to_dict("records")
    ]
    console.lines(forecast_lines(totals, forecast, alias, sys.stderr.isatty()))
    lines = accuracy_lines(board, model.skills, alias, short_title, fk.BASELINES)
    console.lines(emphasised(lines, "(your model)"))
    n = len(model.assumptions)
    console.print(
        f"{n} settings were inferred; they are stored in the model, --verbose lists them."
    )


def _next_steps(output: str, missing: list[str]) -> list[str]:
    """Return hints on the next commands, quoted for the shell."""
    predict = f"forecastkit predict {shell_word(output)}"
    if not missing:
        return [f"Forecast with: {predict}"]
    return [
        f"Create a file of future rows with: {predict} --make-future future.csv",
        f"Fill in {', '.join(missing)}, then forecast with: {predict} --future future.csv",
    ]


def _holdout_title(holdout: int, n_windows: int) -> str:
    if n_windows == 1:
        return f"Accuracy on the last {_step_count(holdout)}, of a model fitted without them"
    windows = f"the last {n_windows} windows of {_step_count(holdout)}"
    return f"Accuracy on {windows}, of a model fitted without them"


def _step_count(n: int) -> str:
    return f"{n} step{'s' if n > 1 else ''}"


def _json_result(output: str, model: Any) -> dict[str, Any]:
    return {
        "model": output,
        "horizon": model.h,
        "scoreboard": model.scoreboard.to_dict("records"),
        "skill": [skill.to_dict() for skill in model.skills],
        "intervals": model.facts["intervals"],
        "assumptions": model.assumptions,
        "facts": model.facts,
    }


def _has_skill(skills: list[Any]) -> bool:
    """Whether the model has a lower error than the naive and the seasonal naive forecast."""
    gains = {skill.against: skill.gain for skill in skills}
    seasonal = gains.get("SeasonalNaive", -1.0)  # there is no comparison with a perfect forecast
    return bool(seasonal > 0 and gains.get("Naive", seasonal) > 0)
