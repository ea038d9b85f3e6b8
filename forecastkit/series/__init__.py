"""Panels of series: transforms, seasonal components, covariate effects and network inputs."""
