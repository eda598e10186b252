"""How Java runs an engine that lives for minutes: what it costs to make it fast is not earned back.

Its second compiler alone took most of the processor time of the tests' engine.
"""

import os

BRIEF = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
VARIABLE = "RENLING_EMBEDDED_JAVA_OPTIONS"


def run_briefly() -> None:
    """Let hubs that tests start as processes run their engines so too."""
    os.environ[VARIABLE] = " ".join(BRIEF)
