"""The bytes of a file: memory use, size limits, devices, standard input."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner
from forecastkit.cli.app import main

import forecastkit as fk
from forecastkit.errors import DataError, UnknownFileError
from forecastkit.reading.reader import read_csv
from forecastkit.reading.source import read_source


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory limits need Linux")
def test_reading_a_small_file_needs_little_memory(tmp_path):
    fk.datasets.write("air_passengers", tmp_path / "air.csv")
    code = (
        "import resource\n"
        "import forecastkit as fk, pandas, pyarrow\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, used + 2**30))\n"
        f"print(len(fk.read_csv({str(tmp_path / 'air.csv')!r})))\n"
        f"print(len(fk.read_csv({str(tmp_path / 'air.csv')!r}, max_bytes=10**12)))"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout.split() == ["144", "144"], process.stderr


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_devices_are_refused(device):
    with pytest.raises(UnknownFileError, match="is a device, not a file"):
        read_source(device)


def test_oversized_files_are_refused_before_reading(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(2**34)  # sparse
    with pytest.raises(DataError, match="more than 1,000 bytes"):
        read_source(path, max_bytes=1000)


def test_standard_input_has_a_size_limit(monkeypatch):
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def read(self, size=-1):
            return b"x" * size

    class Stdin:
        buffer = Endless()

    monkeypatch.setattr(sys, "stdin", Stdin())
    with pytest.raises(DataError, match="more than 5,000,000 bytes"):
        read_source("-", max_bytes=5_000_000)


def test_a_fifo_is_read_to_the_end(tmp_path):
    path = tmp_path / "fifo.csv"
    os.mkfifo(path)
    text = b"day,y\n" + b"2024-01-01,1\n" * 200_000
    writer = threading.Thread(target=lambda: path.write_bytes(text))
    writer.start()
    assert read_source(path).data == text
    writer.join()


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(UnknownFileError, match="no file"):
        read_csv(tmp_path / "nothing.csv")
    with pytest.raises(UnknownFileError, match="is a folder"):
        read_csv(tmp_path)


def test_a_file_that_changes_while_it_is_read_is_refused(write, monkeypatch):
    path = write("date,sales\n2024-01-01,1\n2024-01-02,2\n")
    original = type(path).stat
    calls = []

    def stat(self, **options):
        calls.append(self)
        if len(calls) == 3:  # stat is called for the type, the size before and the size after
            with path.open("a") as file:
                file.write("2024-01-03,3\n")
        return original(self, **options)

    monkeypatch.setattr(type(path), "stat", stat)
    with pytest.raises(DataError, match="changed while it was being read"):
        read_csv(path)


def test_standard_input_is_read():
    text = "date,sales\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"
    result = CliRunner().invoke(main, ["check", "-", "--json"], input=text)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["file"], report["total"]) == ("standard input", 6)
