"""The demo city: what `make run` shows on a fresh machine. Never in production (`settings.DEMO_DATA`)."""
