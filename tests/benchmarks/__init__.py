"""Figures with their budgets, never asserted: machines differ, and some are busy."""
