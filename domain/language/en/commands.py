"""Texts: commands."""

TEXTS: dict[str, str] = {}
