"""Which files are taken: typed by their content, never by their name; images without a place."""

import struct

import filetype  # pyright: ignore[reportMissingTypeStubs]

ALLOWED = frozenset(
    {"image/jpeg", "image/png", "image/webp", "application/pdf", "video/mp4", "video/quicktime"}
)
GPS_INFO = 0x8825
"""The tag under which Exif keeps where an image was taken."""
LOCATION_TEXT = b"GPSLatitude"
"""The same in XMP."""
ENTRY_BYTES = 12


def media_type_of(content: bytes) -> str | None:
    """Return the type that a content is, None for one that is not taken."""
    found: object = filetype.guess_mime(content)  # pyright: ignore[reportUnknownMemberType]
    return found if isinstance(found, str) and found in ALLOWED else None


def says_where(content: bytes) -> bool:
    """Whether an image says where it was taken, in Exif or XMP."""
    if LOCATION_TEXT in content:
        return True
    for mark in (b"Exif\0\0", b"eXIf", b"EXIF"):
        start = content.find(mark)
        while start >= 0:
            tiff = content[start + len(mark) : start + len(mark) + 2**16]
            if mark == b"EXIF":
                tiff = tiff[4:].removeprefix(b"Exif\0\0")
            if _has_gps(tiff):
                return True
            start = content.find(mark, start + 1)
    return False


def _has_gps(tiff: bytes) -> bool:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return False
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        tags = [
            struct.unpack_from(f"{order}H", tiff, first + 2 + ENTRY_BYTES * place)[0]
            for place in range(count)
        ]
    except struct.error:
        # What cannot be read may say it all the same.
        return True
    return GPS_INFO in tags
