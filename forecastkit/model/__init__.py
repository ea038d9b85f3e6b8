"""What a fitted model is, and everything that it does without Keras."""
