"""Maps: made, browsed, rated, pictured and moderated."""
