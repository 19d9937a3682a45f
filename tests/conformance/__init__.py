"""One suite per extension point, run on everything that claims to implement it."""
