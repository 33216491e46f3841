"""Games that have started: their played map, tribes and state."""
