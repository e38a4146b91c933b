"""The workshop floor as the staff of a shop see it: check-in, inspection, job card, lines, quality check, handover."""
