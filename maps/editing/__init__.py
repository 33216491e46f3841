"""What authors do with their maps: create, change, publish and delete them."""
