"""The bulk reader: the same tables and errors as those of the general reader."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecastkit.errors import DataError
from forecastkit.reading import bulk, reader
from forecastkit.reading.bulk import read_bulk
from forecastkit.reading.reader import read_csv


def panel(shape):
    """Table of 30 series of 40 days."""
    rng = np.random.default_rng(4)
    timestamps = pd.date_range("2024-01-01", periods=40)
    if shape == "wide":
        return pd.DataFrame(rng.random((40, 30)), columns=[f"s{k}" for k in range(30)]).assign(
            date=timestamps
        )
    ids = np.repeat([f"{k:03}" for k in range(30)], 40)
    frame = pd.DataFrame({"id": ids, "date": np.tile(timestamps, 30), "y": rng.random(1200)})
    if shape == "covariates":
        frame["price"] = np.round(rng.random(1200), 2)
        frame["kind"] = np.where(rng.random(1200) < 0.5, "a", "b")
    if shape == "unsorted":
        frame = frame.sample(frac=1.0, random_state=1)
    if shape == "gaps":
        frame.loc[rng.random(1200) < 0.1, "y"] = np.nan
        frame = frame[rng.random(1200) > 0.1]
    return frame


@pytest.mark.parametrize("parser", ["pandas", "pyarrow"])
@pytest.mark.parametrize("shape", ["long", "wide", "covariates", "unsorted", "gaps"])
def test_fast_path_matches_general_reader(shape, parser, tmp_path, monkeypatch):
    if parser == "pyarrow":
        pytest.importorskip("pyarrow")
    else:
        monkeypatch.setattr(bulk, "find_spec", lambda name: None)
    path = tmp_path / "panel.csv"
    frame = panel(shape)
    frame.to_csv(path, index=False)
    general = read_csv(path)
    calls = []

    def read_any_size(source, options, covariates):
        calls.append(read_bulk(source, options, covariates, min_bytes=0))
        return calls[-1]

    monkeypatch.setattr(reader, "read_bulk", read_any_size)
    fast = read_csv(path)
    assert calls[0] is not None
    pd.testing.assert_frame_equal(fast, general)
    assert fast.attrs == general.attrs


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", ",1\n", 700).replace(
            ",1\n", "\n", 699
        ),  # a line that is too long
        lambda text: text[: text.rindex(",")] + "\n",  # a line that is too short
        lambda text: text + "030,2024-01-01,inf\n",
        lambda text: text + "030,2024-01-01,Nan\n",
        lambda text: text + "030,2024-01-01,word\n",
        lambda text: text + "030,2024-99-01,1\n",
        lambda text: text + "\n\n,2024-01-01,1\n",
        lambda text: text + '030,2024-01-01,"1\n',
        lambda text: text + "000,2024-01-01,77\n",
    ],
)
def test_errors_beyond_the_sample_have_a_row(change, tmp_path, monkeypatch):
    path = tmp_path / "panel.csv"
    path.write_text(change(panel("long").to_csv(index=False)))
    with pytest.raises(DataError) as general:
        read_csv(path)
    monkeypatch.setattr(reader, "read_bulk", lambda *args: read_bulk(*args, min_bytes=0))
    with pytest.raises(DataError) as fast:
        read_csv(path)
    assert str(fast.value) == str(general.value)
    assert fast.value.row
