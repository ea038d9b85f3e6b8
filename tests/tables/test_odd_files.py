"""Files as people have them: what is found in each, or how it is refused."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from click.testing import CliRunner
from forecastkit.cli.app import main
from odd_files import REFUSED, UNDERSTOOD

from forecastkit.errors import DataError
from forecastkit.tables.check import check_csv
from forecastkit.tables.reading import read_csv


def written(tmp_path, file):
    path = tmp_path / "odd.csv"
    path.write_bytes(file if isinstance(file, bytes) else file.encode())
    return path


@pytest.fixture(params=["python", "pyarrow"])
def text_of(request):
    """Text columns as pandas keeps them without pyarrow, and with it."""
    with pd.option_context("mode.string_storage", request.param):
        yield


@pytest.mark.parametrize(
    ("file", "options", "expected"), [one[1:] for one in UNDERSTOOD], ids=[u[0] for u in UNDERSTOOD]
)
def test_what_is_understood(file, options, expected, tmp_path, text_of):
    report = check_csv(written(tmp_path, file), **options)
    assert report["problems"] == []
    facts = {name: report[name] for name in expected if name != "said"}
    for name in ("start", "end"):
        facts[name] = str(facts[name]).removesuffix("T00:00:00")
        expected = {**expected, name: str(expected[name])}
    assert facts == {
        name: pytest.approx(value) if name == "total" else value
        for name, value in expected.items()
        if name != "said"
    }
    said = "; ".join(f"{one['what']}: {one['why']}" for one in report["assumptions"])
    assert expected["said"] in said


@pytest.mark.parametrize(
    ("file", "options", "expected"), [one[1:] for one in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_is_refused(file, options, expected, tmp_path, text_of):
    with pytest.raises(DataError) as caught:
        read_csv(written(tmp_path, file), **options)
    error = caught.value
    assert expected["words"] in str(error)
    assert error.fix
    assert error.file == "odd.csv"
    for name in ("row", "column", "value"):
        if expected[name] is not None:
            assert getattr(error, name) == expected[name], name
