"""The shop's day board: what it shows, its dialogs and pages."""
