"""Moderation: what comes in, what waits for a person, what was decided, and the log of it all."""
