"""Disputes: an owner says that lines of a closed order were not right, the shop answers, the platform decides."""
