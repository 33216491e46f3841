"""Games that have started: the map and tribes they are played with, and their state."""
