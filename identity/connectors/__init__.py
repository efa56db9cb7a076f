"""Connectors: the code that speaks to one vendor each, over one contract."""
