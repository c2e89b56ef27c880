"""The demo: `python -m examples.stdlib_report.demo`, or this file by its path. See `command`."""

import sys
from pathlib import Path


def _main() -> None:
    if not __package__:
        # Run by its path: the folder of this file stands where the root of the checkout is needed.
        sys.path[0] = str(Path(__file__).resolve().parents[2])
    try:
        from examples.stdlib_report.command import main
    except KeyboardInterrupt:
        # Nothing was started yet; the rest of the way `main` answers to Ctrl-C itself.
        sys.exit("error: interrupted")
    main()


if __name__ == "__main__":
    _main()
