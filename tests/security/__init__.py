"""The platform as a stranger attacks it."""
