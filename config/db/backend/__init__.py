"""Django's PostgreSQL backend, with foreign keys that delete rows in the database."""
