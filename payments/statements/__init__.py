"""A shop's statements: every fen between what its owners paid and what reached its bank, half a month at a time."""
