"""Model training. Keras and TensorFlow are imported here and by the Keras layers only."""
