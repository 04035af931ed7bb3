"""The child process that wakes the runs of incidents: a number a line, as far as there is a server."""

import sys

from tasks.incident_response.incident import arrived


def main() -> None:
    """Wake the run of each incident whose number is read, until the input ends."""
    for line in sys.stdin:
        try:
            arrived(line.strip())
        except Exception as error:  # noqa: BLE001 -- best effort: the nudge is counted, the rescue looks for it
            sys.stderr.write(f"{line.strip()} was not woken: {type(error).__name__}\n")


if __name__ == "__main__":
    main()
