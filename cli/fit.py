"""`forecastkit fit`: read, train, score, write the model file."""

from __future__ import annotations

import sys
from typing import Any

import click
from forecastkit.cli.options import (
    READING,
    chosen,
    level_option,
    model_options,
    output_options,
    plot_option,
    reading_options,
)
from forecastkit.cli.output import Talk, print_json

from forecastkit.errors import shell_word
from forecastkit.files import check_outputs

NOT_BETTER = 6


@click.command("fit")
@click.argument("file", metavar="FILE.csv")
@click.option(
    "--output",
    default="model.safetensors",
    show_default=True,
    metavar="FILE",
    help="Model file to write.",
)
@click.option(
    "--require-skill",
    is_flag=True,
    help="Exit with code 6 unless the model beats both naive and seasonal naive.",
)
@click.option(
    "--no-ablation", is_flag=True, help="Do not score the model without its covariates as well."
)
@reading_options
@model_options
@level_option
@plot_option
@output_options
def command(file: str, output: str, require_skill: bool, no_ablation: bool, **options: Any) -> None:
    """Fit a forecaster to FILE.csv, score it against baselines, write a model file."""
    from forecastkit.cli.models import make_forecaster, named_covariates

    import forecastkit as fk

    talk = Talk(options["quiet"])
    check_outputs(
        {"--output": output, "--plot": options["plot"]},
        {"the input": file, "--events": options["events"]},
    )
    covariates = named_covariates(options)
    table = fk.read_csv(file, covariates=covariates, **chosen(options, READING))
    model = make_forecaster(table, options)
    talk.table(file, table)
    model.fit(table, progress=False if options["quiet"] else None, ablation=not no_ablation)
    model.save(output)
    talk.assumptions(model.assumptions)
    board = model.scoreboard.to_dict("records")
    talk.scoreboard(
        board,
        _held_back(**{name: model.facts[name] for name in ("holdout", "n_windows")})
        + " (lower MASE and sMAPE are better; coverage should be 0.80):",
        model.alias or model.name,
    )
    talk.skill(model.alias or model.name, model.skills)
    talk.intervals(model.facts["intervals"])
    missing = model.missing_future
    if options["plot"]:
        fk.plot_forecast(table, model.predict_after(level=options["level"]), options["plot"])
        mean = f" ({', '.join(missing)} set to the mean of their past)" if missing else ""
        talk.say(f"Plot: {options['plot']}{mean}")
    talk.say(f"Model: {output} (horizon {model.h}).")
    for line in _next_steps(output, missing):
        talk.say(line)
    if options["as_json"]:
        print_json(_result(output, model))
    if require_skill and not _has_skill(model.skills):
        talk.say("The model did not beat both the naive and the seasonal naive forecast.")
        sys.exit(NOT_BETTER)


def _next_steps(output: str, missing: list[str]) -> list[str]:
    """Return the commands that follow, which can be pasted."""
    predict = f"forecastkit predict {shell_word(output)}"
    if not missing:
        return [f"Forecast with: {predict}"]
    return [
        f"Create a file of future rows with: {predict} --make-future future.csv",
        f"Fill in {', '.join(missing)}, then forecast with: {predict} --future future.csv",
    ]


def _held_back(holdout: int, n_windows: int) -> str:
    if n_windows == 1:
        return f"Accuracy on the last {_steps(holdout)}, held out"
    return f"Accuracy on the last {n_windows} windows of {_steps(holdout)}, held out"


def _steps(n: int) -> str:
    return f"{n} step{'s' if n > 1 else ''}"


def _result(output: str, model: Any) -> dict[str, Any]:
    return {
        "model": output,
        "horizon": model.h,
        "scoreboard": model.scoreboard.to_dict("records"),
        "skill": [one.to_dict() for one in model.skills],
        "intervals": model.facts["intervals"],
        "assumptions": model.assumptions,
        "facts": model.facts,
    }


def _has_skill(skills: list[Any]) -> bool:
    """Whether the model had less error than the better of naive and seasonal naive.

    The naive forecast is among the rivals where it is the better of the two.
    """
    gains = [one.gain for one in skills if one.against in ("Naive", "SeasonalNaive")]
    return bool(gains) and min(gains) > 0
