"""Collections of maps that players make, order and share."""
