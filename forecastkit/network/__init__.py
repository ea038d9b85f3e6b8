"""The network: its configuration, its Keras model, the same in NumPy, and its training."""
