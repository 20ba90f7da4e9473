"""Claims of a record, resolution by policy, and what was known when."""
