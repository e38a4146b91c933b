"""Neutral advice: whether a proposal is needed on a car, by rules that everybody can read (docs/rules/advice.md).

`decide.decide` is pure: facts in, verdict out. `loading` brings the facts from the database, `words` says it.
"""
