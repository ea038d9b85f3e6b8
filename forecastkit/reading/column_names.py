"""Common column names in tables of time series."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

TIME_NAMES = (
    *("ds", "date", "datetime", "timestamp", "time", "dteday", "day", "week", "month", "quarter"),
    *("year", "period", "date_time", "week_start", "week_ending", "order_date", "invoice_date"),
    *("time_stamp", "transaction_date", "year_month", "yearmonth", "year_week", "yearweek"),
    *("datum", "zeit", "fecha", "data", "jour", "jahr", "monat", "tag", "woche", "quartal"),
    *("annee", "mois", "semaine", "trimestre", "ano", "anno", "mes", "mese", "semana"),
    *("time_period", "fiscal_year", "unix_time", "unix", "epoch", "ref_date", "reference_date"),
    *("month_year", "calmonth", "0calmonth", "periode", "step", "t"),
)
ID_NAMES = (
    *("unique_id", "item_id", "series_id", "series", "id", "sku", "product", "item", "store"),
    *("key", "name", "segment", "symbol", "ticker", "product_id", "store_id", "shop", "region"),
    *("country", "location", "state", "city", "dept", "department", "warehouse", "meter"),
    *("sensor", "station", "family"),
)
_ID_SUFFIXES = ("_id", "_nbr", "_no", "_number", "_code", "_key")
TARGET_NAMES = (
    *("y", "target", "value", "values", "sales", "qty", "quantity", "demand", "units", "cnt"),
    *("count", "amount", "close", "adj_close", "revenue", "units_sold", "unit_sales", "total"),
    *("volume",),
)
UNLISTED = 99


def rank(name: str, common_names: tuple[str, ...]) -> int:
    """Rank of a column's name among common names; UNLISTED if it is not one of them.

    Examples
    --------
    >>> rank("Order Date", TIME_NAMES) < UNLISTED, rank("weight", TARGET_NAMES)
    (True, 99)
    """
    ascii_name = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    normalized = re.sub(r"[^a-z0-9]+", "_", ascii_name).strip("_")
    if normalized in common_names:
        return common_names.index(normalized)
    return (
        len(common_names)
        if common_names is ID_NAMES and normalized.endswith(_ID_SUFFIXES)
        else UNLISTED
    )


def is_common_name(name: str) -> bool:
    """Whether a name is common for a time, id or target column."""
    return (
        min(rank(name, common_names) for common_names in (TIME_NAMES, ID_NAMES, TARGET_NAMES))
        < UNLISTED
    )


def by_rank(common_names: tuple[str, ...]) -> Callable[[str], int]:
    """Return a sort key: the rank of a column's name among common names."""
    return lambda name: rank(name, common_names)
