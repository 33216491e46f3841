"""The content of a map: grid, validation, paths, waves, generator. Pure of Django."""
