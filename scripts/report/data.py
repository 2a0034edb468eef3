"""The program's JSON output, read from the folder that report.sh fills."""
from __future__ import annotations

import json
from pathlib import Path


class Data:
    """What is there; charts of what is not there are left out, and the page says which."""

    def __init__(self, folder: Path):
        self.folder = folder
        if not self.folder.is_dir():
            raise SystemExit(f"report: {folder} is no folder; run scripts/report.sh, which fills it")

    def read(self, name: str) -> dict | None:
        path = self.folder / f"{name}.json"
        if not path.is_file():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise SystemExit(f"report: {path}: not JSON: {error}") from None

    def estimates(self) -> dict[str, dict]:
        """Of the runs, in the order of the comparison."""
        found = {path.stem.removeprefix("estimate-"): self.read(path.stem) for path in self.folder.glob("estimate-*.json")}
        order = [row["run"] for row in (self.read("compare") or {}).get("runs", [])]
        return {run: found[run] for run in [*order, *sorted(set(found) - set(order))] if run in found}

    def searches(self) -> dict[str, dict]:
        """Best plans over numbers of GPUs, by run."""
        return {path.stem.removeprefix("search-"): self.read(path.stem) for path in sorted(self.folder.glob("search-*.json"))}
