"""The generated world that fills an empty database: players, maps, tribes and games."""
