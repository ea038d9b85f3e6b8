"""The model file: atomic writing, and refusal of damaged and foreign files."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load, save_file

import forecastkit as fk
from forecastkit.errors import ForecastkitError, ModelFileError, UnknownFileError, WriteError
from forecastkit.layers.cells import CELLS
from forecastkit.model import storage
from forecastkit.model.calibration import Calibration
from forecastkit.model.distribution import Part
from forecastkit.model.model import Blend, FittedModel, Metadata
from forecastkit.model.storage import read_model, write_model
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Member
from forecastkit.series.panel import Panel
from forecastkit.series.view import View
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frequency import parse_frequency
from forecastkit.tables.index import TimeIndex


def small_model(seed=0, cell="lstm"):
    network = NetworkConfig(cell, 2, View(3, 2, (1,), 0.5, 4, 1), n_layers=1)
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.normal(size=shape).astype("float32")
        for name, shape in network.weight_shapes().items()
    }
    ids, first = np.array(["007", "ü, \n"], dtype=object), np.array([600, 601])
    panel = Panel.of([np.array([1.0, np.nan, 3.0]), np.array([4.0, 5.0])])
    history = Dataset(panel, TimeIndex(ids, first, parse_frequency("MS")))
    part = Part("LSTM", 0.75, (Member(network, weights),))
    board = [{"model": "LSTM", "mase": None}]
    blend = Blend((part, Part("Theta", 0.25)), 2, 1, Calibration.none(2))
    return FittedModel(blend, history, Metadata("LSTM", board, [], {"a": 1}))


@pytest.fixture
def path(tmp_path):
    write_model(small_model(), tmp_path / "m.safetensors")
    return tmp_path / "m.safetensors"


@pytest.mark.parametrize("cell", CELLS)
def test_round_trip_of_the_weights_of_every_cell(cell, tmp_path):
    model = small_model(cell=cell)
    write_model(model, tmp_path / "m.safetensors")
    stored = read_model(tmp_path / "m.safetensors").blend
    (member,), (original,) = stored.members, model.blend.members
    assert member.network == original.network
    for name, weight in original.weights.items():
        np.testing.assert_array_equal(member.weights[name], weight)
    panel, z = model.history.panel, (-1.28, 0.0, 1.28)
    np.testing.assert_array_equal(stored.quantiles(panel, z), model.blend.quantiles(panel, z))


def test_round_trip_of_a_model(path):
    stored, model = read_model(path), small_model()
    parts = [(part.name, part.weight) for part in stored.blend.parts]
    assert parts == [("LSTM", 0.75), ("Theta", 0.25)]
    assert stored.blend.members[0].network == model.blend.members[0].network
    np.testing.assert_array_equal(stored.blend.calibration.radius, Calibration.none(2).radius)
    assert stored.history.index.ids.tolist() == model.history.index.ids.tolist()
    np.testing.assert_array_equal(stored.history.panel.values, model.history.panel.values)
    assert stored.history.index.frequency == model.history.index.frequency
    assert stored.metadata == model.metadata
    for name, weight in model.blend.members[0].weights.items():
        np.testing.assert_array_equal(stored.blend.members[0].weights[name], weight)


def test_no_temporary_file_remains(path):
    write_model(small_model(1), path)
    assert [p.name for p in path.parent.iterdir()] == ["m.safetensors"]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a PNG picture"),
        (b"PK\x03\x04" + b"\0" * 50, "a ZIP archive"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 50, "an HDF5 file"),
        (b"\x80\x04\x95" + b"\0" * 50, "a Python pickle"),
        (b"", "not a whole safetensors file"),
        (b"date,y\n2024-01-01,1\n", "a text file, not a forecastkit model"),
    ],
)
def test_files_of_other_formats_are_identified_and_refused(start, message, tmp_path):
    (tmp_path / "other").write_bytes(start)
    with pytest.raises(ModelFileError, match=message):
        read_model(tmp_path / "other")


@pytest.mark.parametrize("version", [3])
def test_files_of_earlier_versions_give_the_same_numbers(version):
    """Each was written by the code of its time, with its forecast."""
    data = Path(__file__).parent.parent / "data"
    forecast = fk.load(data / f"format_{version}.safetensors").predict(level=[80])
    expected = pd.DataFrame(json.loads((data / f"format_{version}.json").read_text()))
    assert list(forecast.columns) == list(expected.columns)
    assert forecast["ds"].astype(str).tolist() == expected["ds"].tolist()
    columns = ["LSTM", "LSTM-lo-80", "LSTM-hi-80"]
    np.testing.assert_allclose(forecast[columns], expected[columns], rtol=1e-6)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(UnknownFileError, match="no model file"):
        read_model(tmp_path / "nothing")
    with pytest.raises(UnknownFileError, match="is a folder"):
        read_model(tmp_path)
    with pytest.raises(WriteError, match="is a folder"):
        write_model(small_model(), tmp_path)


def rewrite_manifest(path, change):
    """Change the manifest of a model file in place."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    manifest = json.loads(header["__metadata__"]["forecastkit"])
    change(manifest)
    header["__metadata__"]["forecastkit"] = json.dumps(manifest)
    tensors = load(data)
    header["__metadata__"]["sha256"] = storage._digest(tensors, json.dumps(manifest))
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size :])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format_version=99), "format version 99; this forecastkit reads"),
        (lambda m: m["networks"][0].update(units=3), "not F32"),
        (lambda m: m["networks"][0].update(units=10**9), "units is 1000000000; it must be"),
        (lambda m: m["networks"][0].update(cell="os.system"), "cell is 'os.system'"),
        (lambda m: m["networks"][0].update(surprise=1), "surprise"),
        (lambda m: m["networks"][0]["view"].update(horizon="2"), "horizon is '2'; it must be"),
        (lambda m: m.update(members=[0, 0]), "number of members is 2"),
        (lambda m: m.update(members=[1]), "network of a member is 1"),
        (lambda m: m.update(members=[0] * 1000), "number of members is 1000"),
        (lambda m: m["parts"][0].update(n_members=0), "number of members is 1"),
        (lambda m: m["parts"][0].update(weight=0.5), "sum of the weights is 0.75"),
        (lambda m: m["parts"][0].update(weight=float("nan")), "weight of LSTM is nan"),
        (lambda m: m["parts"][1].update(name="os.system"), "members of os.system is 0"),
        (lambda m: m["parts"][1].update(surprise=1, name=[]), "not valid"),
        (lambda m: m.update(h=3), "calibration/reach"),
        (lambda m: m.update(ids=["a"]), "history/"),
        (lambda m: m.pop("facts"), "not valid .*facts"),
        (lambda m: m["frequency"].update(step=0), "step of the frequency is 0"),
        (lambda m: m["frequency"].update(step=2**70), "step of the frequency is"),
        (
            lambda m: m["networks"][0]["view"].update(season_lengths=[10**9]),
            "season length is 1000000000",
        ),
        (
            lambda m: m["networks"][0]["view"].update(season_lengths=[]),
            "length of season_lengths is 0",
        ),
        (lambda m: m["networks"][0]["view"].update(sequence_stride=2**62), "sequence_stride is"),
        (lambda m: m["networks"][0]["view"].update(trend_share=float("nan")), "trend_share is nan"),
        (lambda m: m["networks"][0].update(quantiles=[-0.1, 0.5, 0.9]), "quantiles is"),
        (lambda m: m.update(ids=5), "ids is 5"),
        (lambda m: m.update(time_zone="Mars/X"), "not valid .*Mars/X"),
        (lambda m: m.update(facts=5), "not valid"),
    ],
)
def test_altered_manifests_are_refused(change, message, path):
    rewrite_manifest(path, change)
    with pytest.raises(ModelFileError, match=message):
        read_model(path)


