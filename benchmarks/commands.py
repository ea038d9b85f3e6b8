"""Time and peak memory of the commands fit, predict, check, datasets and --help.

    python benchmarks/commands.py [--runs 5]

Each run is a separate process; printed are the median, minimum and maximum over the runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = {
    "--help": "--help",
    "datasets air_passengers": "datasets air_passengers --output air.csv",
    "check air.csv": "check air.csv",
    "fit air.csv": "fit air.csv",
    "fit air.csv --preset fast": "fit air.csv --preset fast",
    "predict": "predict",
    "predict model.safetensors air.csv": "predict model.safetensors air.csv",
}


def timed(command: str, folder: Path) -> tuple[float, float]:
    """Run a command; return wall seconds and peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "forecastkit.cli.app", *command.split()],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, messages = process.communicate()
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"forecastkit {command} failed:\n{messages.decode()}")
    return seconds, _peak_mib()


def _peak_mib() -> float:
    """Peak memory of the largest child process so far in MiB; 0 if not available."""
    if os.name != "posix":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print(f"{'command':36} {'median s':>9} {'min s':>7} {'max s':>7} {'peak MiB so far':>16}")
    with tempfile.TemporaryDirectory() as folder:
        for name, command in COMMANDS.items():
            times, peaks = zip(*(timed(command, Path(folder)) for _ in range(runs)), strict=True)
            median = statistics.median(times)
            print(f"{name:36} {median:9.2f} {min(times):7.2f} {max(times):7.2f} {max(peaks):16.0f}")


if __name__ == "__main__":
    main()
