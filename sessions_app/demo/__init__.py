"""Generated data for an empty database: players, maps, tribes and games."""
