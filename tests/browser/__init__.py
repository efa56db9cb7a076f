"""A real browser: how it is started, and pictures of every page."""
