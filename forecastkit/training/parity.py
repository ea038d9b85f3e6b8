"""The promise that training and prediction agree: Keras network against NumPy predictor."""

from __future__ import annotations

import numpy as np

from forecastkit.errors import TrainingError
from forecastkit.model.model import FittedModel
from forecastkit.network.runtime import network_outputs

TOLERANCE = 1e-5
_SERIES = 64


def check_parity(fitted: FittedModel) -> float:
    """Compare the two on the model's own series and return the largest difference.

    Returns
    -------
    float
        Relative to the largest output.

    Raises
    ------
    TrainingError
        If it is above `TOLERANCE`.
    """
    from forecastkit.training.build import build, set_weights

    panel = fitted.history.panel
    panel = panel.take(np.arange(min(_SERIES, panel.n_series)))
    series = np.arange(panel.n_series)
    worst, built = 0.0, {}
    for member in fitted.blend.members:
        view = member.network.view
        if member.network not in built:
            windows = fitted.blend.windows(panel, view)
            cutoffs = windows.cutoffs(series, panel.lengths - 1)
            seen = windows.inputs(series, cutoffs), windows.future(series, cutoffs)
            built[member.network] = build(member.network, seed=0), seen
        model, (x, told) = built[member.network]
        set_weights(model, member.weights)
        by_keras = model([x, told] if view.n_future else x, training=False).numpy()[:, -1]
        by_numpy = network_outputs(member.network, member.weights, x, told[:, -1])
        size = max(float(np.abs(by_keras).max()), 1e-3)
        worst = max(worst, float(np.abs(by_keras - by_numpy).max()) / size)
    if not worst <= TOLERANCE:
        raise TrainingError(
            f"The NumPy predictor differs from the Keras network by {worst:.1e}, more than "
            f"{TOLERANCE:.0e}.",
            fix="Report this: the model was not saved.",
        )
    return worst
