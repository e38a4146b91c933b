"""A payment provider for trying things out, with test money: a stranger in a process of its own.

It knows the platform only over HTTP and imports nothing of it; its books are an SQLite file. What it does is in
docs/payments-sandbox.md. Amounts are integer fen, instants are milliseconds since 1970 in its books and ISO 8601 in UTC
on the wire, days are those of China (UTC+8).
"""
