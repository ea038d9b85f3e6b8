"""Statistical forecasting methods on panels of series: arrays in, arrays out."""
