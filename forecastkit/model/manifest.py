"""The manifest of a model file: its entries, and the shapes of the arrays that they imply."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from forecastkit.errors import ModelFileError
from forecastkit.model.calibration import LEVELS
from forecastkit.model.distribution import MAX_MEMBERS
from forecastkit.model.model import FittedModel
from forecastkit.network.config import NetworkConfig
from forecastkit.ranges import MAX_STEPS, RangeError, check_whole, refuse
from forecastkit.series.windows import MAX_FEATURES, View
from forecastkit.tables.schema import STAT, Column, Schema

FORMAT_VERSION = 3
# field of `Effects`: array in the file
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
    """Configuration of every member, checked as far as the shapes of the arrays depend on it.

    Raises
    ------
    ModelFileError
        If the manifest lacks an entry or holds a value out of its range, which is named.
    """
    try:
        kinds = [NetworkConfig.from_dict(kind) for kind in manifest["networks"]]
        members, parts = manifest["members"], manifest["parts"]
        for number in members:
            check_whole("the network of a member", number, 0, len(kinds) - 1)
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
        networks = [kinds[number] for number in members]
        for network in networks:
            _check_features(network.view, schema, (effects or {"n_pairs": 0})["n_pairs"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise damaged(name, f"its configuration is not valid ({error})") from error
    return networks


def stored_schema(manifest: dict[str, Any]) -> Schema:
    """The covariates; raise ValueError if they are invalid or not in the order of the arrays."""
    columns = [Column.from_dict(column) for column in manifest["covariates"]]
    schema = Schema.of(columns)
    if schema.changing != tuple(column for column in columns if column.role != STAT):
        raise RangeError("The derived covariates do not follow those of the table.")
    return schema


def _check_features(view: View, schema: Schema, n_pairs: int) -> None:
    """Raise `RangeError` unless a network reads all covariates or none."""
    n_future = int(schema.is_known_ahead.sum()) + n_pairs
    whole = (n_future, schema.n_features, schema.n_static)
    inputs = (view.n_future, view.n_historical, view.n_static)
    if inputs not in (whole, (0, 0, 0)):
        refuse("the number of covariate features of a network", inputs, f"{whole} or (0, 0, 0)")


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
    schema = stored_schema(manifest)
    if schema:
        shapes["covariates/values"] = (-1, schema.n_features)
        shapes["covariates/offsets"] = (n + 1,)
        shapes["covariates/fixed"] = (n, schema.n_static)
    if manifest["effects"] is not None:
        n_terms = int(schema.is_known_ahead.sum()) + manifest["effects"]["n_pairs"]
        sizes = {"mean": n_terms, "variance": n_terms}
        sizes |= {"centre": schema.n_static, "width": schema.n_static}
        for name in EFFECT_ARRAYS.values():
            shapes[f"effects/{name}"] = (sizes.get(name, schema.n_features),)
        shapes["effects/pairs"] = (manifest["effects"]["n_pairs"], 2)
    for number, network in enumerate(networks):
        for name, shape in network.weight_shapes().items():
            shapes[f"member_{number}/{name}"] = shape
    return shapes


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
