"""Django's PostgreSQL backend, with foreign keys that act in the database as the ORM does."""
