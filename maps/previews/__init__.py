"""The pictures of maps as files: made, served and deleted."""
