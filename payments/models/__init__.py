"""The rows of money."""
