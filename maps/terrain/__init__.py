"""The content of a map: grid, validation, paths, waves, generator. Does not use Django."""
