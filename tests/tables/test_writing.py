"""Writing forecasts as CSV."""

from __future__ import annotations

import pandas as pd

from forecastkit.tables.writing import write_csv


def test_spreadsheet_formulas_are_escaped_on_request(tmp_path):
    table = pd.DataFrame({"unique_id": ["=1+1", "+x", "@y", "plain", "-z"], "LSTM": [-5.0] * 5})
    write_csv(table, tmp_path / "plain.csv")
    write_csv(table, tmp_path / "safe.csv", spreadsheet_safe=True)
    plain, safe = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("plain", "safe"))
    assert plain["unique_id"].tolist() == table["unique_id"].tolist()
    assert safe["unique_id"].tolist() == ["'=1+1", "'+x", "'@y", "plain", "'-z"]
    assert safe["LSTM"].tolist() == table["LSTM"].tolist()
