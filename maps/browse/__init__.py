"""The map browser and the pages of maps: lists, filters, one map, its terrain."""
