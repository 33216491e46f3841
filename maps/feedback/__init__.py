"""What players think of a map: ratings and favourites."""
