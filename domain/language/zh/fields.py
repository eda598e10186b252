"""Texts: fields."""

TEXTS: dict[str, str] = {}
