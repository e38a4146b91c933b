"""What a shop does: read its reviews, reply, appeal, win unhappy owners back."""
