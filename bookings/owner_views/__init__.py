"""The owner's journey: search, slot, confirmation, visits."""
