"""Money under fire: the processes of the platform and a provider, people who pay, trouble, and the verdict."""
