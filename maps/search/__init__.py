"""Finding maps: the query language, its SQL, ranking and spelling."""
