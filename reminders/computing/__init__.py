"""What cars need and when: computed anew from what is known, written down where it has changed.

`items` is pure: facts in, due items out. `differences` compares them with what stands. `recompute` reads and writes.
In words: docs/rules/reminders.md.
"""
