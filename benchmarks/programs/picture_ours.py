"""The same with the command ``mnist-zoo predict``."""

import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path

from _emit import emit

from mnist_zoo import cli

sys.argv = ["mnist-zoo", "predict", str(Path(os.environ["KERAS_HOME"]) / "digit.png"), "--json"]
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
    cli.main()
digit = json.loads(said.getvalue())[0]["digits"][0]["digit"]
emit(work={"digit": digit}, at={"read": time.time()})
