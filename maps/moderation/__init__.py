"""Moderation of maps: moderators hide and restore them."""
