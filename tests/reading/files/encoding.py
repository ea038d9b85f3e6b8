"""Bytes: encodings, byte order marks, line endings, compression."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from dataclasses import replace

from reading.files.case import FIVE, OF_FIVE, Accepted, Refused, Report


def zipped(*members: tuple[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return file.getvalue()


ACCEPTED = (
    Accepted("utf-8 with a byte order mark", "\ufeff" + FIVE, OF_FIVE),
    Accepted("utf-16 with a byte order mark", FIVE.encode("utf-16"), OF_FIVE),
    Accepted("utf-16-le without a byte order mark", FIVE.encode("utf-16-le"), OF_FIVE),
    Accepted("utf-16-be without a byte order mark", FIVE.encode("utf-16-be"), OF_FIVE),
    Accepted(
        "concatenated files, each with a byte order mark",
        "\ufeff" + FIVE + "\ufeffdate,sales\n2024-01-06,6\n",
        Report(rows=6, total=21, freq="D", start="2024-01-01", end="2024-01-06"),
    ),
    Accepted(
        "cp1252",
        FIVE.replace("sales", "Umsätze €").encode("cp1252"),
        replace(OF_FIVE, ids=("Umsätze €",), assumption="encoding cp1252"),
    ),
    Accepted("CRLF line endings", FIVE.replace("\n", "\r\n"), OF_FIVE),
    Accepted("CR line endings", FIVE.replace("\n", "\r"), OF_FIVE),
    Accepted("no line ending on the last line", FIVE.rstrip("\n"), OF_FIVE),
    Accepted("a DOS end-of-file character", FIVE.encode() + b"\x1a", OF_FIVE),
    Accepted(
        "gzip",
        gzip.compress(FIVE.encode()),
        replace(OF_FIVE, assumption="decompressed from gzip"),
    ),
    Accepted(
        "bz2",
        bz2.compress(FIVE.encode()),
        replace(OF_FIVE, assumption="decompressed from bz2"),
    ),
    Accepted(
        "xz",
        lzma.compress(FIVE.encode()),
        replace(OF_FIVE, assumption="decompressed from xz"),
    ),
    Accepted(
        "zip",
        zipped(("a.csv", FIVE), ("__MACOSX/a", "x")),
        replace(OF_FIVE, assumption="from zip"),
    ),
)

REFUSED = (
    Refused("NUL bytes", FIVE.replace(",3", ",\x003"), "NUL bytes", row=4),
    Refused("a PNG image", b"\x89PNG\r\n\x1a\n" + bytes(range(1, 32)) * 20, "not a text file"),
    Refused("an Excel workbook", zipped(("xl/workbook.xml", "x")), "Excel workbook"),
    Refused("two files in a zip archive", zipped(("a.csv", FIVE), ("b.csv", FIVE)), "2 files"),
    Refused(
        "a truncated gzip file",
        gzip.compress(FIVE.encode() * 50)[:60],
        "gzip file is damaged",
    ),
    Refused(
        "a gzip bomb",
        gzip.compress(bytes(3_000_000)),
        "more than 1,000,000 bytes",
        options={"max_bytes": 1_000_000},
    ),
    Refused(
        "utf-8 with an invalid byte",
        FIVE.replace("sales", "Umsätze").encode() + b"2024-01-06,\xff\n",
        "UTF-8 except for 1 invalid byte (first: 0xff)",
        row=7,
    ),
)
