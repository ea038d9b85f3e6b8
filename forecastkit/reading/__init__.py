"""Files to series tables: bytes, text, cells, columns, and every assumption reported."""
