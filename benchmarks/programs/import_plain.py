"""What a tutorial's program begins with."""

import json
import time

import tensorflow  # noqa: F401

print(json.dumps({"work": {}, "at": {"ready": time.time()}}))
