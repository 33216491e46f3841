"""The browser of maps: lists, filters, cards, terrain, and what is cached of them."""
