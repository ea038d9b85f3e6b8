"""How the shipped weights are made: synthetic series, and a training run that can be resumed."""
