"""The health record: what is written (`shape`, `canonical`), by which actions (`actions`), and how it is verified."""
