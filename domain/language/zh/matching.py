"""Texts: matching."""

TEXTS: dict[str, str] = {}
