"""Names that columns usually have in tables of time series."""

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
_ID_ENDINGS = ("_id", "_nbr", "_no", "_number", "_code", "_key")
TARGET_NAMES = (
    *("y", "target", "value", "values", "sales", "qty", "quantity", "demand", "units", "cnt"),
    *("count", "amount", "close", "adj_close", "revenue", "units_sold", "unit_sales", "total"),
    *("volume",),
)
LAST = 99


def rank(name: str, known: tuple[str, ...]) -> int:
    """Place of a column's name among known ones; LAST where it is none of them.

    Examples
    --------
    >>> rank("Order Date", TIME_NAMES) < LAST, rank("weight", TARGET_NAMES)
    (True, 99)
    """
    bare = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "_", bare).strip("_")
    if plain in known:
        return known.index(plain)
    return len(known) if known is ID_NAMES and plain.endswith(_ID_ENDINGS) else LAST


def is_known(name: str) -> bool:
    """Whether a name is usual for a time, an id or a target."""
    return min(rank(name, one) for one in (TIME_NAMES, ID_NAMES, TARGET_NAMES)) < LAST


def by_rank(known: tuple[str, ...]) -> Callable[[str], int]:
    """Key that sorts names of columns by their place among known ones."""
    return lambda name: rank(name, known)
