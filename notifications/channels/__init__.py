"""The ways out, each behind `base.Sender`."""
