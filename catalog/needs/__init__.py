"""What a car needs in the next 24 months, and what it does not (docs/rules/plan.md).

`planning.plan` is pure: believed facts in, plan out. `loading` brings the facts, `words` says it, `charts` draws it.
Whether something is due, and when, is asked of `catalog.advice`: there is no second set of rules here.
"""
