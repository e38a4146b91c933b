"""Reviews over the API."""
