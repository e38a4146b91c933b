"""Payment service providers behind one small interface (`base`). Which are in use is a matter of settings
(`registry`)."""
