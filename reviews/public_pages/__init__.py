"""What everybody reads: reviews of shops, technicians and services, and how they are made."""
