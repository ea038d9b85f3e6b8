"""Output files: atomic writes, links, devices and permissions; inputs are not overwritten."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading

import pytest

from forecastkit.errors import OptionError, WriteError
from forecastkit.files import check_outputs, check_writable, write_whole


def test_a_symbolic_link_is_followed(tmp_path):
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_symbolic_link_to_a_missing_file_is_followed(tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "later.csv")
    write_whole(tmp_path / "link.csv", b"new")
    assert (tmp_path / "later.csv").read_bytes() == b"new"
    assert (tmp_path / "link.csv").is_symlink()


def test_existing_permissions_are_preserved(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_whole(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o022, 0o644)])
def test_a_new_file_follows_the_umask(umask, mode, tmp_path):
    previous = os.umask(umask)
    try:
        write_whole(tmp_path / "new", b"x")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode


def test_a_fifo_is_written_to_and_not_replaced(tmp_path):
    path, received = tmp_path / "fifo", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    reader.start()
    write_whole(path, b"text")
    reader.join()
    assert received == [b"text"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_device_is_not_replaced():
    write_whole("/dev/null", b"text")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_standard_output_by_path_is_appended_to(tmp_path):
    code = "from forecastkit.files import write_whole; write_whole('/dev/stdout', b'new\\n')"
    (tmp_path / "log").write_text("old\n")
    with (tmp_path / "log").open("ab") as log:
        subprocess.run([sys.executable, "-c", code], stdout=log, check=True)
    assert (tmp_path / "log").read_text() == "old\nnew\n"


def test_a_failed_write_leaves_the_folder_unchanged(tmp_path, monkeypatch):
    path = tmp_path / "m"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(WriteError, match="full|No space"):
        write_whole(path, b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["m"]
    assert path.read_bytes() == b"old"


def test_long_file_names_are_supported(tmp_path):
    write_whole(tmp_path / ("n" * 250), b"x")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("alias", ["same", "symbolic", "hard", "other spelling"])
def test_an_output_that_is_also_an_input_is_rejected(alias, tmp_path):
    source, output = tmp_path / "sales.csv", tmp_path / "other.csv"
    source.write_text("x")
    if alias == "same":
        output = source
    elif alias == "symbolic":
        output.symlink_to(source)
    elif alias == "hard":
        os.link(source, output)
    else:
        output = tmp_path / "." / "sales.csv"
    with pytest.raises(OptionError, match="the same file as the input"):
        check_outputs({"--output": str(output)}, {"the input": str(source)})


def test_two_outputs_with_the_same_path_are_rejected(tmp_path):
    path = str(tmp_path / "x.png")
    with pytest.raises(OptionError, match="--output and --plot name the same file"):
        check_outputs({"--output": path, "--plot": path}, {})


def test_devices_may_be_used_twice():
    check_outputs({"--output": "/dev/null", "--plot": "/dev/null"}, {"the input": "/dev/null"})


def test_unwritable_paths_are_rejected(tmp_path):
    with pytest.raises(WriteError, match="is a folder"):
        check_writable(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteError, match="cannot be written"):
        check_writable(tmp_path / "file" / "below")
