"""The owner's pages of paying: choose, pay, come back, receipt; and the same over the API."""
