"""Time and peak memory of reading a large panel, compared with `pandas.read_csv`.

    python benchmarks/reading.py [--series 100000] [--periods 100] [--runs 5] [--without-pyarrow]

A file of series x periods rows (id, day, value) is written. Each run is a separate process, pandas
and forecastkit alternately; printed are the medians and their ratio. The last line is for a file of
a million rows with an invalid number in the last row: time, memory and error message.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

_CHUNK_SERIES = 1000
_READ = """
import json, resource, sys, time
if sys.argv[3] == "without":
    sys.modules["pyarrow"] = None
    import importlib.util as util
    find_spec = util.find_spec
    util.find_spec = lambda name, *args: None if name == "pyarrow" else find_spec(name, *args)
import pandas as pd
import forecastkit as fk
read = pd.read_csv if sys.argv[1] == "pandas" else fk.read_csv
start, rows, message = time.perf_counter(), 0, ""
try:
    rows = len(read(sys.argv[2]))
except fk.errors.DataError as error:
    message = str(error).splitlines()[0]
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": seconds, "gib": peak, "rows": rows, "message": message}))
"""


def write_panel(path: Path, n_series: int, n_periods: int) -> None:
    rng = np.random.default_rng(1)
    days = pd.date_range("2024-01-01", periods=n_periods).strftime("%Y-%m-%d").to_numpy()
    with path.open("w") as file:
        file.write("unique_id,ds,y\n")
        for start in range(0, n_series, _CHUNK_SERIES):
            ids = [f"S{k:06d}" for k in range(start, min(start + _CHUNK_SERIES, n_series))]
            rows = len(ids) * n_periods
            chunk = pd.DataFrame(
                {
                    "id": np.repeat(ids, n_periods),
                    "ds": np.tile(days, len(ids)),
                    "y": np.round(rng.gamma(2, 50, rows), 2),
                }
            )
            chunk.to_csv(file, index=False, header=False)


def run_once(reader: str, path: Path, pyarrow: str) -> dict[str, float | str]:
    command = [sys.executable, "-c", _READ, reader, str(path), pyarrow]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float | str] = json.loads(process.stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--periods", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--without-pyarrow", action="store_true")
    args = parser.parse_args()
    pyarrow = "without" if args.without_pyarrow else "with"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.csv"
        write_panel(path, args.series, args.periods)
        runs: dict[str, list] = {"pandas": [], "forecastkit": []}
        for _ in range(args.runs):
            for reader, results in runs.items():
                results.append(run_once(reader, path, pyarrow))
        medians = {}
        for reader, results in runs.items():
            medians[reader] = statistics.median(result["seconds"] for result in results)
            peak = max(result["gib"] for result in results)
            print(
                f"{reader:12} {medians[reader]:6.2f} s  {peak:5.2f} GiB  {results[0]['rows']} rows"
            )
        print(f"ratio        {medians['forecastkit'] / medians['pandas']:6.2f}")
        write_panel(path, 10_000, 100)
        with path.open("a") as file:
            file.write("S009999,2024-04-10,oops\n")
        invalid = run_once("forecastkit", path, pyarrow)
        cost = f"{invalid['seconds']:6.2f} s  {invalid['gib']:5.2f} GiB"
        print(f"invalid cell {cost}  {invalid['message']}")


if __name__ == "__main__":
    main()
