"""Texts: labels."""

TEXTS: dict[str, str] = {}
