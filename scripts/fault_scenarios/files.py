"""Files that cannot be written, or are written by two at once."""

import json
import os
import subprocess

from .harness import Job
from .kills import RUN, SHORT, only


def commands_with_out(world):
    """Every command that takes --out, with words that make it write."""
    published = os.path.join(world.configs, "published")
    reliability = os.path.join(published, "reliability.json")
    names = {
        "estimate": ["estimate", SHORT, "--histories", "10"],
        "compare": ["compare", SHORT],
        "power": ["power", "colossus-100k", "--supply", "8 MW,150 MW"],
        "trace": ["trace", SHORT],
        "claims": ["claims"],
        "search": ["search", SHORT],
        "sweep": ["sweep", SHORT, "--over", "gpus=8..32"],
        "deadline": ["deadline", SHORT, "--start", "2024-09-02", "--by", "2024-12-31", "--draws", "64"],
        "list": ["list"],
        "version": ["version"],
        "validate configs": ["validate", "configs", os.path.join(world.configs, "gpus")],
        "validate reliability": ["validate", "reliability", reliability, "--histories", "2"],
        "validate runs": ["validate", "runs", os.path.join(published, "runs.csv")],
        "measure": ["measure", "--quick", "--ops", "host"],
        "import hf": ["import", "hf", hugging_face(world)],
        "collectives": ["collectives", "dgx-h100-64"],
        "check": ["check", "--scale", "32", "--layers", "1", "--tries", "1"],
        "completion": ["completion", "bash"],
    }
    if world.quick:
        names = {name: names[name] for name in ("estimate", "search", "list", "measure")}
    return names


def hugging_face(world):
    """A model in Hugging Face's form: the small one of that family, in its own words."""
    file = os.path.join(world.folder, "hf", "config.json")
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w", encoding="ascii") as out:
        json.dump({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096,
                   "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
                   "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192,
                   "tie_word_embeddings": False, "hidden_act": "silu", "torch_dtype": "bfloat16"}, out)
    return file


class Mounted:
    """A small file system in memory that is full, or read only."""

    def __init__(self, world, read_only):
        self.folder, self.read_only = world.fresh(), read_only

    def __enter__(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.folder], check=True)
        self.old = os.path.join(self.folder, "old.json")
        with open(self.old, "w", encoding="ascii") as out:
            out.write("old")
        if self.read_only:
            subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)
        else:
            with open(os.path.join(self.folder, "full"), "wb", buffering=0) as out:
                try:
                    while True:
                        out.write(b"x" * 1024)
                except OSError:
                    pass
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.folder], check=True)


def unwritable(world, words, read_only, over_old):
    with Mounted(world, read_only) as place:
        file = place.old if over_old else os.path.join(place.folder, "new.json")
        before = sorted(os.listdir(place.folder))
        outcome = world.run(*words, "--out", file)
        faults = []
        reason = "Read-only file system" if read_only else "No space left on device"
        if outcome.code not in (1, 2):
            faults.append(f"exit {outcome.code}")
        if len(outcome.lines()) != 1 or reason not in outcome.lines()[0]:
            faults.append(f"it said: {outcome.err[-300:]}")
        if sorted(os.listdir(place.folder)) != before:
            faults.append(f"left behind: {os.listdir(place.folder)}")
        with open(place.old, encoding="utf-8") as old:
            if old.read() != "old":
                faults.append("the old file was changed")
    return "; ".join([f"{' '.join(words[:2])}: {fault}" for fault in faults])


def two_writers(world, first, second):
    """Both at once into one file: the result is one of the two, whole."""
    folder = world.fresh()
    file = os.path.join(folder, "out")
    expected = [world.run(*words, "--out", file + str(i)).code == 0 and open(file + str(i), "rb").read()
                for i, words in enumerate((first, second))]
    for i in range(2):
        os.unlink(file + str(i))
    jobs = [Job(world, [*words, "--out", file]) for words in (first, second)]
    codes = [job.finish().code for job in jobs]
    with open(file, "rb") as result:
        found = result.read()
    faults = []
    if codes != [0, 0]:
        faults.append(f"exit codes {codes}")
    if found not in expected:
        faults.append("the result is neither of the two")
    if not only(folder, "out"):
        faults.append(f"left behind: {os.listdir(folder)}")
    return "; ".join(faults)


def two_measurements(world):
    folder = world.fresh()
    file = os.path.join(folder, "p.json")
    jobs = [Job(world, ["measure", "--quick", "--ops", "memory", "--out", file]) for _ in range(2)]
    codes = [job.finish().code for job in jobs]
    if codes != [0, 0]:
        return f"exit codes {codes}"
    if not only(folder, "p.json"):
        return f"left behind: {os.listdir(folder)}"
    return "" if world.is_profile(file) else "half a profile"


def can_mount(world):
    try:
        with Mounted(world, False):
            return ""
    except (OSError, subprocess.CalledProcessError):
        return "mounting a small tmpfs needs root"


def all_scenarios(world):
    why_not = can_mount(world)
    for read_only, name in ((False, "disk full"), (True, "read-only folder")):
        tries = [lambda w=words, r=read_only, o=old: unwritable(world, w, r, o)
                 for words in commands_with_out(world).values() for old in (False, True)]
        world.scenario(f"{name}, every command with --out" if not world.quick else f"{name}, 4 commands",
                       "one line with the reason, old file stays, nothing left behind", why_not or tries)
    pair = (["list", "--format", "json"], ["list", "--format", "md"])
    world.scenario("two runs write one output at once", "the result is one of both, whole",
                   [lambda: two_writers(world, *pair) for _ in range(3 if world.quick else 30)] +
                   [lambda: two_writers(world, ["estimate", SHORT, "--histories", "0"],
                                        ["estimate", RUN, "--histories", "0"])
                    for _ in range(0 if world.quick else 10)])
    world.scenario("two measurements write one profile at once", "a whole profile",
                   [lambda: two_measurements(world) for _ in range(1 if world.quick else 3)])
