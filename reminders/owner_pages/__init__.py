"""What an owner sees of a car's health, and what they say about it."""
