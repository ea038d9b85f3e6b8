"""Generate `sales.csv`: simulated daily sales of 24 products, from a seeded generator.

    python -m forecastkit.datasets.make_sales sales.csv

Sales are negative binomial counts. Their log mean is a random walk with a trend, plus weekday and
yearly seasonality, plus effects of price, promotions and public holidays. Some products are
launched later, one is discontinued, the shop is closed on Christmas Day (no row), and a few days
are missing.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

SEED = 20240229
N_PRODUCTS = 24
DAYS = pd.date_range("2023-01-01", "2024-12-29")
# public holidays of the United States in these years on which the shop is open
HOLIDAYS = pd.to_datetime(
    [
        *("2023-01-01", "2023-01-02", "2023-01-16", "2023-02-20", "2023-05-29", "2023-06-19"),
        *("2023-07-04", "2023-09-04", "2023-10-09", "2023-11-11", "2023-11-23", "2024-01-01"),
        *("2024-01-15", "2024-02-19", "2024-05-27", "2024-06-19", "2024-07-04", "2024-09-02"),
        *("2024-10-14", "2024-11-11", "2024-11-28"),
    ]
)


def make_sales(seed: int = SEED) -> pd.DataFrame:
    """Generate a table with columns product, date, units, price, promo, holiday.

    Examples
    --------
    >>> make_sales().equals(make_sales())
    True
    """
    rng = np.random.default_rng(seed)
    parts = [_product(number, rng) for number in range(1, N_PRODUCTS + 1)]
    return pd.concat(parts, ignore_index=True)


def _product(number: int, rng: np.random.Generator) -> pd.DataFrame:
    n, days = len(DAYS), np.arange(len(DAYS))
    trend = np.cumsum(rng.normal(0, 0.012, n)) + rng.normal(0, 0.15) * days / 365
    weekday = np.append(rng.normal(0, 0.12, 5), rng.normal(0.35, 0.15, 2))
    sine, cosine = rng.normal(0, 0.18, 2)
    angle = 2 * np.pi * DAYS.day_of_year.to_numpy() / 365.25
    price, base_price, promo = _prices(rng, n)
    holiday = DAYS.isin(HOLIDAYS)
    log_mean = (
        rng.uniform(1.5, 5.0)
        + trend
        + weekday[DAYS.day_of_week]
        + sine * np.sin(angle)
        + cosine * np.cos(angle)
        - rng.uniform(1.0, 2.5) * np.log(price / base_price)
        + rng.uniform(0.2, 0.6) * promo
        + rng.normal(0.4, 0.2) * holiday
    )
    dispersion = rng.uniform(8, 40)
    units = rng.negative_binomial(dispersion, dispersion / (dispersion + np.exp(log_mean)))
    table = pd.DataFrame(
        {
            "product": f"P{number:02d}",
            "date": DAYS,
            "units": units,
            "price": price,
            "promo": promo,
            "holiday": holiday.astype(int),
        }
    )
    return table[_has_row(number, rng)].reset_index(drop=True)


def _prices(rng: np.random.Generator, n: int) -> tuple[np.ndarray, float, np.ndarray]:
    """Daily prices, the base price, and an indicator of week-long promotions."""
    base_price = float(np.round(np.exp(rng.normal(1.3, 0.5)), 1) + 0.09)
    n_increases = np.cumsum(rng.random(n) < 1 / 200)
    promo = np.repeat(rng.random(n // 7 + 1) < 0.1, 7)[:n].astype(int)
    price = base_price * 1.04**n_increases * np.where(promo == 1, 0.8, 1.0)
    return np.round(price, 2), base_price, promo


def _has_row(number: int, rng: np.random.Generator) -> np.ndarray:
    """Indicator of the days that the table holds, shape (n_days,)."""
    recorded = rng.random(len(DAYS)) > 0.002
    christmas = (DAYS.month == 12) & (DAYS.day == 25)
    launched = DAYS[0] + pd.Timedelta(days=int(rng.integers(60, 400))) <= DAYS
    discontinued = DAYS > "2024-09-30"
    has_row = recorded & ~christmas
    if number % 8 == 0:
        has_row &= launched
    if number == N_PRODUCTS - 1:
        has_row &= ~discontinued
    return np.asarray(has_row)


if __name__ == "__main__":
    make_sales().to_csv(sys.argv[1] if len(sys.argv) > 1 else sys.stdout, index=False)
