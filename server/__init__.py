"""The running service: app, sign-in, settings, command line. Only `app.py` wires things."""
