"""A shop's own pages about cars that will be due, and its word to their owners."""
