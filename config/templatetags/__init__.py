"""Template filters of all applications."""
