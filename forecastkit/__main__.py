"""The command line as a module: `python -m forecastkit`."""

from importlib import import_module

if __name__ == "__main__":
    import_module("forecastkit.cli.app").main(prog_name="forecastkit")
