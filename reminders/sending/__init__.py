"""Who is written to, when, about what, and who came back."""
