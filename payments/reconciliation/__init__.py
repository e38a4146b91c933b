"""Our books beside the providers', every day, and our books beside our own rows, every hour."""
