"""Check that the Keras networks and the NumPy predictor agree."""

from __future__ import annotations

import numpy as np

from forecastkit.errors import TrainingError
from forecastkit.model.model import FittedModel
from forecastkit.network.runtime import network_outputs

TOLERANCE = 1e-5
_MAX_SERIES = 64


def check_parity(fitted: FittedModel) -> float:
    """Return the largest difference between Keras and NumPy outputs on the model's own series.

    Returns
    -------
    float
        Relative to the largest absolute output of the network.

    Raises
    ------
    TrainingError
        If the difference is above `TOLERANCE`.
    """
    from forecastkit.training.build import build, set_weights

    panel = fitted.history.panel
    panel = panel.take(np.arange(min(_MAX_SERIES, panel.n_series)))
    series = np.arange(panel.n_series)
    largest, built = 0.0, {}
    for member in fitted.blend.members:
        view = member.network.view
        if member.network not in built:
            windows = fitted.blend.windows(panel, view)
            cutoffs = windows.cutoffs(series, panel.lengths - 1)
            inputs = windows.inputs(series, cutoffs), windows.future(series, cutoffs)
            built[member.network] = build(member.network, seed=0), inputs
        model, (x, future) = built[member.network]
        set_weights(model, member.weights)
        by_keras = model([x, future] if view.n_future else x, training=False).numpy()[:, -1]
        by_numpy = network_outputs(member.network, member.weights, x, future[:, -1])
        scale = max(float(np.abs(by_keras).max()), 1e-3)
        largest = max(largest, float(np.abs(by_keras - by_numpy).max()) / scale)
    if not largest <= TOLERANCE:
        raise TrainingError(
            f"The NumPy predictor differs from the Keras network by {largest:.1e}, more than "
            f"{TOLERANCE:.0e}.",
            fix="Report this: the model was not saved.",
        )
    return largest
