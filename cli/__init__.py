"""The command line: one command a file, thin over the public names of forecastkit."""
