"""The model file: a safetensors file of arrays with a JSON manifest in its metadata, and no code.

Reading checks the manifest, and against it the shape of every array, before any array is loaded.
Writing is atomic: a temporary file in the same folder is renamed when it is complete.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from forecastkit.errors import ModelFileError, UnknownFileError
from forecastkit.files import write_whole
from forecastkit.model.calibration import Calibration
from forecastkit.model.dependence import Dependence
from forecastkit.model.distribution import Part
from forecastkit.model.manifest import (
    EFFECT_ARRAYS,
    checked_manifest,
    damaged,
    expected_shapes,
    networks_of,
    stored_schema,
    stored_time_zone,
    to_json,
)
from forecastkit.model.model import Blend, FittedModel, Metadata
from forecastkit.model.states import States
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Member
from forecastkit.series.covariates import Covariates
from forecastkit.series.effects import Effects
from forecastkit.series.panel import Panel
from forecastkit.series.ragged import Ragged
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frequency import Frequency
from forecastkit.tables.index import TimeIndex
from forecastkit.tables.schema import Schema

_MANIFEST = "forecastkit"
_DIGEST = "sha256"
# signatures of other file formats
_OTHER_KINDS = {
    b"\x89PNG": "a PNG picture",
    b"PK\x03\x04": "a ZIP archive (a .keras file, perhaps)",
    b"\x89HDF": "an HDF5 file",
    b"\x80\x04": "a Python pickle, which forecastkit never opens",
    b"\x80\x05": "a Python pickle, which forecastkit never opens",
    b"%PDF": "a PDF document",
}


def write_model(model: FittedModel, path: str | Path) -> None:
    """Write a model file atomically, replacing a file of the same name.

    Raises
    ------
    WriteError
        If the folder cannot be created or written to.
    """
    tensors, manifest = _tensors(model), to_json(model)
    metadata = {_MANIFEST: manifest, _DIGEST: _digest(tensors, manifest)}
    write_whole(path, save(tensors, metadata=metadata))


def _digest(tensors: Mapping[str, np.ndarray], manifest: str) -> str:
    """SHA-256 of the manifest and of every array, in the order of their names."""
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
        for name, stored in EFFECT_ARRAYS.items():
            tensors[f"effects/{stored}"] = getattr(model.blend.effects, name).astype(np.float64)
        tensors["effects/pairs"] = model.blend.effects.pairs
    for number, member in enumerate(model.blend.members):
        for name, weight in member.weights.items():
            tensors[f"member_{number}/{name}"] = np.ascontiguousarray(weight, np.float32)
    if model.states is not None:
        arrays = model.states.arrays().items()
        tensors |= {f"states/{name}": array for name, array in arrays}
    return {name: np.ascontiguousarray(array) for name, array in tensors.items()}


def read_model(path: str | Path) -> FittedModel:
    """Read a model file.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    UnknownFileError
        If the file does not exist.
    ModelFileError
        If it is damaged, of another kind, or of another format version.
    """
    path = Path(path)
    _check_kind(path)
    try:
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
            manifest = checked_manifest(metadata.get(_MANIFEST), path.name)
            networks = networks_of(manifest, path.name)
            expected = expected_shapes(manifest, networks)
            _check_shapes(file, expected, path.name)
            tensors = {name: file.get_tensor(name) for name in expected}
    except SafetensorError as error:
        raise damaged(path.name, f"it is not a whole safetensors file ({error})") from error
    except OSError as error:
        raise damaged(path.name, str(error)) from error
    if metadata.get(_DIGEST) != _digest(tensors, metadata[_MANIFEST]):
        raise damaged(path.name, "its contents do not match its SHA-256")
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
    if start and b"\0" not in start:  # the header of a model file starts with its length, 8 bytes
        raise ModelFileError(
            "This is a text file, not a forecastkit model.",
            file=path.name,
            fix=f"Name the model first, then the data: forecastkit predict MODEL {path.name}. "
            f"Fit one with: forecastkit fit {path.name}",
        )


def _check_shapes(file: Any, expected: Mapping[str, tuple[int, ...]], name: str) -> None:
    keys = set(file.keys())
    if keys != set(expected):
        mismatch = sorted(keys ^ set(expected))[0]
        state = "lacks" if mismatch in expected else "has an unexpected"
        raise damaged(name, f"it {state} array '{mismatch}'")
    for key, shape in expected.items():
        array = file.get_slice(key)
        dtype = _dtype(key)
        actual = tuple(array.get_shape())
        fits = len(actual) == len(shape) and all(
            size in (-1, actual_size) for size, actual_size in zip(shape, actual, strict=True)
        )
        if not fits or array.get_dtype() != dtype:
            raise damaged(
                name, f"array '{key}' is {array.get_dtype()} {actual}, not {dtype} {shape}"
            )


def _dtype(key: str) -> str:
    """Type of the values of an array in the file."""
    if key.endswith(("/offsets", "/first", "/pairs", "/steps", "/origins")):
        return "I64"
    if key.startswith("states/"):
        return "BOOL" if key.endswith("/observed") else "F32" if "network_" in key else "F64"
    return "F32" if key.startswith("member_") else "F64"


def _assembled(
    manifest: dict[str, Any],
    networks: list[NetworkConfig],
    tensors: dict[str, np.ndarray],
    name: str,
) -> FittedModel:
    """Assemble a model from its manifest and arrays; every record checks its own values."""
    try:
        schema = stored_schema(manifest)
        covariates = _covariates(schema, tensors)
        index = TimeIndex(
            ids=np.array([str(series_id) for series_id in manifest["ids"]], dtype=object),
            first=tensors["history/first"],
            frequency=Frequency(**manifest["frequency"]),
            zone=stored_time_zone(manifest["time_zone"]),
        )
        y = Ragged(tensors["history/values"], tensors["history/offsets"])
        blend = Blend(
            parts=_parts(manifest, networks, tensors),
            h=manifest["h"],
            season_length=manifest["season_length"],
            calibration=Calibration(tensors["calibration/reach"]),
            effects=_effects(manifest["effects"], tensors),
            dependence=Dependence(**manifest.get("dependence", {})),
        )
        metadata = Metadata(
            alias=str(manifest["alias"]),
            scoreboard=list(manifest["scoreboard"]),
            assumptions=list(manifest["assumptions"]),
            facts=dict(manifest["facts"]),
        )
        states = None
        if manifest.get("has_states"):
            prefix = "states/"
            arrays = {
                key.removeprefix(prefix): array
                for key, array in tensors.items()
                if key.startswith(prefix)
            }
            states = States.from_arrays(blend.members, arrays)
        return FittedModel(blend, Dataset(Panel(y, covariates), index, schema), metadata, states)
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise damaged(name, f"its contents are not valid ({error})") from error


def _covariates(schema: Schema, tensors: dict[str, np.ndarray]) -> Covariates | None:
    if not schema:
        return None
    return Covariates(
        changing=Ragged(tensors["covariates/values"], tensors["covariates/offsets"]),
        static=tensors["covariates/fixed"],
        known_ahead=schema.is_known_ahead,
        has_effect=schema.has_effect,
    )


def _effects(stored: dict[str, Any] | None, tensors: dict[str, np.ndarray]) -> Effects | None:
    if stored is None:
        return None
    arrays = {name: tensors[f"effects/{array}"] for name, array in EFFECT_ARRAYS.items()}
    flags = {name: arrays.pop(name) > 0 for name in ("known_ahead", "relative")}
    pairs = tensors["effects/pairs"]
    return Effects(**flags, **arrays, pairs=pairs, noise=stored["noise"], season=stored["season"])


def _parts(
    manifest: Mapping[str, Any], networks: list[NetworkConfig], tensors: Mapping[str, np.ndarray]
) -> tuple[Part, ...]:
    members = [
        Member(network, {key: tensors[f"member_{k}/{key}"] for key in network.weight_shapes()})
        for k, network in enumerate(networks)
    ]
    parts, first = [], 0
    for part in manifest["parts"]:
        stop = first + part["n_members"]
        parts.append(Part(part["name"], part["weight"], tuple(members[first:stop])))
        first = stop
    return tuple(parts)
