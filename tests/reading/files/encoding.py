"""Encodings, byte order marks, line endings, compression."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from dataclasses import replace

from reading.files.case import FIVE_DAYS, FIVE_DAYS_REPORT, Accepted, Refused, Report


def zipped(*members: tuple[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return file.getvalue()


ACCEPTED = (
    Accepted("utf-8 with a byte order mark", "\ufeff" + FIVE_DAYS, FIVE_DAYS_REPORT),
    Accepted("utf-16 with a byte order mark", FIVE_DAYS.encode("utf-16"), FIVE_DAYS_REPORT),
    Accepted(
        "utf-16-le without a byte order mark", FIVE_DAYS.encode("utf-16-le"), FIVE_DAYS_REPORT
    ),
    Accepted(
        "utf-16-be without a byte order mark", FIVE_DAYS.encode("utf-16-be"), FIVE_DAYS_REPORT
    ),
    Accepted(
        "concatenated files, each with a byte order mark",
        "\ufeff" + FIVE_DAYS + "\ufeffdate,sales\n2024-01-06,6\n",
        Report(rows=6, total=21, freq="D", start="2024-01-01", end="2024-01-06"),
    ),
    Accepted(
        "cp1252",
        FIVE_DAYS.replace("sales", "Umsätze €").encode("cp1252"),
        replace(FIVE_DAYS_REPORT, ids=("Umsätze €",), assumption="encoding cp1252"),
    ),
    Accepted("CRLF line endings", FIVE_DAYS.replace("\n", "\r\n"), FIVE_DAYS_REPORT),
    Accepted("CR line endings", FIVE_DAYS.replace("\n", "\r"), FIVE_DAYS_REPORT),
    Accepted("no line ending on the last line", FIVE_DAYS.rstrip("\n"), FIVE_DAYS_REPORT),
    Accepted("a DOS end-of-file character", FIVE_DAYS.encode() + b"\x1a", FIVE_DAYS_REPORT),
    Accepted(
        "gzip",
        gzip.compress(FIVE_DAYS.encode()),
        replace(FIVE_DAYS_REPORT, assumption="decompressed from gzip"),
    ),
    Accepted(
        "bz2",
        bz2.compress(FIVE_DAYS.encode()),
        replace(FIVE_DAYS_REPORT, assumption="decompressed from bz2"),
    ),
    Accepted(
        "xz",
        lzma.compress(FIVE_DAYS.encode()),
        replace(FIVE_DAYS_REPORT, assumption="decompressed from xz"),
    ),
    Accepted(
        "zip",
        zipped(("a.csv", FIVE_DAYS), ("__MACOSX/a", "x")),
        replace(FIVE_DAYS_REPORT, assumption="from zip"),
    ),
)

REFUSED = (
    Refused("NUL bytes", FIVE_DAYS.replace(",3", ",\x003"), "NUL bytes", row=4),
    Refused("a PNG image", b"\x89PNG\r\n\x1a\n" + bytes(range(1, 32)) * 20, "not a text file"),
    Refused("an Excel workbook", zipped(("xl/workbook.xml", "x")), "Excel workbook"),
    Refused(
        "two files in a zip archive", zipped(("a.csv", FIVE_DAYS), ("b.csv", FIVE_DAYS)), "2 files"
    ),
    Refused(
        "a truncated gzip file",
        gzip.compress(FIVE_DAYS.encode() * 50)[:60],
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
        FIVE_DAYS.replace("sales", "Umsätze").encode() + b"2024-01-06,\xff\n",
        "UTF-8 except for 1 invalid byte (first: 0xff)",
        row=7,
    ),
)
