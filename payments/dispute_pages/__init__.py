"""Disputes in the browser: the owner's pages, the shop's, the platform's. All three show the same record."""
