"""Pretraining: a generator of synthetic series, and training runs that can be resumed."""
