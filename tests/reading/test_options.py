"""Options of the readers: invalid values are refused."""

from __future__ import annotations

import pytest

from forecastkit.errors import OptionError
from forecastkit.reading.reader import read_csv


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": "||"}, "not a single character"),
        ({"date_format": "%Q"}, "not a strptime format"),
        ({"fill": "zeros"}, "no fill rule 'zeros'"),
        ({"freq": "-1D"}, "not a positive step"),
    ],
)
def test_invalid_options_are_refused(options, message, write):
    with pytest.raises(OptionError, match=message):
        read_csv(write("month,visits\n2024-01,10\n2024-02,11\n2024-03,12\n2024-04,13\n"), **options)
