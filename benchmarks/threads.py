"""Wall time and CPU time of instant fits and predictions of 1, 100 and 1,000 series.

    python benchmarks/threads.py                 # an idle machine
    python benchmarks/threads.py --busy          # with a busy loop on each CPU
    python benchmarks/threads.py --site FOLDER   # another version, from pip install --target

The number of threads is not limited, since the benchmark measures their use.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd


def write_panel(n: int, path: Path) -> None:
    """Write a CSV file of n monthly series of 100 values."""
    rng, t = np.random.default_rng(0), np.arange(100)
    months = pd.date_range("2016-01-01", periods=100, freq="MS")
    parts = []
    for k in range(n):
        y = 100 * (1 + 0.2 * np.sin(2 * np.pi * t / 12 + k) + rng.normal(0, 0.05, 100))
        parts.append(pd.DataFrame({"id": f"s{k:04d}", "month": months, "y": y.round(2)}))
    pd.concat(parts).to_csv(path, index=False)


def timed(arguments: list[str], site: str | None) -> tuple[float, float]:
    """Wall seconds and CPU seconds of a command."""
    unlimited = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    env = unlimited | ({"PYTHONPATH": site} if site else {})
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "forecastkit.cli.app", *arguments, "--quiet"]
    # outside a checkout, which would take precedence over the site
    subprocess.run(command, check=True, env=env, cwd=tempfile.gettempdir())
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--site")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 100, 1000])
    args = parser.parse_args()
    busy_loops = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range((os.cpu_count() or 1) if args.busy else 0)
    ]
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            print("series  command   wall s        CPU s")
            for n in args.sizes:
                write_panel(n, folder / "panel.csv")
                model = str(folder / "model.safetensors")
                fit = ["fit", str(folder / "panel.csv"), "--preset", "instant", "--output", model]
                predict = ["predict", model, "--output", str(folder / "forecast.csv")]
                for arguments in (fit, predict):
                    wall, cpu = timed(arguments, args.site)
                    print(f"{n:6d}  {arguments[0]:8s}  {wall:6.1f}  {cpu:11.1f}", flush=True)
    finally:
        for loop in busy_loops:
            loop.kill()


if __name__ == "__main__":
    main()
