"""`python -m schema > schema/schema.graphql`: the schema as text, committed and compared."""

import sys

from schema.build import build_schema

sys.stdout.write(build_schema().as_str() + "\n")
