"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked `gpu` if TensorFlow finds no GPU."""
    if item.get_closest_marker("gpu"):
        import tensorflow as tf

        if not tf.config.list_physical_devices("GPU"):
            pytest.skip("TensorFlow finds no GPU")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def write(tmp_path: Path):
    """Function that writes text to a file in a temporary folder and returns its path."""

    def to_file(text: str, name: str = "sales.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return to_file


@pytest.fixture(scope="session")
def monthly() -> pd.DataFrame:
    """Series table of three seasonal monthly series of different lengths."""
    rng = np.random.default_rng(3)
    parts = []
    for name, n in (("a", 60), ("b", 48), ("c", 72)):
        days = pd.date_range("2015-01-01", periods=n, freq="MS")
        season = np.sin(2 * np.pi * np.arange(n) / 12)
        y = 100 + 0.5 * np.arange(n) + 20 * season + rng.normal(0, 3, n)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y}))
    return pd.concat(parts, ignore_index=True)
