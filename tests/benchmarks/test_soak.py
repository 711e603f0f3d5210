"""What the soak makes of a log."""

import json
from pathlib import Path

from benchmarks.soak.watching import read_log


def test_of_a_log_only_what_nobody_provoked_is_unexpected(tmp_path: Path) -> None:
    lines = [
        {"level": "info", "event": "around the service", "provoked": []},
        {"level": "warning", "event": "alert not sent", "error": "by itself"},
        {"level": "info", "event": "around the service", "provoked": ["channel"]},
        {"level": "warning", "event": "alert not sent"},
        {"level": "warning", "event": "alert not sent", "exception": "Traceback"},
        {"level": "error", "event": "job failed"},
        {"level": "info", "event": "counted"},
    ]
    file = tmp_path / "log"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    provoked, unexpected = read_log(file)

    assert provoked == {"alert not sent": 1}
    assert [json.loads(line) for line in unexpected] == [lines[1], lines[4], lines[5]]
