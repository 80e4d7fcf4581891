"""Lines of progress: plain ones everywhere, and on a terminal what is at work below them."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import time
from lakehouse.io.host import logs
logs.set_up("{form}", "r1")
logs.set_current_step("silver.orders")
time.sleep(0.4)
logs.info("bronze.woo__orders [x] " + "y" * 100, rows=3)
logs.end()
"""


def on_a_terminal(script: str) -> str:
    """What a program writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen([sys.executable, "-c", script], stderr=theirs, env=environment)
    os.close(theirs)
    found = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed
            part = b""
        if not part:
            break
        found += part
    assert process.wait() == 0
    return found.decode()


def test_a_terminal_shows_what_is_at_work_and_is_left_as_it_was() -> None:
    shown = on_a_terminal(SCRIPT.format(form="text"))
    assert "silver.orders 0:00:00" in re.sub(r"\x1b\[\d*m", "", shown)
    # The line itself is neither broken nor taken for markup, and stands above the one that moves.
    assert f"bronze.woo__orders [x] {'y' * 100}\r\n" in shown
    # The cursor that was hidden is shown again.
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_file_gets_plain_lines(form: str, tmp_path: Path) -> None:
    found = subprocess.run([sys.executable, "-c", SCRIPT.format(form=form)], capture_output=True, text=True, check=True).stderr
    (line,) = found.splitlines()
    assert "\x1b" not in line
    assert line.endswith("y" * 100) if form == "text" else '"rows": 3' in line


def test_json_on_a_terminal_stays_json() -> None:
    shown = on_a_terminal(SCRIPT.format(form="json"))
    assert "\x1b" not in shown and '"run_id": "r1"' in shown
