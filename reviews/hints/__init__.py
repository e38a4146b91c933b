"""What machines notice: hints for moderators. A hint has points, a reason in words, and decides nothing by itself."""
