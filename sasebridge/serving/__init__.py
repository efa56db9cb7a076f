"""How the product runs: all in one process, or as the parent of several."""
