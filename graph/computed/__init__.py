"""The computed fields: what each reads of its node, and how it is answered."""
