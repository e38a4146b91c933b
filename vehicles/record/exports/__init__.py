"""A record to take away: whole and verifiable (`whole`), as the national 13 fields (`national`), to read (`paper`)."""
