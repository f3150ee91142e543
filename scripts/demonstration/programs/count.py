"""Job: count <seconds>, one a second, and tell the progress."""

import os
import sys
import time
from pathlib import Path

seconds = int(sys.argv[1])
with Path(os.environ["BROKER_JOB_PROGRESS"]).open("w", buffering=1) as progress:
    for second in range(1, seconds + 1):
        time.sleep(1)
        print(f"second {second} of {seconds}", flush=True)
        progress.write(f"{second / seconds} second {second}\n")
