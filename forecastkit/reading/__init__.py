"""From files to series tables: bytes, text, cells, columns; every assumption is reported."""
