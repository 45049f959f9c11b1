"""What a tutorial's program begins with."""

import json

import tensorflow  # noqa: F401

print(json.dumps({"work": "imported"}))
