"""What all apps need of PostgreSQL: pools, constraints, keyset pages, notifications."""
