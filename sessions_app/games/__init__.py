"""Games after their start: the map and tribes they are played with, and their state."""
