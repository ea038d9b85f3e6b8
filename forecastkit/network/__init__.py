"""The forecasting network: configuration, inference in NumPy, and pretrained weights."""
