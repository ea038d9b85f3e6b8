"""How a model is fitted: Keras and TensorFlow are loaded here only."""
