"""results/latest.md, of which a run may replace some sections and leave the others as they are."""

import re
from pathlib import Path


def sections(report):
    """Headings and texts of what a report has from its first section on; `Took …` at its end is none."""
    parts = re.split(r"(?m)^(?=## )", report)
    return {part.splitlines()[0]: re.sub(r"\n+Took \d+ s\.\s*\Z", "", part).strip() for part in parts[1:]}


def merge(file: Path, measured, remark):
    """Puts the sections of `measured` in the place of those with the same headings, or behind all others."""
    report = file.read_text(encoding="utf-8") if file.exists() else "# Berth beside its sizes to hold\n\n"
    head = re.split(r"(?m)^## ", report)[0].strip()
    kept = sections(report)
    for heading, text in sections(measured).items():
        kept[heading] = f"{text}\n\n{remark}"
    took = re.search(r"\n(Took \d+ s\.)\s*\Z", report)
    parts = [head, *kept.values(), *([took[1]] if took else [])]
    file.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
