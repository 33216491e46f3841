"""The browser of maps: lists, filters, cards, terrain, and their caches."""
