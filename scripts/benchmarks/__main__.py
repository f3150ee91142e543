"""The command: which parts, how long, how often."""

import argparse
import platform
import sys

import psutil
from rich.console import Console

from scripts.benchmarks import batch_part, dispatch_part, http_part, rotate_part, sql_part, stream_part, wait_part
from scripts.benchmarks.report import Figure, show
from scripts.benchmarks.stage import staged

PARTS = ("sql", "http", "list", "start", "wait", "streams", "rotate", "dispatch", "batch")


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Figures as ratios measured in one run.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}, all (default)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load (default 5)")
    parser.add_argument("--rounds", "--repeat", type=int, default=3, help="whose median is quoted (default 3)")
    parser.add_argument("--agents", type=int, default=5000, help="that wait (default 5000)")
    parser.add_argument("--streams", type=int, default=1000, help="that follow jobs, by the hundred (default 1000)")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of history and churn of `dispatch` (default 1: 30 min)"
    )
    parser.add_argument(
        "--peers", action="store_true", help="compare with PgQueuer, procrastinate and RQ, installed into .venv-peers"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - {*PARTS, "all"}:
        parser.error(f"{', '.join(sorted(unknown))}: the parts are {', '.join(PARTS)}")
    parts = options.parts if options.parts and "all" not in options.parts else list(PARTS)

    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(
        f"Python {platform.python_version()}, {psutil.cpu_count()} processors, load {psutil.getloadavg()[0]:.1f}; "
        "client, broker and PostgreSQL share them"
    )
    for part in parts:
        with staged() as stage:
            figures: list[Figure] = {
                "sql": lambda: sql_part.measure(stage, options.seconds, options.rounds),
                "http": lambda: http_part.creations(stage, options.seconds, options.rounds),
                "list": lambda: http_part.listing(stage, options.rounds),
                "start": lambda: http_part.pick_up(stage, peers=options.peers),
                "wait": lambda: wait_part.measure(stage, options.agents),
                "streams": lambda: stream_part.measure(stage, options.streams),
                "dispatch": lambda: dispatch_part.measure(stage, options.seconds, options.rounds, options.share),
                "batch": lambda: batch_part.measure(stage, options.rounds, peers=options.peers),
                "rotate": lambda: rotate_part.measure(stage),
            }[part]()
        show(console, part, figures)


if __name__ == "__main__":
    main()
