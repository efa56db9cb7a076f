"""G-03: scenarios of faults on small companies, made by hypothesis, which shrinks what
fails. `make proof` runs a thousand."""
