"""Texts: claims."""

TEXTS: dict[str, str] = {}
