"""Tests of tribes."""
