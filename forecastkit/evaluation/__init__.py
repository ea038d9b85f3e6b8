"""Evaluation of forecasts: metrics, baselines, backtests and significance."""
