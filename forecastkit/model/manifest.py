"""The manifest of a model file: what it says, and the ranges that it must keep to."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from forecastkit.errors import ModelFileError
from forecastkit.layers.cells import CELLS
from forecastkit.methods.registry import METHODS
from forecastkit.model.calibration import LEVELS
from forecastkit.model.model import HISTORY, FittedModel
from forecastkit.network.config import NetworkConfig
from forecastkit.tables.calendar import CYCLES
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y
from forecastkit.tables.frequency import Frequency
from forecastkit.tables.schema import FUTR, HIST, STAT, Column

FORMAT_VERSION = 3
_MAX_MEMBERS = 64
_MAX_UNITS = 4096
_MAX_WIDTH = 1000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# arrays of `Effects`: a number a column, then a number a term
EFFECT_ARRAYS = {
    "known_ahead": "ahead",
    "static_mean": "centre",
    "static_std": "width",
    **{name: name for name in ("relative", "size", "low", "high", "mean", "variance")},
}


def to_json(model: FittedModel) -> str:
    """The manifest of a model, as JSON."""
    index, networks = model.history.index, [member.network for member in model.blend.members]
    effects = model.blend.effects
    kinds = list(dict.fromkeys(networks))
    content = {
        "format_version": FORMAT_VERSION,
        "alias": model.metadata.alias,
        "h": model.h,
        "season_length": model.blend.season_length,
        "networks": [kind.to_dict() for kind in kinds],
        "members": [kinds.index(network) for network in networks],
        "parts": [
            {"name": part.name, "weight": part.weight, "n_members": len(part.members)}
            for part in model.blend.parts
        ],
        "frequency": asdict(index.frequency),
        "time_zone": index.zone,
        "ids": index.ids.tolist(),
        "covariates": [one.to_dict() for one in model.history.schema.columns],
        "effects": effects
        and {
            "noise": effects.noise,
            "season": effects.season,
            "n_pairs": len(effects.pairs),
        },
        "scoreboard": model.metadata.scoreboard,
        "assumptions": model.metadata.assumptions,
        "facts": model.metadata.facts,
    }
    return json.dumps(content, allow_nan=False, ensure_ascii=False)


def checked_manifest(text: str | None, name: str) -> dict[str, Any]:
    """Read a manifest; raise `ModelFileError` if it is not one of this format version."""
    if text is None:
        raise damaged(name, "it has no forecastkit manifest")
    try:
        manifest = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise damaged(name, "its manifest is not JSON") from error
    if not isinstance(manifest, dict):
        raise damaged(name, "its manifest is not a JSON object")
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise ModelFileError(
            f"The model file has format version {version}; this forecastkit reads version "
            f"{FORMAT_VERSION}.",
            file=name,
            value=version,
            fix="Read it with the forecastkit that wrote it, or fit the model again.",
        )
    return manifest


def networks_of(manifest: dict[str, Any], name: str) -> list[NetworkConfig]:
    """Read the shape of every member, and check all that the arrays are to fit."""
    try:
        kinds = [NetworkConfig.from_dict(one) for one in manifest["networks"]]
        members, parts = manifest["members"], manifest["parts"]
        sane = isinstance(manifest["ids"], list) and all(_is_sane(kind) for kind in kinds)
        sane = sane and 1 <= len(members) <= _MAX_MEMBERS
        sane = sane and all(_whole(one, 0, len(kinds) - 1) for one in members)
        sane = sane and all(_is_sane_part(part) for part in parts)
        sane = sane and sum(part["n_members"] for part in parts) == len(members)
        sane = sane and abs(sum(part["weight"] for part in parts) - 1.0) < 1e-6
        sane = sane and _whole(manifest["h"], 1, HISTORY)
        sane = sane and _whole(manifest["season_length"], 1, HISTORY)
        if sane:
            networks = [kinds[one] for one in members]
            sane = all(network.view.horizon == manifest["h"] for network in networks)
            sane = sane and all(_fits(network, manifest) for network in networks)
        columns = [Column.from_dict(one) for one in manifest["covariates"]]
        sane = sane and all(
            column.role in (FUTR, HIST, STAT) and 1 <= column.width <= _MAX_WIDTH
            for column in columns
        )
        sane = sane and _are_sane(columns, manifest["frequency"]["kind"])
        effects = manifest["effects"]
        if sane and effects is not None:
            sane = bool(columns) and _whole(effects["season"], 1, HISTORY) and effects["noise"] > 0
            sane = sane and _whole(effects["n_pairs"], 0, _MAX_WIDTH**2)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(name, f"its configuration is not understood ({error})") from error
    if not sane:
        raise damaged(name, "its configuration is out of range")
    return networks


def _widths(columns: list[Column]) -> dict[str, int]:
    """Numbers that stand for the columns of each role."""
    roles = (FUTR, HIST, STAT)
    return {role: sum(one.width for one in columns if one.role == role) for role in roles}


def _fits(network: NetworkConfig, manifest: dict[str, Any]) -> bool:
    """Whether a network reads as many covariates as there are, or none."""
    wide = _widths([Column.from_dict(one) for one in manifest["covariates"]])
    pairs = (manifest["effects"] or {"n_pairs": 0})["n_pairs"]
    view = network.view
    found = (view.n_future, view.n_historical, view.n_static)
    whole = (wide[FUTR] + pairs, wide[FUTR] + wide[HIST], wide[STAT])
    return found in (whole, (0, 0, 0))


def _are_sane(columns: list[Column], kind: str) -> bool:
    """Whether columns have names of their own, categories and dates that can be; events last."""
    names = [column.name for column in columns]
    events = [column.is_derived for column in columns if column.role != STAT]
    for column in columns:
        kinds, dates = column.categories, column.dates
        if kinds is not None and not (_are_text(kinds) and len(set(kinds)) == len(kinds)):
            return False
        if column.cycle is not None:
            plain = kinds is None and dates is None and kind != "integer"
            if column.role != FUTR or column.cycle not in CYCLES or not plain:
                return False
        if dates is not None:
            if column.role != FUTR or kinds is not None or kind == "integer" or not dates:
                return False
            if not _are_text(dates) or not all(_DATE.fullmatch(one) for one in dates):
                return False
            np.array(dates, "datetime64[D]")  # raises ValueError
    if not _are_text(names) or {UNIQUE_ID, DS, Y, CUTOFF} & set(names):
        return False
    return len(set(names)) == len(names) and events == sorted(events)


def _are_text(values: Any) -> bool:
    return all(isinstance(one, str) for one in values)


def _is_sane_part(part: dict[str, Any]) -> bool:
    """Whether it is an ensemble, or a statistical method that is known, with a weight."""
    weight, known = part["weight"], part["name"] in METHODS
    return (
        isinstance(part["name"], str)
        and isinstance(weight, int | float)
        and 0.0 <= weight <= 1.0
        and _whole(part["n_members"], 0 if known else 1, 0 if known else _MAX_MEMBERS)
    )


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_sane(network: NetworkConfig) -> bool:
    """Whether every number is of a size that a fitted model can have."""
    view, quantiles = network.view, network.quantiles
    steps = (view.input_size, view.horizon, view.sequence_length, view.sequence_stride)
    features = (view.n_future, view.n_historical, view.n_static)
    return (
        network.cell in CELLS
        and _whole(network.units, 1, _MAX_UNITS)
        and _whole(network.n_layers, 1, 64)
        and all(_whole(one, 1, HISTORY) for one in steps)
        and 1 <= len(view.season_lengths) <= 8
        and all(_whole(one, 1, HISTORY) for one in view.season_lengths)
        and len(view.lags) <= 8
        and all(_whole(one, 0, HISTORY) for one in view.lags)
        and _whole(view.lag_steps, 0, HISTORY)
        and all(_whole(one, 0, _MAX_WIDTH) for one in features)
        and isinstance(view.trend_share, int | float)
        and 0.0 <= view.trend_share <= 1.0
        and 3 <= len(quantiles) <= 99
        and list(quantiles) == sorted(set(quantiles))
        and quantiles[len(quantiles) // 2] == 0.5
        and quantiles[0] > 0.0
        and quantiles[-1] < 1.0
    )


def expected_shapes(
    manifest: dict[str, Any], networks: list[NetworkConfig]
) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array that the file must hold; -1 is any length."""
    n = len(manifest["ids"])
    shapes: dict[str, tuple[int, ...]] = {
        "history/values": (-1,),
        "history/offsets": (n + 1,),
        "history/first": (n,),
        "calibration/reach": (manifest["h"], len(LEVELS)),
    }
    columns = [Column.from_dict(one) for one in manifest["covariates"]]
    wide = _widths(columns)
    if columns:
        shapes["covariates/values"] = (-1, wide[FUTR] + wide[HIST])
        shapes["covariates/offsets"] = (n + 1,)
        shapes["covariates/fixed"] = (n, wide[STAT])
    if manifest["effects"] is not None:
        terms = wide[FUTR] + manifest["effects"]["n_pairs"]
        sizes = {"mean": terms, "variance": terms, "centre": wide[STAT], "width": wide[STAT]}
        for name in EFFECT_ARRAYS.values():
            shapes[f"effects/{name}"] = (sizes.get(name, wide[FUTR] + wide[HIST]),)
        shapes["effects/pairs"] = (manifest["effects"]["n_pairs"], 2)
    for number, network in enumerate(networks):
        for name, shape in network.weight_shapes().items():
            shapes[f"member_{number}/{name}"] = shape
    return shapes


def stored_frequency(made: dict[str, Any]) -> Frequency:
    """Read a frequency; raise ValueError where its numbers make no grid."""
    frequency = Frequency(**made)
    numbers = (frequency.step, frequency.anchor, frequency.day, frequency.clock)
    known = frequency.kind in ("integer", "fixed", "business", "month")
    if not known or not all(_whole(one, 0, 2**56) for one in numbers) or frequency.step < 1:
        raise ValueError(f"frequency {made}")
    return frequency


def stored_time_zone(name: Any) -> str | None:
    """Return the name of a time zone that exists; raise ValueError or OSError where it does not."""
    if name is not None:
        ZoneInfo(str(name))
    return None if name is None else str(name)


def damaged(name: str, what: str) -> ModelFileError:
    """Error for a file that cannot be read."""
    return ModelFileError(
        f"The model file cannot be read: {what}.",
        file=name,
        fix="It may be damaged or of another kind; create it again with 'forecastkit fit'.",
    )
