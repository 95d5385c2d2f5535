"""Runs ``kiosk`` again and again in one process, as the shell would: one JSON list of arguments a line in, one answer out."""

import json
import sys

from typer.testing import CliRunner

from kiosk.cli import app


def main():
    runner = CliRunner()
    for line in sys.stdin:
        done = runner.invoke(app, json.loads(line))
        trouble = repr(done.exception) if done.exception and not isinstance(done.exception, SystemExit) else ""
        answer = {"code": done.exit_code, "out": done.stdout, "err": done.stderr, "trouble": trouble}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
