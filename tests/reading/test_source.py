"""Bytes of a file: no more memory than there are bytes, nothing that has no end."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading

import pytest

import forecastkit as fk
from forecastkit.errors import DataError, UnknownFileError
from forecastkit.reading.source import read_source


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are Linux's")
def test_a_small_file_is_read_where_memory_is_limited(tmp_path):
    fk.datasets.write("air_passengers", tmp_path / "air.csv")
    code = (
        "import resource\n"
        "import forecastkit as fk, pandas, pyarrow\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, used + 2**30))\n"
        f"print(len(fk.read_csv({str(tmp_path / 'air.csv')!r})))\n"
        f"print(len(fk.read_csv({str(tmp_path / 'air.csv')!r}, max_bytes=10**12)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["144", "144"], done.stderr


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused(device):
    with pytest.raises(UnknownFileError, match="is a device, not a file"):
        read_source(device)


def test_the_size_is_looked_up_before_reading(tmp_path, monkeypatch):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(2**34)  # sparse
    with pytest.raises(DataError, match="more than 1,000 bytes"):
        read_source(path, most_bytes=1000)


def test_standard_input_has_the_limit_too(monkeypatch):
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def read(self, size=-1):
            return b"x" * size

    class Stdin:
        buffer = Endless()

    monkeypatch.setattr(sys, "stdin", Stdin())
    with pytest.raises(DataError, match="more than 5,000,000 bytes"):
        read_source("-", most_bytes=5_000_000)


def test_a_fifo_is_read_to_its_end(tmp_path):
    path = tmp_path / "fifo.csv"
    os.mkfifo(path)
    text = b"day,y\n" + b"2024-01-01,1\n" * 200_000
    writer = threading.Thread(target=lambda: path.write_bytes(text))
    writer.start()
    assert read_source(path).data == text
    writer.join()
