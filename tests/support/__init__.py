"""Helpers that several test modules share. Test modules never import from each other."""
