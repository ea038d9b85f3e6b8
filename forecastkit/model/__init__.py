"""Fitted models: prediction, calibration, storage and diagnosis, without Keras."""
