"""How fast the platform is, beside plain SQL doing the same on the same data: `make bench`."""
