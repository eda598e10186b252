"""The running service: app, sign-in, settings, command line. Only `app.py` wires things.

Its parts come first of all, and what they make stays: the garbage collector finds nothing there,
and would take a sixth of the time until a command begins. So its rounds are rarer from here on.
"""

import gc

NEW_OBJECTS = 50_000
"""How many new containers begin a round of the garbage collector. An answer of a thousand nodes
makes several thousand, none of them in a cycle; with Python's 700 it begins a dozen rounds."""

gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
