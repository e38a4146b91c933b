"""Winning back owners who were not happy: the shop is asked to make contact and put it right, and the clock runs."""
