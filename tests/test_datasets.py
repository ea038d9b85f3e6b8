"""The sample data: whole, licensed, as its README says."""

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
def test_each_is_as_the_readme_says(name, readme):
    digest = hashlib.sha256(fk.datasets.path(name).read_bytes()).hexdigest()
    row = next(line for line in readme.splitlines() if f"`{name}.csv`" in line)
    about = next(one for one in fk.datasets.about() if one["name"] == name)
    assert digest in readme
    assert f"| {about['freq']} |" in row
    assert re.search(rf"\| {about['rows']:,} ", row)


def test_the_invented_sales_are_made_by_the_generator():
    assert make_sales().to_csv(index=False) == fk.datasets.path("sales").read_text()


def test_gaps_are_there():
    days = fk.datasets.load("melbourne_temperature")["ds"]
    assert (days.diff().dt.days == 2).sum() == 2
