"""From series tables to forecast tables: fit, predict, and the model file between them."""
