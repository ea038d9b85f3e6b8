"""Series tables: checks, frequency inference, covariates, datasets and output files."""
