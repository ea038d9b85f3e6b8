"""Parquet files."""

from __future__ import annotations

import pandas as pd
import pytest

from forecastkit.errors import DataError
from forecastkit.reading.check import check_csv
from forecastkit.reading.reader import read_csv, read_parquet


def test_parquet_files(tmp_path):
    pytest.importorskip("pyarrow")
    hours = pd.date_range("2024-10-26", periods=60, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"id": "007", "time": hours, "load": 0.1 + pd.RangeIndex(60), "hot": True})
    path = tmp_path / "load.parquet"
    frame.to_parquet(path)
    for table in (read_csv(path), read_parquet(path, target_col="load")):
        assert table["unique_id"].unique().tolist() == ["007"]
        assert str(table["ds"].dtype.tz) == "Europe/Berlin"  # both repeated hours are kept
        assert (table["y"].to_numpy() == frame["load"].to_numpy()).all()
    report = check_csv(path)
    assert (report["freq"], report["missing"]) == ("h", 0)
    frame.assign(load=frame["load"].where(frame.index != 7)).set_index("time").to_parquet(path)
    assert read_csv(path)["y"].isna().sum() == 1
    path.write_bytes(path.read_bytes()[:-40] + b"PAR1")
    with pytest.raises(DataError, match="Parquet file is damaged"):
        read_csv(path)
