"""The pictures of maps as files: rendering, serving and deleting them."""
