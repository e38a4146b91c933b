"""The workshop floor: check-in, inspection, lines and the owner's decisions, progress, quality check, handover."""
