"""Plots of forecasts, covariate effects and the sensitivity of a network."""

from __future__ import annotations

from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, MissingPackageError, OptionError
from forecastkit.files import check_writable, write_whole
from forecastkit.tables.dataset import to_dataset
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y, check_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HISTORY = "#4d4d4d"
_COLOURS = ("#0b6fb8", "#d1495b", "#2e8b57", "#8e6bbf", "#c98a12", "#5b7a8c")
_MAX_PANELS = 12
# length of the plotted history, in multiples of the horizon
_HISTORY_HORIZONS = 5


def plot_forecast(
    history: pd.DataFrame,
    forecast: pd.DataFrame,
    path: str | Path | None = None,
    models: list[str] | None = None,
) -> Figure:
    """Plot history, forecasts and intervals, one panel per series.

    Parameters
    ----------
    history : DataFrame
        A series table.
    forecast : DataFrame
        A forecast table, or a backtest table with `cutoff` and `y`.
    path : str or Path, optional
        Image file to write (.png, .svg or .pdf).
    models : list of str, optional
        Columns to plot; all models by default. Intervals are shaded for the first.

    Returns
    -------
    matplotlib.figure.Figure
        Of the first 12 series.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    """
    figure_class = _figure_class()
    ids = list(dict.fromkeys(forecast[UNIQUE_ID]))
    plotted = ids[:_MAX_PANELS]
    columns = 1 if len(plotted) == 1 else 2 if len(plotted) <= 4 else 3
    rows = -(-len(plotted) // columns)
    figure = figure_class(figsize=(10.0 if columns < 3 else 13.0, 1.0 + 2.6 * max(rows, 1.5)))
    figure.set_layout_engine("constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, series in zip(grid.flat, plotted, strict=False):
        past = history[history[UNIQUE_ID] == series]
        _panel(axes, past, forecast[forecast[UNIQUE_ID] == series], models)
        axes.set_title(str(series), loc="left", fontsize=10)
    for axes in list(grid.flat)[len(plotted) :]:
        axes.set_axis_off()
    handles, labels = grid.flat[0].get_legend_handles_labels()
    columns = min(len(labels), 5 if columns < 3 else 8)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    if len(ids) > len(plotted):
        title = f"first {len(plotted)} of {len(ids)} series"
        figure.suptitle(title, fontsize=10, x=0.99, ha="right")
    return _saved(figure, path)


def plot_effects(curves: pd.DataFrame, path: str | Path | None = None) -> Figure:
    """Plot the effect of each covariate, from its low to its high value, in percent.

    Parameters
    ----------
    curves : DataFrame
        As returned by `forecastkit.effect_curves`.
    path : str or Path, optional
        Image file to write (.png, .svg or .pdf).

    Returns
    -------
    matplotlib.figure.Figure
        One bar per covariate, the 12 largest effects in descending order.
    """
    figure = _figure_class()(figsize=(8.0, 1.2 + 0.45 * max(min(len(curves), _MAX_PANELS), 2)))
    figure.set_layout_engine("constrained")
    _bars(figure.subplots(), curves)
    return _saved(figure, path)


def plot_diagnosis(
    gradient: pd.DataFrame, curves: pd.DataFrame | None = None, path: str | Path | None = None
) -> Figure:
    """Plot the sensitivity of a network to past values, and the effects of covariates.

    Parameters
    ----------
    gradient : DataFrame
        Columns `lag` and `gradient`, as in `forecastkit.diagnose(model).gradient`.
    curves : DataFrame, optional
        As returned by `forecastkit.effect_curves`; plotted in a second panel unless empty.
    path : str or Path, optional
        Image file to write (.png, .svg or .pdf).

    Returns
    -------
    matplotlib.figure.Figure
    """
    n_bars = 0 if curves is None else min(len(curves), _MAX_PANELS)
    bars_height = 0.8 + 0.45 * max(n_bars, 2) if n_bars else 0.0
    figure = _figure_class()(figsize=(8.0, 3.2 + bars_height))
    figure.set_layout_engine("constrained")
    ratios = [3.2, bars_height] if n_bars else [1.0]
    axes = figure.subplots(len(ratios), 1, squeeze=False, height_ratios=ratios)[:, 0]
    axes[0].plot(gradient["lag"], gradient["gradient"], color=_COLOURS[0], linewidth=1.5)
    axes[0].fill_between(gradient["lag"], gradient["gradient"], color=_COLOURS[0], alpha=0.15)
    axes[0].set_title("Sensitivity of the forecast to past values", loc="left", fontsize=10)
    axes[0].set_xlabel("lag, steps before the forecast")
    axes[0].set_ylabel("mean absolute gradient")
    axes[0].set_ylim(bottom=0)
    axes[0].spines[["top", "right"]].set_visible(False)
    if n_bars and curves is not None:
        _bars(axes[1], curves)
    return _saved(figure, path)


def _bars(axes: Axes, curves: pd.DataFrame) -> None:
    """Plot the largest effects as horizontal bars, in descending order."""
    order = curves["change"].abs().sort_values(ascending=False).index
    largest = curves.reindex(order).head(_MAX_PANELS).iloc[::-1]
    labels = [
        f"{row.covariate} from {row.low:.3g} to {row.high:.3g}"
        for row in largest.itertuples(index=False)
    ]
    colours = [_COLOURS[1] if change < 0 else _COLOURS[0] for change in largest["change"]]
    axes.barh(labels, largest["change"], color=colours)
    axes.axvline(0, color=_HISTORY, linewidth=0.8)
    axes.set_xlabel("change of the forecast, %")
    axes.spines[["top", "right"]].set_visible(False)


def _saved(figure: Figure, path: str | Path | None) -> Figure:
    """Write a figure to a file, if there is a path, and return it."""
    if path is not None:
        buffer = BytesIO()
        figure.savefig(buffer, dpi=120, format=check_picture(path))
        write_whole(path, buffer.getvalue())
    return figure


def check_picture(path: str | Path) -> str:
    """Return the image format of a path after checking that it can be written.

    Raises
    ------
    OptionError
        If the file extension is not .png, .svg or .pdf.
    WriteError
        If the file cannot be written.

    Examples
    --------
    >>> check_picture("forecast.png")
    'png'
    """
    image_format = Path(path).suffix.lower().removeprefix(".")
    if image_format not in ("png", "svg", "pdf"):
        raise OptionError(
            f"'{path}' does not end in .png, .svg or .pdf.",
            value=str(path),
            fix="Use one of these.",
        )
    check_writable(path)
    return image_format


def model_columns(forecast: pd.DataFrame) -> list[str]:
    """Return the columns of point forecasts in a forecast or backtest table.

    Examples
    --------
    >>> model_columns(pd.DataFrame(columns=["unique_id", "ds", "LSTM", "LSTM-lo-80", "LSTM-hi-80"]))
    ['LSTM']
    """
    keys = (UNIQUE_ID, DS, CUTOFF, Y)
    marks = ("-lo-", "-hi-", "-q-")
    return [n for n in forecast.columns if n not in keys and not any(mark in n for mark in marks)]


def _figure_class() -> type[Figure]:
    """Matplotlib's `Figure`, imported on first use."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError(
            "Plots need matplotlib, which is not installed.", fix="pip install matplotlib"
        ) from error
    return Figure


def _panel(
    axes: Axes, past: pd.DataFrame, forecast: pd.DataFrame, models: list[str] | None
) -> None:
    """Plot one series: history, one line per model and window, shaded intervals."""
    models = models or model_columns(forecast)
    windows = (
        [part for _, part in forecast.groupby(CUTOFF)] if CUTOFF in forecast.columns else [forecast]
    )
    past = _with_gaps(past).tail(len(forecast) + _HISTORY_HORIZONS * len(windows[0]))
    axes.plot(past[DS], past[Y], color=_HISTORY, linewidth=1.1, label="history")
    for k, window in enumerate(windows):
        is_first = k == 0
        _shade(axes, window, models[0], is_first)
        for colour, model in zip(cycle(_COLOURS), models, strict=False):
            joined = _joined(past, window, model)
            axes.plot(
                joined[DS],
                joined[model],
                color=colour,
                linewidth=1.5 if model == models[0] else 1.0,
                alpha=1.0 if model == models[0] else 0.7,
                label=model if is_first else None,
            )
        if CUTOFF in window.columns:
            axes.axvline(window[CUTOFF].iloc[0], color="#bbbbbb", linewidth=0.8, linestyle=":")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    if pd.api.types.is_datetime64_any_dtype(past[DS]):
        _date_ticks(axes)


def _with_gaps(past: pd.DataFrame) -> pd.DataFrame:
    """History with one row per period, so that the line breaks at missing values."""
    past = past[[UNIQUE_ID, DS, Y]]
    try:
        data = to_dataset(check_table(past))
    except DataError:  # no frequency: too few rows, or irregular timestamps
        return past[[DS, Y]].dropna()
    return data.periods()[[DS]].astype({DS: past[DS].dtype}).assign(**{Y: data.panel.values})


def _date_ticks(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _joined(past: pd.DataFrame, window: pd.DataFrame, model: str) -> pd.DataFrame:
    """Forecast preceded by the last observed value, so that the lines are connected."""
    before = past[past[DS] < window[DS].iloc[0]].dropna().tail(1)
    return pd.concat([before.rename(columns={Y: model})[[DS, model]], window[[DS, model]]])


def _shade(axes: Axes, window: pd.DataFrame, model: str, labelled: bool) -> None:
    """Shade the prediction intervals of a model, wider ones lighter."""
    prefix = f"{model}-lo-"
    levels = sorted((n[len(prefix) :] for n in window.columns if n.startswith(prefix)), key=float)
    for alpha, level in zip(np.linspace(0.28, 0.14, len(levels)), levels, strict=True):
        bounds: list[Any] = [window[f"{model}-{side}-{level}"] for side in ("lo", "hi")]
        axes.fill_between(
            window[DS],
            *bounds,
            color=_COLOURS[0],
            alpha=float(alpha),
            linewidth=0,
            label=f"{level} % interval" if labelled else None,
        )
