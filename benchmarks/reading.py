"""Reading a large panel: seconds and peak memory, beside plain pandas.read_csv, in turn.

    python benchmarks/reading.py [--series 100000] [--periods 100] [--runs 5] [--without-pyarrow]

A file of series x periods rows (id, day, value) is made. Each run is a process of its own: pandas
reads the file, then forecastkit does; medians are printed, and the ratio. The last line is how long
a file of a million rows takes whose last row holds a word, with what is said of it.
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

_PIECE = 1000
_READ = """
import json, resource, sys, time
if sys.argv[3] == "without":
    sys.modules["pyarrow"] = None
    import importlib.util as util
    find = util.find_spec
    util.find_spec = lambda name, *rest: None if name == "pyarrow" else find(name, *rest)
import pandas as pd
import forecastkit as fk
read = pd.read_csv if sys.argv[1] == "pandas" else fk.read_csv
start, rows, said = time.perf_counter(), 0, ""
try:
    rows = len(read(sys.argv[2]))
except fk.errors.DataError as error:
    said = str(error).splitlines()[0]
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": seconds, "gib": peak, "rows": rows, "said": said}))
"""


def write_panel(path: Path, n_series: int, n_periods: int) -> None:
    rng = np.random.default_rng(1)
    days = pd.date_range("2024-01-01", periods=n_periods).strftime("%Y-%m-%d").to_numpy()
    with path.open("w") as file:
        file.write("unique_id,ds,y\n")
        for start in range(0, n_series, _PIECE):
            names = [f"S{k:06d}" for k in range(start, min(start + _PIECE, n_series))]
            rows = len(names) * n_periods
            piece = pd.DataFrame(
                {
                    "id": np.repeat(names, n_periods),
                    "ds": np.tile(days, len(names)),
                    "y": np.round(rng.gamma(2, 50, rows), 2),
                }
            )
            piece.to_csv(file, index=False, header=False)


def once(kind: str, path: Path, pyarrow: str) -> dict[str, float | str]:
    command = [sys.executable, "-c", _READ, kind, str(path), pyarrow]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float | str] = json.loads(done.stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--periods", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--without-pyarrow", action="store_true")
    options = parser.parse_args()
    pyarrow = "without" if options.without_pyarrow else "with"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.csv"
        write_panel(path, options.series, options.periods)
        runs: dict[str, list] = {"pandas": [], "forecastkit": []}
        for _ in range(options.runs):
            for kind, done in runs.items():
                done.append(once(kind, path, pyarrow))
        medians = {}
        for kind, done in runs.items():
            medians[kind] = statistics.median(one["seconds"] for one in done)
            peak = max(one["gib"] for one in done)
            print(f"{kind:12} {medians[kind]:6.2f} s  {peak:5.2f} GiB  {done[0]['rows']} rows")
        print(f"ratio        {medians['forecastkit'] / medians['pandas']:6.2f}")
        write_panel(path, 10_000, 100)
        with path.open("a") as file:
            file.write("S009999,2024-04-10,oops\n")
        bad = once("forecastkit", path, pyarrow)
        print(f"a bad cell   {bad['seconds']:6.2f} s  {bad['gib']:5.2f} GiB  {bad['said']}")


if __name__ == "__main__":
    main()
