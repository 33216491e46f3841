"""How often somebody may do something (rate limits), and how much one player may store (quotas)."""
