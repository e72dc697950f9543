"""Matou 码头: the scanning client of a hospital's dock and pharmacy."""

__version__ = "0.1.0"
