"""Plots of forecasts, backtests and model diagnostics."""
