"""The platform's own pages about money: what it holds, owes and earns, and what wants a look."""
