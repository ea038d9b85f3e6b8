"""The model file: one safetensors file of arrays, a JSON manifest in its metadata, no code.

Reading checks the manifest and the shape of every array, which the manifest's configuration
implies, before an array is loaded. Writing goes to a temporary name in the same folder and is moved
into place when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from forecastkit.errors import ModelFileError, UnknownFileError
from forecastkit.files import write_whole
from forecastkit.layers.cells import CELLS
from forecastkit.methods.registry import METHODS
from forecastkit.model.calibration import LEVELS, Calibration
from forecastkit.model.distribution import Part
from forecastkit.model.model import HISTORY, Blend, FittedModel, Metadata
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Member
from forecastkit.series.covariates import Covariates
from forecastkit.series.effects import Effects
from forecastkit.series.panel import Panel
from forecastkit.series.ragged import Ragged
from forecastkit.tables.calendar import CYCLES
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import CUTOFF, DS, UNIQUE_ID, Y
from forecastkit.tables.frequency import Frequency
from forecastkit.tables.index import TimeIndex
from forecastkit.tables.schema import FUTR, HIST, STAT, Column, Schema

FORMAT_VERSION = 3
_MANIFEST = "forecastkit"
_DIGEST = "sha256"
# arrays of `Effects`: a number a column, then a number a term
_EFFECTS = {
    "known_ahead": "ahead",
    "static_mean": "centre",
    "static_std": "width",
    **{name: name for name in ("relative", "size", "low", "high", "mean", "variance")},
}
_MOST_MEMBERS = 64
_MOST_UNITS = 4096
_MOST_WIDTH = 1000
_LARGEST_EFFECT, _LEAST_EFFECT = 1e120, 1e-30
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# what other files begin with, and what they are
_OTHER_KINDS = {
    b"\x89PNG": "a PNG picture",
    b"PK\x03\x04": "a ZIP archive (a .keras file, perhaps)",
    b"\x89HDF": "an HDF5 file",
    b"\x80\x04": "a Python pickle, which forecastkit never opens",
    b"\x80\x05": "a Python pickle, which forecastkit never opens",
    b"%PDF": "a PDF document",
}


def write_model(model: FittedModel, path: str | Path) -> None:
    """Write a model file; a file of that name is replaced in one step, or not at all.

    Raises
    ------
    WriteError
        If the folder cannot be made or written to.
    """
    tensors, manifest = _tensors(model), _manifest(model)
    metadata = {_MANIFEST: manifest, _DIGEST: _digest(tensors, manifest)}
    write_whole(path, save(tensors, metadata=metadata))


def _digest(tensors: Mapping[str, np.ndarray], manifest: str) -> str:
    """SHA-256 over the manifest and every array, in the order of their names."""
    digest = hashlib.sha256(manifest.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].tobytes())
    return digest.hexdigest()


def _tensors(model: FittedModel) -> dict[str, np.ndarray]:
    panel = model.history.panel
    tensors = {
        "history/values": panel.values,
        "history/offsets": panel.offsets,
        "history/first": model.history.index.first,
        "calibration/reach": model.blend.calibration.radius,
    }
    if panel.covariates is not None:
        tensors["covariates/values"] = panel.covariates.changing.values
        tensors["covariates/offsets"] = panel.covariates.changing.offsets
        tensors["covariates/fixed"] = panel.covariates.static
    if model.blend.effects is not None:
        for name, stored in _EFFECTS.items():
            tensors[f"effects/{stored}"] = getattr(model.blend.effects, name).astype(np.float64)
        tensors["effects/pairs"] = model.blend.effects.pairs
    for number, member in enumerate(model.blend.members):
        for name, weight in member.weights.items():
            tensors[f"member_{number}/{name}"] = np.ascontiguousarray(weight, np.float32)
    return {name: np.ascontiguousarray(array) for name, array in tensors.items()}


def _manifest(model: FittedModel) -> str:
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


def read_model(path: str | Path) -> FittedModel:
    """Read a model file.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    UnknownFileError
        If there is no such file.
    ModelFileError
        If it is damaged, of another kind, or of another format version.
    """
    path = Path(path)
    _check_kind(path)
    try:
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
            manifest = _checked_manifest(metadata, path.name)
            networks = _networks(manifest, path.name)
            expected = _expected(manifest, networks)
            _check_shapes(file, expected, path.name)
            tensors = {name: file.get_tensor(name) for name in expected}
    except SafetensorError as error:
        raise _damaged(path.name, f"it is not a whole safetensors file ({error})") from error
    except OSError as error:
        raise _damaged(path.name, str(error)) from error
    if metadata.get(_DIGEST) != _digest(tensors, metadata[_MANIFEST]):
        raise _damaged(path.name, "its contents do not match its SHA-256")
    return _assembled(manifest, networks, tensors, path.name)


def _check_kind(path: Path) -> None:
    if path.is_dir():
        raise UnknownFileError(
            f"'{path}' is a folder, not a model file.", file=path.name, fix="Name a file inside it."
        )
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError as error:
        raise UnknownFileError(
            f"There is no model file '{path}'.",
            file=path.name,
            fix="Create one with 'forecastkit fit', or name another.",
        ) from error
    except OSError as error:
        raise UnknownFileError(f"'{path}' cannot be read: {error.strerror}.") from error
    for magic, kind in _OTHER_KINDS.items():
        if start.startswith(magic):
            raise ModelFileError(
                f"This is {kind}, not a forecastkit model.",
                file=path.name,
                fix="Name a file that 'forecastkit fit' has written.",
            )


def _damaged(name: str, what: str) -> ModelFileError:
    return ModelFileError(
        f"The model file cannot be read: {what}.",
        file=name,
        fix="It may be damaged or of another kind; create it again with 'forecastkit fit'.",
    )


def _checked_manifest(metadata: Mapping[str, str] | None, name: str) -> dict[str, Any]:
    text = (metadata or {}).get(_MANIFEST)
    if text is None:
        raise _damaged(name, "it has no forecastkit manifest")
    try:
        manifest = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _damaged(name, "its manifest is not JSON") from error
    if not isinstance(manifest, dict):
        raise _damaged(name, "its manifest is not a JSON object")
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


def _networks(manifest: dict[str, Any], name: str) -> list[NetworkConfig]:
    """Read the shape of every member, and check all that the arrays are to fit."""
    try:
        kinds = [NetworkConfig.from_dict(one) for one in manifest["networks"]]
        members, parts = manifest["members"], manifest["parts"]
        sane = isinstance(manifest["ids"], list) and all(_is_sane(kind) for kind in kinds)
        sane = sane and 1 <= len(members) <= _MOST_MEMBERS
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
            column.role in (FUTR, HIST, STAT) and 1 <= column.width <= _MOST_WIDTH
            for column in columns
        )
        sane = sane and _are_sane(columns, manifest["frequency"]["kind"])
        effects = manifest["effects"]
        if sane and effects is not None:
            sane = bool(columns) and _whole(effects["season"], 1, HISTORY) and effects["noise"] > 0
            sane = sane and _whole(effects["n_pairs"], 0, _MOST_WIDTH**2)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(name, f"its configuration is not understood ({error})") from error
    if not sane:
        raise _damaged(name, "its configuration is out of range")
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
        and _whole(part["n_members"], 0 if known else 1, 0 if known else _MOST_MEMBERS)
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
        and _whole(network.units, 1, _MOST_UNITS)
        and _whole(network.n_layers, 1, 64)
        and all(_whole(one, 1, HISTORY) for one in steps)
        and 1 <= len(view.season_lengths) <= 8
        and all(_whole(one, 1, HISTORY) for one in view.season_lengths)
        and len(view.lags) <= 8
        and all(_whole(one, 0, HISTORY) for one in view.lags)
        and _whole(view.lag_steps, 0, HISTORY)
        and all(_whole(one, 0, _MOST_WIDTH) for one in features)
        and isinstance(view.trend_share, int | float)
        and 0.0 <= view.trend_share <= 1.0
        and 3 <= len(quantiles) <= 99
        and list(quantiles) == sorted(set(quantiles))
        and quantiles[len(quantiles) // 2] == 0.5
        and quantiles[0] > 0.0
        and quantiles[-1] < 1.0
    )


def _expected(
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
        for name in _EFFECTS.values():
            shapes[f"effects/{name}"] = (sizes.get(name, wide[FUTR] + wide[HIST]),)
        shapes["effects/pairs"] = (manifest["effects"]["n_pairs"], 2)
    for number, network in enumerate(networks):
        for name, shape in network.weight_shapes().items():
            shapes[f"member_{number}/{name}"] = shape
    return shapes


def _check_shapes(file: Any, expected: Mapping[str, tuple[int, ...]], name: str) -> None:
    found = set(file.keys())
    if found != set(expected):
        odd = sorted(found ^ set(expected))[0]
        state = "lacks" if odd in expected else "has an unexpected"
        raise _damaged(name, f"it {state} array '{odd}'")
    for key, shape in expected.items():
        piece = file.get_slice(key)
        kind = "F32" if key.startswith("member_") else "F64"
        kind = "I64" if key.endswith(("/offsets", "/first", "/pairs")) else kind
        got = tuple(piece.get_shape())
        fits = len(got) == len(shape) and all(w in (-1, g) for w, g in zip(shape, got, strict=True))
        if not fits or piece.get_dtype() != kind:
            raise _damaged(name, f"array '{key}' is {piece.get_dtype()} {got}, not {kind} {shape}")


def _frequency(made: dict[str, Any]) -> Frequency:
    """Read a frequency; raise ValueError where its numbers make no grid."""
    frequency = Frequency(**made)
    numbers = (frequency.step, frequency.anchor, frequency.day, frequency.clock)
    known = frequency.kind in ("integer", "fixed", "business", "month")
    if not known or not all(_whole(one, 0, 2**56) for one in numbers) or frequency.step < 1:
        raise ValueError(f"frequency {made}")
    return frequency


def _time_zone(name: Any) -> str | None:
    """Return the name of a time zone that exists; raise ValueError or OSError where it does not."""
    if name is not None:
        ZoneInfo(str(name))
    return None if name is None else str(name)


def _covariates(
    schema: Schema, tensors: dict[str, np.ndarray], lengths: np.ndarray, name: str
) -> Covariates | None:
    if not schema:
        return None
    static = tensors["covariates/fixed"]
    values, offsets = tensors["covariates/values"], tensors["covariates/offsets"]
    fits = offsets[0] == 0 and offsets[-1] == len(values)
    if (
        not fits
        or (np.diff(offsets) < lengths).any()
        or np.isinf(values).any()
        or np.isinf(static).any()
    ):
        raise _damaged(name, "its covariates do not fit its series")
    changing = Ragged(values, offsets)
    return Covariates(changing, static, schema.is_known_ahead, schema.has_effect)


def _effects(
    manifest: dict[str, Any],
    tensors: dict[str, np.ndarray],
    covariates: Covariates | None,
    name: str,
) -> Effects | None:
    kept = manifest["effects"]
    if kept is None or covariates is None:
        return None
    arrays = {name: tensors[f"effects/{stored}"] for name, stored in _EFFECTS.items()}
    sane = all((np.abs(one) < _LARGEST_EFFECT).all() for one in arrays.values())
    positive = ("size", "variance", "static_std")
    sane = sane and all((arrays[one] > _LEAST_EFFECT).all() for one in positive)
    sane = sane and _LEAST_EFFECT < kept["noise"] < _LARGEST_EFFECT
    if not sane or not np.array_equal(arrays["known_ahead"] > 0, covariates.known_ahead):
        raise _damaged(name, "its effects of covariates are out of range")
    pairs = tensors["effects/pairs"]
    n_ahead = int((arrays["known_ahead"] > 0).sum())
    fits = len(arrays["mean"]) == n_ahead + len(pairs)
    if not fits or (len(pairs) and not 0 <= pairs.min() <= pairs.max() < n_ahead):
        raise _damaged(name, "its effects of covariates name columns that it has not")
    marks = {one: arrays.pop(one) > 0 for one in ("known_ahead", "relative")}
    noise = float(kept["noise"])
    return Effects(**marks, **arrays, pairs=pairs, noise=noise, season=kept["season"])


def _assembled(
    manifest: dict[str, Any],
    networks: list[NetworkConfig],
    tensors: dict[str, np.ndarray],
    name: str,
) -> FittedModel:
    offsets, values = tensors["history/offsets"], tensors["history/values"]
    lengths = np.diff(offsets)
    if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != len(values) or (lengths < 1).any():
        raise _damaged(name, "the histories of its series do not fit together")
    radius = tensors["calibration/reach"]
    if (lengths > HISTORY).any() or np.isinf(values).any():
        raise _damaged(name, "the histories of its series are out of range")
    if not ((radius > 0) & (radius < 1e3)).all() or (np.diff(radius, axis=1) < 0).any():
        raise _damaged(name, "its intervals are out of range")
    members = []
    for number, network in enumerate(networks):
        prefix = f"member_{number}/"
        weights = {key: tensors[prefix + key] for key in network.weight_shapes()}
        for key, weight in weights.items():
            if not np.isfinite(weight).all():
                raise _damaged(name, f"array '{prefix}{key}' holds values that are not finite")
        members.append(Member(network, weights))
    parts, first = [], 0
    for part in manifest["parts"]:
        stop = first + part["n_members"]
        parts.append(Part(part["name"], float(part["weight"]), tuple(members[first:stop])))
        first = stop
    try:
        schema = Schema.of([Column.from_dict(one) for one in manifest["covariates"]])
        covariates = _covariates(schema, tensors, lengths, name)
        index = TimeIndex(
            ids=np.array([str(one) for one in manifest["ids"]], dtype=object),
            first=tensors["history/first"],
            frequency=_frequency(manifest["frequency"]),
            zone=_time_zone(manifest["time_zone"]),
        )
        history = Dataset(Panel(Ragged(values, offsets), covariates), index, schema)
        blend = Blend(
            parts=tuple(parts),
            h=manifest["h"],
            season_length=manifest["season_length"],
            calibration=Calibration(radius),
            effects=_effects(manifest, tensors, covariates, name),
        )
        metadata = Metadata(
            alias=str(manifest["alias"]),
            scoreboard=list(manifest["scoreboard"]),
            assumptions=list(manifest["assumptions"]),
            facts=dict(manifest["facts"]),
        )
        return FittedModel(blend, history, metadata)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise _damaged(name, f"its manifest is not understood ({error})") from error
