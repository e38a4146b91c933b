"""The shape of what a shop's staff type; nothing here saves."""
