#!/usr/bin/env python3
"""Write the published training runs that ship in configs/published from a wider collection of them.

Usage: scripts/derive_published.py SOURCE.csv OUT.csv

SOURCE.csv has one of three layouts, told apart by the header: published runs (id, model, gpu, gpus, source, ...),
vTrain (id, hidden, dp, iter_time_s, no model column) or SimuMax (case, model, ..., peak_memory_gib). OUT.csv gets
  published runs  the columns that `traincast validate runs` reads, and source and year; rows of grade A, B and C that
                  have an id, sorted by it. Notes shrink to marks that the reader knows (natural routing, ETP=N,
                  task=..., hybrid, NVL72) and to the caveats of CAVEATS; what a source's FLOP figures mean shrinks to
                  "HW" (recomputation counted) or "model", and stays only beside a printed FLOP rate.
  vTrain, SimuMax all columns, and the project as source; numbers to 12 digits.
Standard library only; the same input gives the same bytes; OUT.csv appears whole or not at all.
"""
import csv
import io
import os
import re
import sys

COLUMNS = ("id family cluster grade primary core source year stack model gpu gpus gpus_per_node net_per_gpu_gbps "
           "layers hidden ffn_hidden heads kv_heads head_dim gated_mlp vocab seq experts topk shared_experts "
           "tp pp vpp cp ep zero_stage shard_ranks mbs gbs_seqs precision precision_class recompute_mode "
           "sequence_parallel iter_time_s tokens_per_s_per_gpu tflops_per_gpu norm_tflops_per_gpu "
           "flops_convention notes").split()
GRADES = {"A", "B", "C"}
SOURCES = {
    "vtrain": "vTrain project (github.com/VIA-Research/vTrain, MIT): Megatron-DeepSpeed on A100",
    "simumax": "SimuMax project (github.com/MooreThreads/SimuMax, Apache-2.0): Megatron-core on 8 B200",
}
# A mark, and what in the note says so. `\\1` in a mark is the number found.
MARKS = [
    (r"natural routing", "natural routing"),
    (r"ETP\)?=(\d)", r"ETP=\1"),
    (r"task=(\w+)", r"task=\1"),
    (r"hybrid", "hybrid"),
    (r"NVL72", "NVL72"),
    (r"token-drop \(", "token-drop routing"),
    (r"PROXY model", "proxy model with fewer layers"),
    (r"(?i)digitised", "digitised from a plot"),
    (r"(?i)older pre-print", "older pre-print numbers"),
    (r"secondary transcription", "secondary transcription"),
    (r"(?i)un-tuned|not well tuned", "not tuned"),
]
# Marks that the rows' own sources state and the collection left out: the H100 table of grok1/README.md.
STATED = {"DGXC-249": "ETP=1", "DGXC-250": "ETP=1"}
# Clauses of a note that say what is uncertain.
CAVEATS = re.compile(r"unconfirmed|assumed|ambiguous|not stated|inconsistent|needs check|spread|not in table")
LONGEST_CAVEAT = 90


def shrink_notes(text):
    kept = []
    for pattern, mark in MARKS:
        found = re.search(pattern, text)
        if found:
            kept.append(found.expand(mark))
    flat = re.sub(r"\([^()]*\)", lambda group: group.group().replace(";", ","), text)
    for clause in re.split(r"; |\. (?=[A-Z])", flat):
        clause = clause.strip(" .")
        if CAVEATS.search(clause) and len(clause) <= LONGEST_CAVEAT:
            kept.append(clause)
    return "; ".join(dict.fromkeys(kept))


def published(rows):
    chosen = [row for row in rows if row["id"] and row["grade"] in GRADES]
    for row in sorted(chosen, key=lambda row: row["id"]):
        out = {column: row.get(column, "") for column in COLUMNS}
        out["notes"] = shrink_notes(f"{STATED.get(row['id'], '')}; {row['notes']}")
        rate = row["tflops_per_gpu"]
        out["flops_convention"] = ("HW" if "HW" in row["flops_convention"] else "model") if rate else ""
        yield out


def with_source(rows, source, key):
    for row in sorted(rows, key=lambda row: row[key]):
        out = {column: shorten(value) for column, value in row.items()}
        out["source"] = source
        yield out


def shorten(value):
    """1.3900000000000001 as 1.39: what adding binary fractions left behind."""
    return f"{float(value):.12g}" if re.fullmatch(r"\d+\.\d{7,}", value) else value


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1])
    source, target = sys.argv[1:]
    with open(source, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        header, rows = list(reader.fieldnames or ()), list(reader)
    if "peak_memory_gib" in header:
        columns, out = header + ["source"], with_source(rows, SOURCES["simumax"], "case")
    elif {"id", "model", "grade", "source"} <= set(header):
        columns, out = COLUMNS, published(rows)
    elif {"id", "hidden", "dp", "iter_time_s"} <= set(header):
        columns, out = header + ["source"], with_source(rows, SOURCES["vtrain"], "id")
    else:
        sys.exit(f"{source}:1: the header is none of the layouts that --help describes")
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(out)
    partial = target + ".partial"
    with open(partial, "w", newline="", encoding="utf-8") as file:
        file.write(text.getvalue())
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, target)


if __name__ == "__main__":
    main()
