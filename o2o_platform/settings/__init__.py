"""Settings: `base` is common; `local` (make run), `test` (make test) and `production` refine it."""
