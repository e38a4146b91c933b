"""What an owner does in a follow-up: read, accept or decline an offer, say whether it was put right."""
