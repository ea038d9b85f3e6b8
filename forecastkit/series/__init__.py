"""What one series is: level, season, scale and their inverse, and the steps a network may see."""
