"""The sample data sets are intact and described by their README."""

from __future__ import annotations

import hashlib
import re

import pytest
from forecastkit.datasets.make_sales import make_sales

import forecastkit as fk


@pytest.fixture
def readme():
    return (fk.datasets.path("sales").parent / "README.md").read_text()


@pytest.mark.parametrize("name", fk.datasets.names())
def test_data_sets_match_the_readme(name, readme):
    digest = hashlib.sha256(fk.datasets.path(name).read_bytes()).hexdigest()
    row = next(line for line in readme.splitlines() if f"`{name}.csv`" in line)
    summary = next(item for item in fk.datasets.about() if item["name"] == name)
    assert digest in readme
    assert f"| {summary['freq']} |" in row
    assert re.search(rf"\| {summary['rows']:,} ", row)


def test_the_sales_data_are_reproducible():
    assert make_sales().to_csv(index=False) == fk.datasets.path("sales").read_text()


def test_the_temperature_data_have_two_gaps():
    days = fk.datasets.load("melbourne_temperature")["ds"]
    assert (days.diff().dt.days == 2).sum() == 2
