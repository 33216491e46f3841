"""Ratings and favourites of players."""
