"""Makes `sales.csv`: invented daily sales of 24 products, by a seeded generator.

    python -m forecastkit.datasets.make_sales sales.csv

Sales are counts around a level that drifts, times a weekday pattern, a yearly pattern, the effect
of the price, of promotions and of public holidays. Some products start late, one is given up, the
shop is closed on Christmas Day (no row), and a few days were never booked.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

SEED = 20240229
N_PRODUCTS = 24
DAYS = pd.date_range("2023-01-01", "2024-12-29")
# public holidays of the United States on which the shop is open, in the two years
HOLIDAYS = pd.to_datetime(
    [
        *("2023-01-01", "2023-01-02", "2023-01-16", "2023-02-20", "2023-05-29", "2023-06-19"),
        *("2023-07-04", "2023-09-04", "2023-10-09", "2023-11-11", "2023-11-23", "2024-01-01"),
        *("2024-01-15", "2024-02-19", "2024-05-27", "2024-06-19", "2024-07-04", "2024-09-02"),
        *("2024-10-14", "2024-11-11", "2024-11-28"),
    ]
)


def make_sales(seed: int = SEED) -> pd.DataFrame:
    """Make the table: product, date, units, price, promo, holiday.

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
    drift = np.cumsum(rng.normal(0, 0.012, n)) + rng.normal(0, 0.15) * days / 365
    week = np.append(rng.normal(0, 0.12, 5), rng.normal(0.35, 0.15, 2))
    year = rng.normal(0, 0.18, 2)
    angle = 2 * np.pi * DAYS.day_of_year.to_numpy() / 365.25
    price, usual, promo = _prices(rng, n)
    holiday = DAYS.isin(HOLIDAYS)
    log_rate = (
        rng.uniform(1.5, 5.0)
        + drift
        + week[DAYS.day_of_week]
        + year[0] * np.sin(angle)
        + year[1] * np.cos(angle)
        - rng.uniform(1.0, 2.5) * np.log(price / usual)
        + rng.uniform(0.2, 0.6) * promo
        + rng.normal(0.4, 0.2) * holiday
    )
    size = rng.uniform(8, 40)
    units = rng.negative_binomial(size, size / (size + np.exp(log_rate)))
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
    return table[_on_sale(number, rng)].reset_index(drop=True)


def _prices(rng: np.random.Generator, n: int) -> tuple[np.ndarray, float, np.ndarray]:
    """Price of each day, the first price, and whether there is a promotion (a week long)."""
    usual = float(np.round(np.exp(rng.normal(1.3, 0.5)), 1) + 0.09)
    raises = np.cumsum(rng.random(n) < 1 / 200)
    promo = np.repeat(rng.random(n // 7 + 1) < 0.1, 7)[:n].astype(int)
    price = usual * 1.04**raises * np.where(promo == 1, 0.8, 1.0)
    return np.round(price, 2), usual, promo


def _on_sale(number: int, rng: np.random.Generator) -> np.ndarray:
    """Days that have a row."""
    booked = rng.random(len(DAYS)) > 0.002
    christmas = (DAYS.month == 12) & (DAYS.day == 25)
    late = DAYS[0] + pd.Timedelta(days=int(rng.integers(60, 400))) <= DAYS
    given_up = DAYS > "2024-09-30"
    keep = booked & ~christmas
    if number % 8 == 0:
        keep &= late
    if number == N_PRODUCTS - 1:
        keep &= ~given_up
    return np.asarray(keep)


if __name__ == "__main__":
    make_sales().to_csv(sys.argv[1] if len(sys.argv) > 1 else sys.stdout, index=False)
