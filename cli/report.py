"""What a fit prints: data, forecast, accuracy and the next command, in about 15 lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from forecastkit.cli.output import Row, text_table, with_options

from forecastkit.errors import shell_word

# words of the assumptions that a fit prints without --verbose
_IMPORTANT = (
    *("no value", "dropped", "left out", "leaks", "combined", "without training", "time limit"),
    *("no regression", "without statistical"),
)
_BARS = "▁▂▃▄▅▆▇█"
_MAX_SERIES = 4
_ROLES = {"hist_exog": "known for the past only", "futr_exog": "known in advance"}
_FREQUENCIES = {
    "D": "daily",
    "h": "hourly",
    "MS": "monthly",
    "ME": "monthly",
    "QS": "quarterly",
    "QE": "quarterly",
    "YS": "yearly",
    "YE": "yearly",
    "B": "business days",
}


def data_line(file: str, table: Any, facts: Row, alias: str) -> str:
    """Describe the data: rows, series, frequency and time span."""
    n = table["unique_id"].nunique()
    span = f"{day(table['ds'].min())} to {day(facts.get('end') or table['ds'].max())}"
    frequency = _FREQUENCIES.get(alias, "weekly" if alias.startswith("W") else f"every {alias}")
    return f"{file}: {len(table):,} rows, {n:,} series, {frequency}, {span}."


def column_lines(facts: Row) -> list[str]:
    """Name the columns and their roles, and those that should be known in advance."""
    reading = facts.get("reading", {})
    roles = {"time": reading.get("time_col"), "id": reading.get("id_col")}
    roles["target"] = reading.get("target_col")
    named = [f"{role} {_quoted(names)}" for role, names in roles.items() if names]
    for role, meaning in _ROLES.items():
        columns = [
            column["name"]
            for column in facts.get("covariates", [])
            if column["role"] == role and not column.get("dates") and not column.get("cycle")
        ]
        if columns:
            named.append(f"{meaning} {_quoted(columns)}")
    lines = [f"Columns: {', '.join(named)}."] if named else []
    proposal = facts.get("proposal")
    if proposal:
        columns = ",".join(proposal["columns"])
        lines.append(
            f"If {_quoted(proposal['columns'], ' and ')} can be known in advance, the error would "
            f"be about {proposal['gain']:.0f} % lower: --future-exog {shell_word(columns)}"
        )
    return lines


def important(notes: Sequence[Row]) -> list[str]:
    """Assumptions that change the data or the result, and that nobody would expect."""
    found = [note for note in notes if any(word in note["what"] for word in _IMPORTANT)]
    return [f"Note: {with_options(note['what'])} ({with_options(note['why'])})" for note in found]


def _quoted(names: str | Sequence[str], joint: str = ", ") -> str:
    names = [names] if isinstance(names, str) else list(names)
    shown = joint.join(f"'{name}'" for name in names[:6])
    return shown + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def forecast_lines(totals: Sequence[Row], forecast: Any, alias: str, sparklines: bool) -> list[str]:
    """Total over the horizon with its interval, and the largest series.

    Parameters
    ----------
    totals : sequence of dict
        Totals of all series and of each, rows of `aggregate_forecast`.
    forecast : DataFrame
        Forecast table.
    alias : str
        Name of the forecast column.
    sparklines : bool
        Whether to draw the steps of each series.
    """
    spans = forecast.groupby("unique_id", sort=False)["ds"].agg(["min", "max"])
    latest = spans.loc[spans["max"].idxmax()]
    ended = int((spans["max"] < latest["max"]).sum())
    dates = f", {day(latest['min'])} to {day(latest['max'])}"
    dates += f" ({ended} series end earlier)" if ended else ""
    n_steps = int(forecast.groupby("unique_id", sort=False).size().max())
    lines = [f"Forecast of the next {n_steps} step{'s' * (n_steps > 1)}{dates}:"]
    whole, *series = totals
    shown = sorted(series, key=lambda row: -row[alias])[:_MAX_SERIES]
    rows = []
    for row in [whole, *shown]:
        cells = {"": _shortened(str(row["unique_id"])), "sum": number(row[alias])}
        low, high = row[f"{alias}-lo-80"], row[f"{alias}-hi-80"]
        cells["80 % interval"] = f"{number(low)} to {number(high)}"
        if sparklines:
            own = forecast if row is whole else forecast[forecast["unique_id"] == row["unique_id"]]
            cells[" "] = sparkline(own.groupby("ds")[alias].sum().tolist())
        rows.append(cells)
    lines += [f"  {line}" for line in text_table(rows, list(rows[0]))]
    if len(series) > len(shown) > 0:
        lines.append(f"  and {len(series) - len(shown):,} more series")
    return lines


def accuracy_lines(
    board: Sequence[Row], skills: Sequence[Any], alias: str, title: str, baselines: Sequence[str]
) -> list[str]:
    """Accuracy of the model, of seasonal naive and of the best single method."""
    own = next((row for row in board if row["model"] == alias), None)
    if own is None or own["mase"] is None:
        return ["No accuracy: the series are too short to hold out a window."]
    rivals = [row for row in board if row["model"] in baselines and row["mase"] is not None]
    names = [row["model"] for row in rivals[:1]]
    names += [name for name in ("SeasonalNaive",) if name not in names]
    shown = [own, *(row for row in rivals if row["model"] in names)]
    shown += [row for row in board if row["model"].endswith("without covariates")]
    by_name = {skill.against: skill for skill in skills}
    lines = [f"{title} (MASE, lower is better):"]
    rows = [{"model": _label(row, own), "MASE": row["mase"]} for row in shown]
    for line, row in zip(text_table(rows, ["model", "MASE"])[1:], shown, strict=True):
        lines.append(f"  {line}  {_comparison(row, own, by_name)}".rstrip())
    return lines


def _label(row: Row, own: Row) -> str:
    return f"{row['model']} (your model)" if row is own else str(row["model"])


def _comparison(row: Row, own: Row, skills: dict[str, Any]) -> str:
    """Difference of the model from another one, with its uncertainty."""
    if row is own:
        coverage = row.get("coverage_level80")
        return "" if coverage is None else f"80 % intervals contain {100 * coverage:.0f} %"
    skill = skills.get(row["model"])
    if skill is None and row["mase"] == 0:  # a perfect forecast
        return "your model: higher error"
    gain = skill.gain if skill is not None else 1 - own["mase"] / row["mase"]
    text = f"your model: {abs(100 * gain):.0f} % {'lower' if gain >= 0 else 'higher'} error"
    if skill is None or skill.low is None:
        return text if skill is None else f"{text} (too few windows for a test)"
    low, high = (skill.low, skill.high) if gain >= 0 else (-skill.high, -skill.low)
    text += f" ({100 * low:.0f} to {100 * high:.0f} %)"
    return text if skill.low > 0 or skill.high < 0 else f"{text}: within the noise"


def sparkline(values: Sequence[float], width: int = 24) -> str:
    """Draw values as a line of bars, at most so many, each a mean of neighbours.

    Examples
    --------
    >>> sparkline([0, 1, 2, 3, 4, 5, 6, 7])
    '▁▂▃▄▅▆▇█'
    """
    n = max(1, -(-len(values) // width))
    means = [sum(values[k : k + n]) / len(values[k : k + n]) for k in range(0, len(values), n)]
    low, high = min(means), max(means)
    if not high > low:
        return _BARS[3] * len(means)
    return "".join(_BARS[round((len(_BARS) - 1) * (v - low) / (high - low))] for v in means)


def number(value: float) -> str:
    """Format a number with three or more significant digits and thousands separators.

    Examples
    --------
    >>> number(12345.6), number(12.345), number(0.01234)
    ('12,346', '12.3', '0.0123')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def day(timestamp: Any) -> str:
    """Format a timestamp, without the time of day if it is midnight."""
    return str(timestamp).removesuffix(" 00:00:00").removesuffix("+00:00")


def _shortened(name: str, width: int = 24) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"


def emphasised(lines: Sequence[str], mark: str) -> list[str]:
    """Set the line with a mark in bold; without effect where output is not a terminal."""
    return [click.style(line, bold=True) if mark in line else line for line in lines]
