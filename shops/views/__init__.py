"""The shop's own pages: its settings and its staff."""
