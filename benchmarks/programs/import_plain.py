"""What a tutorial's program begins with."""

import time

import tensorflow  # noqa: F401

ready = time.time()

# What comes from here on is not measured.
from _emit import emit  # noqa: E402

emit(work={}, at={"ready": ready})
