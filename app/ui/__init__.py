"""The window: the only package that may import PySide6. Everything in it lives on the UI thread."""
