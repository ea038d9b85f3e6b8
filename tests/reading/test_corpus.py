"""The corpus of `reading.files`: what is read from each file, or how it is refused."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading.files import ACCEPTED, REFUSED

from forecastkit.errors import DataError, ForecastkitError
from forecastkit.reading.check import check_csv
from forecastkit.reading.reader import read_csv


def write_case(tmp_path, file):
    path = tmp_path / "odd.csv"
    path.write_bytes(file if isinstance(file, bytes) else file.encode())
    return path


@pytest.fixture(params=["python", "pyarrow"])
def string_storage(request):
    """Storage of text columns in pandas, without and with pyarrow."""
    with pd.option_context("mode.string_storage", request.param):
        yield


def date_of(timestamp):
    """Timestamp as text; midnight is omitted."""
    return str(timestamp).removesuffix("T00:00:00")


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted_files(case, tmp_path, string_storage):
    report = check_csv(write_case(tmp_path, case.file), **case.options)
    expected = case.report
    assert report["problems"] == []
    assert (report["rows"], report["freq"]) == (expected.rows, expected.freq)
    assert (report["series"], report["ids"]) == (len(expected.ids), list(expected.ids))
    assert (report["total"], report["missing"]) == (
        pytest.approx(expected.total),
        expected.missing,
    )
    assert (date_of(report["start"]), date_of(report["end"])) == (
        str(expected.start),
        str(expected.end),
    )
    assumptions = "; ".join(f"{note['what']}: {note['why']}" for note in report["assumptions"])
    assert expected.assumption in assumptions


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_files(case, tmp_path, string_storage):
    with pytest.raises(DataError) as caught:
        read_csv(write_case(tmp_path, case.file), **case.options)
    error = caught.value
    assert case.message in str(error)
    assert error.fix
    assert error.file == "odd.csv"
    for name in ("row", "column", "value"):
        expected = getattr(case, name)
        if expected is not None:
            assert getattr(error, name) == expected, name


@given(st.integers(0, 2**32), st.integers(1, 6), st.sampled_from(ACCEPTED))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_files_are_read_or_refused(tmp_path, seed, n_flips, case):
    rng = np.random.default_rng(seed)
    data = bytearray(case.file if isinstance(case.file, bytes) else case.file.encode())
    for position in rng.integers(0, len(data), n_flips):
        data[position] = rng.integers(0, 256)
    path = tmp_path / "damaged.csv"
    path.write_bytes(bytes(data[: rng.integers(1, len(data) + 1)] if seed % 3 == 0 else data))
    with contextlib.suppress(ForecastkitError):
        assert read_csv(path, **case.options)["y"].notna().any()
