"""Reference implementations in plain loops, as oracles for the vectorised code."""

from __future__ import annotations

import math

import numpy as np


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def rnn(x, W, U, b):
    """Hidden states of a simple recurrent network at all steps, in scalar arithmetic."""
    n, units = len(x), len(b)
    h, out = [0.0] * units, []
    for t in range(n):
        h = [
            math.tanh(
                sum(x[t][k] * W[k][j] for k in range(len(x[t])))
                + sum(h[k] * U[k][j] for k in range(units))
                + b[j]
            )
            for j in range(units)
        ]
        out.append(h)
    return np.array(out)


def lstm(x, W, U, b):
    """Hidden states at all steps and last cell state of an LSTM, gates in the order i, f, g, o."""
    units = len(b) // 4
    h, c, out = [0.0] * units, [0.0] * units, []
    for t in range(len(x)):

        def z(gate, j, t=t, h=h):
            column = gate * units + j
            return (
                sum(x[t][k] * W[k][column] for k in range(len(x[t])))
                + sum(h[k] * U[k][column] for k in range(units))
                + b[column]
            )

        i = [sigmoid(z(0, j)) for j in range(units)]
        f = [sigmoid(z(1, j)) for j in range(units)]
        g = [math.tanh(z(2, j)) for j in range(units)]
        o = [sigmoid(z(3, j)) for j in range(units)]
        c = [f[j] * c[j] + i[j] * g[j] for j in range(units)]
        h = [o[j] * math.tanh(c[j]) for j in range(units)]
        out.append(h)
    return np.array(out), np.array(c)


def gru(x, W, U, b, c):
    """All hidden states of a GRU with gates z, r and candidate; the reset gate after U h + c."""
    units = len(b) // 3
    h, out = [0.0] * units, []
    for t in range(len(x)):

        def of_x(gate, j, t=t):
            column = gate * units + j
            return sum(x[t][k] * W[k][column] for k in range(len(x[t]))) + b[column]

        def of_h(gate, j, h=h):
            column = gate * units + j
            return sum(h[k] * U[k][column] for k in range(units)) + c[column]

        z = [sigmoid(of_x(0, j) + of_h(0, j)) for j in range(units)]
        r = [sigmoid(of_x(1, j) + of_h(1, j)) for j in range(units)]
        g = [math.tanh(of_x(2, j) + r[j] * of_h(2, j)) for j in range(units)]
        h = [z[j] * h[j] + (1 - z[j]) * g[j] for j in range(units)]
        out.append(h)
    return np.array(out)


def gru_reset_before(x, W, U, b):
    """All hidden states of a GRU whose reset gate multiplies h before the recurrent product."""
    units = len(b) // 3
    h, out = [0.0] * units, []
    for t in range(len(x)):

        def z_of(gate, j, state, t=t):
            column = gate * units + j
            return (
                sum(x[t][k] * W[k][column] for k in range(len(x[t])))
                + sum(state[k] * U[k][column] for k in range(units))
                + b[column]
            )

        z = [sigmoid(z_of(0, j, h)) for j in range(units)]
        r = [sigmoid(z_of(1, j, h)) for j in range(units)]
        reset = [r[j] * h[j] for j in range(units)]
        g = [math.tanh(z_of(2, j, reset)) for j in range(units)]
        h = [z[j] * h[j] + (1 - z[j]) * g[j] for j in range(units)]
        out.append(h)
    return np.array(out)


def components(z, m, alphas, season_decay=0.8, noise_decay=0.98, error_decay=0.995):
    """Components of one series at its last step, from a loop over all steps.

    Missing values are NaN. Returns level, alpha, slope, noise and the season by phase.
    """
    n, half = len(z), m // 2
    weight, total, square = np.zeros(m), np.zeros(m), np.zeros(m)
    level = error = None
    previous, change, pairs = None, 0.0, 0.0
    season = np.zeros(m)
    for t in range(n):
        if m > 1 and t - half >= 0:
            middle, phase = t - half, (t - half) % m
            if middle - half >= 0:
                window = z[middle - half : t + 1]
                weights = np.ones(2 * half + 1) / m
                if m % 2 == 0:
                    weights[[0, -1]] /= 2
                observed = ~np.isnan(window)
                share = weights[observed].sum()
                total_weighted = (weights[observed] * window[observed]).sum()
                average = total_weighted / share if share >= 0.75 else np.nan
                r = z[middle] - average
            else:
                r = np.nan
            for moment, value in ((weight, 1.0), (total, r), (square, r * r)):
                moment[phase] *= season_decay
                if not np.isnan(r):
                    moment[phase] += value
            season = _season(weight, total, square, m)
        if np.isnan(z[t]):
            continue
        x = z[t] - (season[t % m] if m > 1 else 0.0)
        if level is None:
            level, error = np.full(len(alphas), x), np.zeros(len(alphas))
        else:
            e = x - level
            level = level + alphas * e
            error = error_decay * error + e**2
            change, pairs = noise_decay * change + abs(x - previous), noise_decay * pairs + 1
        previous = x
    observed = ~np.isnan(z)
    time = np.arange(n)[observed]
    adjusted = z[observed] - np.array([season[t % m] if m > 1 else 0.0 for t in time])
    slope = np.polyfit(time, adjusted, 1)[0] if len(time) >= 3 else 0.0
    best = int(np.argmin(error))
    return {
        "level": level[best],
        "alpha": alphas[best],
        "slope": slope,
        "noise": change / max(pairs, 1),
        "season": season,
    }


def _season(weight, total, square, m):
    """Seasonal means by phase, shrunk by the variance within phases over that between them."""
    mean = np.where(weight > 0, total / np.maximum(weight, 1e-9), 0.0)
    season = mean - mean.mean()
    degrees = weight.sum() - m
    if (weight <= 0.1).any() or degrees < 0.5 * m:
        return np.zeros(m)
    within = (square - total**2 / np.maximum(weight, 1e-9)).sum() / degrees
    between = (season**2).sum() / (m - 1)
    noise = within / weight.mean()
    return season * np.clip(1 - noise / max(between, 1e-12), 0, 1)
