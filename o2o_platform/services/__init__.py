"""The servers and built files that `make run` and `make test` bring along: embedded PostgreSQL and Valkey, CSS, fonts.

Nothing here imports Django: the launcher starts, supervises and stops processes, the platform runs inside them.
A deployment uses none of it (docs/running.md).
"""
