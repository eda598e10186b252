"""Texts: loading."""

TEXTS: dict[str, str] = {}
