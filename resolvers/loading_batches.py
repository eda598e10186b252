"""Pieces in batches that can be written one after the other: whole rows, nothing before its ends.

A row's pieces stay together, so that a load that is killed has written whole rows. A row comes
after the rows that bring what it is linked with; rows that need each other share a batch.
"""

from collections.abc import Iterator, Mapping, Sequence

from resolvers.loading_pieces import Piece

PIECES_PER_BATCH = 500

Key = tuple[str, str, str]
Groups = dict[Key, list[Piece]]


def in_batches(pieces: Sequence[Piece], size: int) -> Iterator[list[Piece]]:
    """Yield the pieces in batches of about `size`."""
    groups: Groups = {}
    for piece in pieces:
        groups.setdefault(_key(piece), []).append(piece)
    home = {piece.id: _key(piece) for piece in pieces}
    order = _order(groups, home)
    place = {key: index for index, key in enumerate(order)}
    batch: list[Piece] = []
    reaches = 0
    for index, key in enumerate(order):
        batch.extend(groups[key])
        reaches = max([reaches, *(place[other] for other in _needs(groups[key], home))])
        if len(batch) >= size and reaches <= index:
            yield batch
            batch = []
    if batch:
        yield batch


def _key(piece: Piece) -> Key:
    if piece.origin is None:
        return "", "", piece.id
    return piece.origin.file, piece.origin.sheet, str(piece.origin.row)


def _needs(group: Sequence[Piece], home: Mapping[str, Key]) -> list[Key]:
    """Return the rows of the load that bring what this row is linked with."""
    found = {
        home[end] for piece in group for ends in piece.links.values() for end in ends if end in home
    }
    return sorted(found)


def _order(groups: Groups, home: Mapping[str, Key]) -> list[Key]:
    """Return the rows so that each comes after those it needs, as far as that can be."""
    done: dict[Key, None] = {}
    begun: set[Key] = set()
    for first in groups:
        stack = [first]
        while stack:
            key = stack[-1]
            if key in done:
                stack.pop()
            elif key in begun:
                done[key] = None
                stack.pop()
            else:
                begun.add(key)
                stack.extend(other for other in _needs(groups[key], home) if other not in begun)
    return list(done)
