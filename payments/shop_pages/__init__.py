"""A shop's money: what it is owed, its statements and payouts, its account, and what it gives back."""
