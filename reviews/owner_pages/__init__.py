"""What authors do: write, change and take back a review, answer and appeal."""