def test_weights_that_are_not_finite_are_refused(tmp_path):
    model = small_model()
    model.blend.members[0].weights["head/bias"][0] = np.nan
    write_model(model, tmp_path / "m")
    with pytest.raises(ModelFileError, match="'head/bias' holds values that are not finite"):
        read_model(tmp_path / "m")


def test_a_single_changed_byte_is_detected(path):
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ModelFileError, match="SHA-256"):
        read_model(path)


def test_a_foreign_safetensors_file_is_refused(tmp_path):
    save_file({"w": np.zeros(3)}, tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match="no forecastkit manifest"):
        read_model(tmp_path / "m.safetensors")


def test_truncated_files_are_refused(path):
    data = path.read_bytes()
    for size in range(0, len(data), 7):
        path.write_bytes(data[:size])
        with pytest.raises(ModelFileError):
            read_model(path)


def test_flipped_bits_never_raise_an_unexpected_error(path):
    data, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(500):
        damaged = bytearray(data)
        for position in rng.integers(0, len(data), 3):
            damaged[position] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(ForecastkitError):
            read_model(path)


def test_killing_the_writer_leaves_the_old_or_the_new_model(path):
    """Kill a process that saves in a loop at different times; the file is valid each time."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); import test_storage as t\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for seed in (1, 2): t.write_model(t.small_model(seed), sys.argv[1])\n"
    )
    here = os.path.dirname(__file__)
    biases = [small_model(seed).blend.members[0].weights["head/bias"] for seed in (0, 1, 2)]
    for trial in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(path), here], stdout=subprocess.PIPE, text=True
        )
        child.stdout.readline()
        time.sleep(0.02 + 0.013 * trial)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        stored = read_model(path).blend.members[0].weights["head/bias"]
        assert any(np.array_equal(stored, bias) for bias in biases)


def test_the_old_model_survives_a_full_disk(path, monkeypatch):
    before = path.read_bytes()

    def disk_full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(WriteError, match="No space left"):
        write_model(small_model(1), path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["m.safetensors"]


@pytest.fixture(scope="module")
def with_covariates(tmp_path_factory):
    """Model file with a price known in advance, past rain, a static shelf, and an event."""
    rng, parts = np.random.default_rng(0), []
    for name in ("a", "b"):
        days = pd.date_range("2024-01-01", periods=60)
        y, price, rain = 50 * rng.random((3, 60)) + 1
        part = {"unique_id": name, "ds": days, "y": y, "price": price, "rain": rain, "shelf": name}
        parts.append(pd.DataFrame(part))
    fair = pd.DataFrame({"date": ["2024-02-02", "2024-03-03"], "event": "fair"})
    table = pd.concat(parts, ignore_index=True)
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    fk.LSTMForecaster(h=3, preset="instant", futr_exog=["price"], events=fair).fit(table).save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["networks"][0]["view"].update(n_future=2),
        lambda m: m["networks"][0]["view"].update(n_historical=-1),
        lambda m: m["covariates"][0].update(name=5),
        lambda m: m["covariates"][0].update(name="rain"),
        lambda m: m["covariates"][0].update(name="ds"),
        lambda m: m["covariates"][0].update(role="target"),
        lambda m: m["covariates"][0].update(role="hist_exog"),
        lambda m: m["covariates"].reverse(),
        lambda m: m["covariates"].pop(),
        lambda m: m["covariates"][0].update(cycle="hour"),
        lambda m: m["covariates"][2].update(cycle="moon", dates=None),
        lambda m: m["covariates"][2].pop("cycle"),
        lambda m: m["covariates"][2].update(dates=["soon"]),
        lambda m: m["covariates"][2].update(dates=["2024-99-99"]),
        lambda m: m["covariates"][2].update(dates=[]),
        lambda m: m["covariates"][2].update(dates=[1]),
        lambda m: m["covariates"][3].update(categories=["a", "a"]),
        lambda m: m["covariates"][3].update(categories=[1, 2]),
        lambda m: m["effects"].update(noise=0),
        lambda m: m["effects"].update(noise=1e300),
        lambda m: m["effects"].update(noise="much"),
        lambda m: m["effects"].update(season=10**9),
        lambda m: m["effects"].update(n_pairs=10**9),
        lambda m: m["effects"].pop("season"),
    ],
)
def test_altered_covariates_are_refused(change, with_covariates, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(with_covariates)
    read_model(path)
    rewrite_manifest(path, change)
    with pytest.raises(ModelFileError):
        read_model(path)
