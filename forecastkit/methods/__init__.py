"""Statistical forecasting methods over panels: arrays in, arrays out."""
