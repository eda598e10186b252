"""What is limited, by name: errors, settings, figures and documentation use the same ones."""

from enum import StrEnum


class Limit(StrEnum):
    """A limit of the hub; its text is the catalogue's `enum.Limit.NAME`."""

    BODY = "BODY"
    """Bytes of a request's body."""
    CHARACTERS = "CHARACTERS"
    """Characters of a document."""
    TOKENS = "TOKENS"
    """Tokens of a document, comments included."""
    VALUES = "VALUES"
    """Values in the variables of a request, those within lists and objects included."""
    DEPTH = "DEPTH"
    """Levels of fields within fields."""
    SELECTIONS = "SELECTIONS"
    """Fields and fragments of an operation, fragments written out."""
    ROOT_FIELDS = "ROOT_FIELDS"
    """Fields of a query's root: each is a statement, and all run side by side."""
    ALIASES = "ALIASES"
    """Aliased fields of an operation, fragments written out."""
    DIRECTIVES = "DIRECTIVES"
    """Directives of an operation, fragments written out."""
    MUTATIONS = "MUTATIONS"
    """Root fields of a mutation."""
    FILE = "FILE"
    """Bytes of an uploaded file."""
    UPLOADS = "UPLOADS"
    """Bytes that an account has uploaded and not attached."""
    CONNECTIONS = "CONNECTIONS"
    """Long-lived connections of one caller."""
    SUBSCRIPTIONS = "SUBSCRIPTIONS"
    """Subscriptions of one caller."""


class Rate(StrEnum):
    """By what requests are counted; its text is the catalogue's `enum.Rate.NAME`."""

    ACCOUNT = "ACCOUNT"
    TOKEN = "TOKEN"  # noqa: S105  (a name)
    ADDRESS = "ADDRESS"
