"""Filters for templates of every application."""
