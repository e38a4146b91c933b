"""/platform/reminders/: how reminding goes."""
