"""Manifest of a model file: its entries, and the array shapes that they imply."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from forecastkit.errors import ModelFileError
from forecastkit.model.calibration import LEVELS
from forecastkit.model.distribution import MAX_MEMBERS
from forecastkit.model.model import FittedModel
from forecastkit.model.states import States
from forecastkit.network.carried import CarriedNetworks, can_be_carried
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Member
from forecastkit.ranges import MAX_STEPS, RangeError, check_whole, refuse
from forecastkit.series.view import MAX_FEATURES, View
from forecastkit.tables.schema import STAT, Column, Schema

FORMAT_VERSION = 4
# version 4: views with a slow memory and anchored sequences
_READABLE = (3, 4)
# field of `Effects`: array in the file
EFFECT_ARRAYS = {
    "known_ahead": "ahead",
    "static_mean": "centre",
    "static_std": "width",
    **{name: name for name in ("relative", "size", "low", "high", "mean", "variance")},
}


def to_json(model: FittedModel) -> str:
    """Write the manifest of a model as JSON."""
    index, networks = model.history.index, [member.network for member in model.blend.members]
    effects = model.blend.effects
    distinct = list(dict.fromkeys(networks))
    content = {
        "format_version": FORMAT_VERSION,
        "alias": model.metadata.alias,
        "h": model.h,
        "season_length": model.blend.season_length,
        "networks": [network.to_dict() for network in distinct],
        "members": [distinct.index(network) for network in networks],
        "parts": [
            {"name": part.name, "weight": part.weight, "n_members": len(part.members)}
            for part in model.blend.parts
        ],
        "frequency": asdict(index.frequency),
        "time_zone": index.zone,
        "ids": index.ids.tolist(),
        "covariates": [column.to_dict() for column in model.history.schema.columns],
        "effects": effects
        and {
            "noise": effects.noise,
            "season": effects.season,
            "n_pairs": len(effects.pairs),
        },
        "dependence": asdict(model.blend.dependence),
        "has_states": model.states is not None,
        "scoreboard": model.metadata.scoreboard,
        "assumptions": model.metadata.assumptions,
        "facts": model.metadata.facts,
    }
    return json.dumps(content, allow_nan=False, ensure_ascii=False)


def checked_manifest(text: str | None, name: str) -> dict[str, Any]:
    """Parse a manifest; raise `ModelFileError` if it is invalid or of another format version."""
    if text is None:
        raise damaged(name, "it has no forecastkit manifest")
    try:
        manifest = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise damaged(name, "its manifest is not JSON") from error
    if not isinstance(manifest, dict):
        raise damaged(name, "its manifest is not a JSON object")
    version = manifest.get("format_version")
    if version not in _READABLE:
        raise ModelFileError(
            f"The model file has format version {version}; this forecastkit reads versions "
            f"{_READABLE[0]} to {_READABLE[-1]}.",
            file=name,
            value=version,
            fix="Read it with the forecastkit that wrote it, or fit the model again.",
        )
    return manifest


def networks_of(manifest: dict[str, Any], name: str) -> list[NetworkConfig]:
    """Configuration of every member; all entries that imply array shapes are checked.

    Raises
    ------
    ModelFileError
        If an entry is missing or out of range; the message names it.
    """
    try:
        distinct = [NetworkConfig.from_dict(network) for network in manifest["networks"]]
        members, parts = manifest["members"], manifest["parts"]
        for number in members:
            check_whole("the network of a member", number, 0, len(distinct) - 1)
        for part in parts:
            check_whole("n_members", part["n_members"], 0, MAX_MEMBERS)
        if sum(part["n_members"] for part in parts) != len(members):
            refuse("the number of members", len(members), "the sum over the parts")
        check_whole("h", manifest["h"], 1, MAX_STEPS)
        if not isinstance(manifest["ids"], list):
            refuse("ids", manifest["ids"], "a list")
        schema, effects = stored_schema(manifest), manifest["effects"]
        if effects is not None:
            check_whole("n_pairs", effects["n_pairs"], 0, MAX_FEATURES**2)
        networks = [distinct[number] for number in members]
        for network in networks:
            _check_features(network.view, schema, (effects or {"n_pairs": 0})["n_pairs"])
        if manifest.get("has_states", False) and not can_be_carried(networks):
            refuse("has_states", True, "False for these networks")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise damaged(name, f"its configuration is not valid ({error})") from error
    return networks


def stored_schema(manifest: dict[str, Any]) -> Schema:
    """Schema of the covariates; raise ValueError if it is invalid or not in array order."""
    columns = [Column.from_dict(column) for column in manifest["covariates"]]
    schema = Schema.of(columns)
    if schema.changing != tuple(column for column in columns if column.role != STAT):
        raise RangeError("The derived covariates do not follow those of the table.")
    return schema


def _check_features(view: View, schema: Schema, n_pairs: int) -> None:
    """Raise `RangeError` unless a network has inputs for all covariates or for none."""
    n_future = int(schema.is_known_ahead.sum()) + n_pairs
    all_inputs = (n_future, schema.n_features, schema.n_static)
    inputs = (view.n_future, view.n_historical, view.n_static)
    if inputs not in (all_inputs, (0, 0, 0)):
        valid = f"{all_inputs} or (0, 0, 0)"
        refuse("the number of covariate features of a network", inputs, valid)


def expected_shapes(
    manifest: dict[str, Any], networks: list[NetworkConfig]
) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array that the file must hold; -1 stands for any length."""
    n = len(manifest["ids"])
    shapes: dict[str, tuple[int, ...]] = {
        "history/values": (-1,),
        "history/offsets": (n + 1,),
        "history/first": (n,),
        "calibration/reach": (manifest["h"], len(LEVELS)),
    }
    schema = stored_schema(manifest)
    if schema:
        shapes["covariates/values"] = (-1, schema.n_features)
        shapes["covariates/offsets"] = (n + 1,)
        shapes["covariates/fixed"] = (n, schema.n_static)
    if manifest["effects"] is not None:
        n_future = int(schema.is_known_ahead.sum()) + manifest["effects"]["n_pairs"]
        sizes = {"mean": n_future, "variance": n_future}
        sizes |= {"centre": schema.n_static, "width": schema.n_static}
        for name in EFFECT_ARRAYS.values():
            shapes[f"effects/{name}"] = (sizes.get(name, schema.n_features),)
        shapes["effects/pairs"] = (manifest["effects"]["n_pairs"], 2)
    for number, network in enumerate(networks):
        for name, shape in network.weight_shapes().items():
            shapes[f"member_{number}/{name}"] = shape
    if manifest.get("has_states"):
        shapes |= {f"states/{name}": shape for name, shape in state_shapes(networks, n).items()}
    return shapes


def state_shapes(networks: Sequence[NetworkConfig], n: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of the arrays of `States` of n series."""
    members = []
    for network in networks:
        shapes = network.weight_shapes().items()
        members.append(Member(network, {name: np.zeros(shape, "f") for name, shape in shapes}))
    empty = States(np.ones(0), np.ones(0), CarriedNetworks(members, 0)).arrays()
    return {name: (n, *array.shape[1:]) for name, array in empty.items()}


def stored_time_zone(name: Any) -> str | None:
    """Return the name of a time zone; raise ValueError or OSError if the zone does not exist."""
    if name is not None:
        ZoneInfo(str(name))
    return None if name is None else str(name)


def damaged(name: str, reason: str) -> ModelFileError:
    """Return the error for a file that cannot be read."""
    return ModelFileError(
        f"The model file cannot be read: {reason}.",
        file=name,
        fix="It may be damaged or of another kind; create it again with 'forecastkit fit'.",
    )
