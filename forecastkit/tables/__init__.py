"""Series tables: read, checked, their frequency found."""
