"""Missing periods: fill rules, and the error of `fill="error"`."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.errors import DataError
from forecastkit.reading.reader import read_csv


def lines(*rows):
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("none", [1, 4, np.nan, 8]),
        ("zero", [1, 0, 4, 0, 8]),
        ("previous", [1, 1, 4, 4, 8]),
        ("linear", [1, 2.5, 4, 6, 8]),
    ],
)
def test_missing_periods_are_filled_by_rule(fill, expected, write):
    text = lines("date,y", "2024-01-01,1", "2024-01-03,4", "2024-01-04,", "2024-01-05,8")
    np.testing.assert_array_equal(read_csv(write(text), fill=fill)["y"], expected)


def test_missing_periods_are_an_error_on_request(write):
    text = lines("date,y", "2024-01-01,1", "2024-01-02,2", "2024-01-04,4")
    with pytest.raises(DataError, match=r"1 of 4 periods has no value.*2024-01-03 of series 'y'"):
        read_csv(write(text), fill="error")
