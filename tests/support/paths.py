"""Where things are in the checkout, and the published data beside it."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUPPORT = Path(__file__).parent
TEST_SPECS = SUPPORT / "specs"
SCHEMAS = ROOT / "schemas"
QUICKSTART_DATA = ROOT / "specs/data/quickstart.jsonl"
PUBLISHED = Path(os.environ.get("HARNESS_PUBLISHED_DATA", ROOT / ".." / "shared" / "data"))
