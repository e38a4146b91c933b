"""What follow-ups listen to, in one call."""

from reviews.follow_ups import answers, messages, opening


def connect() -> None:
    """Subscribe to reviews, handovers and refunds, and to follow-ups themselves; called once when the app is ready."""
    opening.connect()
    answers.connect()
    messages.connect()
