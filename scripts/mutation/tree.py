"""A copy of the working tree in which every constant is read through mutant.h, and its build."""

import json
import os
import re
import subprocess

from .cpp import is_float

# How a constant may be written, the best first; mutant.h says what each means. The last one leaves it alone.
WHOLE = ["whole_now", "whole_fixed", "plain_now", "plain_fixed", None]
REAL = ["plain_now", "plain_fixed", None]
ERROR = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):(?P<column>\d+):\s+(?:(?P<error>(?:fatal )?error:)|"
                   r"(?P<from>required from here|  required from|required from|in .constexpr. expansion))")


class Tree:
    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.source = os.path.join(folder, "tree")
        self.build = os.path.join(folder, "build")
        self.forms_file = os.path.join(folder, "forms.json")
        self.forms = {}
        if os.path.exists(self.forms_file):
            with open(self.forms_file, encoding="utf-8") as file:
                self.forms = json.load(file)
        self.places = {}  # path -> [(first, last byte of the written text, key, forms)]

    def write(self, constants, scans):
        """Brings the copy up to date; files that stay the same keep their times."""
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=self.root, check=True,
                                capture_output=True, text=True).stdout.split("\n")
        wanted = {path for path in listed if path and os.path.isfile(os.path.join(self.root, path))}
        for folder, _, names in os.walk(self.source):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), self.source)
                if path not in wanted and path != "mutant.h":
                    os.remove(os.path.join(folder, name))
        spans = {}
        for constant in constants:
            for path, start, end, token in constant.spans:
                spans.setdefault(path, []).append((start, end, token, constant))
        for path in wanted:
            origin = os.path.join(self.root, path)
            if path in spans:
                body = self.rewritten(path, scans[path], sorted(spans[path], key=lambda s: s[0])).encode()
            else:
                with open(origin, "rb") as file:
                    body = file.read()
            self.put(path, body, os.stat(origin).st_mode)
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mutant.h"), "rb") as file:
            self.put("mutant.h", file.read(), 0o644)

    def put(self, path, body, mode):
        target = os.path.join(self.source, path)
        if os.path.exists(target):
            with open(target, "rb") as file:
                if file.read() == body:
                    return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(body)
        os.chmod(target, mode & 0o777 | 0o200)

    def rewritten(self, path, scanned, spans):
        text, tokens = scanned.text, scanned.tokens
        edits = []
        fixed = [(tokens[i].start, extent(tokens, i)) for i in scanned.functions] if path.endswith(".h") else []
        for start, end, token, constant in spans:
            line_start = text.rfind("\n", 0, start) + 1
            line = text[line_start:text.find("\n", start)]
            nth = sum(1 for s in spans if line_start <= s[0] < start)
            key = f"{path}|{line.strip()}|{nth}"
            forms = REAL if is_real(constant, scanned, tokens, token) else WHOLE
            level = max(self.forms.get(key, 0), first_form(tokens, token, forms),
                        any(a < start < b for a, b in fixed))
            form = forms[min(level, len(forms) - 1)]
            body = text[start:end]
            edits.append((start, end, f"traincast_mutant::{form}({constant.id}, {body})" if form else body, key, forms))
        holds = [i for i in scanned.objects + scanned.functions
                 if any(tokens[i].start < span[0] < extent(tokens, i) for span in spans)]
        called = path.endswith(".cc") and any(i in scanned.functions for i in holds)
        for i in scanned.objects + scanned.functions:
            if i in scanned.objects and (i in holds or called) and (path.endswith(".cc") or in_function(tokens, i)):
                edits.append((tokens[i].start, tokens[i].end, "const", None, None))
            elif i in scanned.functions and i in holds and path.endswith(".cc"):
                edits.append((tokens[i].start, tokens[i].end, "inline", None, None))
        edits.sort(key=lambda e: e[0])
        out, at, places = [], 0, []
        length = 0
        for start, end, body, key, forms in edits:
            piece = text[at:start]
            out += [piece, body]
            length += len(piece)
            if key:
                places.append((length, length + len(body), key, forms))
            length += len(body)
            at = end
        out.append(text[at:])
        result = "".join(out)
        self.places[path] = [(result.count("\n", 0, a) + 1, a - (result.rfind("\n", 0, a) + 1) + 1,
                              b - (result.rfind("\n", 0, a) + 1) + 1, key, forms) for a, b, key, forms in places]
        return result

    def configure(self):
        if os.path.exists(os.path.join(self.build, "build.ninja")):
            return
        subprocess.run(["cmake", "-G", "Ninja", "-S", self.source, "-B", self.build, "-DCMAKE_BUILD_TYPE=Release",
                        "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG -w -Wno-narrowing",
                        f"-DCMAKE_CXX_FLAGS=-include {self.source}/mutant.h",
                        "-DTRAINCAST_CUDA=OFF", "-DTRAINCAST_MPI=OFF"], check=True, stdout=subprocess.DEVNULL)

    def compile(self, jobs, failures, targets):
        """Returns the compiler's complaints, file by file, up to about as many as `failures` (0: all), or an empty list."""
        ran = subprocess.run(["ninja", "-C", self.build, "-k", str(failures), "-j", str(jobs), *targets], capture_output=True,
                             text=True, check=False)
        if ran.returncode == 0:
            return []
        return [part for part in re.split(r"^FAILED: ", ran.stdout, flags=re.MULTILINE)[1:]]

    def blamed(self, output):
        """The constants that a compiler's errors point at, and the errors that point at none."""
        found, lost, context = set(), [], []
        for line in output.split("\n"):
            match = ERROR.match(line)
            if not match:
                continue
            file = os.path.relpath(os.path.normpath(os.path.join(self.build, match["file"])), self.source)
            context.append((file, int(match["line"]), int(match["column"])))
            if match["error"]:
                hit = next(filter(None, (self.at(*place) for place in reversed(context))), None)
                found.update(hit or [])
                if not hit:
                    lost.append(line)
                context = []
        return found, lost

    def step_back(self, blamed):
        """Writes these constants in the next form."""
        for key, forms in blamed:
            self.forms[key] = min(self.forms.get(key, 0) + 1, forms - 1)
        with open(self.forms_file, "w", encoding="utf-8") as file:
            json.dump(self.forms, file, indent=0, sort_keys=True)

    def at(self, file, line, column):
        there = [p for p in self.places.get(file, []) if p[0] == line
                 and self.forms.get(p[3], 0) < len(p[4]) - 1]
        exact = [p for p in there if p[1] <= column <= p[2]]
        return [(p[3], len(p[4])) for p in exact or there]


def is_real(constant, scanned, tokens, token):
    if not constant.named:
        return is_float(constant.text)
    return bool(re.search(r"\b(double|float)\b", constant.code))


def first_form(tokens, i, forms):
    if forms is REAL:
        return 0
    before = [t.text for t in tokens[max(0, i - 3):i]]
    if len(before) == 3 and before[0] == "auto" and before[2] == "=":
        return 2
    inside = tokens[i].inside
    if inside > 0 and tokens[inside - 1].text in ("snprintf", "printf"):
        return 2
    return 0


def extent(tokens, i):
    """The offset at which a declaration ends: its semicolon or the brace that closes its body."""
    inside = tokens[i].inside
    j = i
    while j < len(tokens):
        token = tokens[j]
        if token.inside == inside and token.text in (";", "}") and j > i:
            return token.end
        if token.inside != inside and inside >= 0 and token.start > tokens[inside].start and token.inside < inside:
            return token.start
        j += 1
    return tokens[-1].end


def in_function(tokens, i):
    """Whether token i lies in the braces of a function rather than of a namespace or a class."""
    inside = tokens[i].inside
    while inside >= 0:
        if tokens[inside].text == "{" and tokens[inside - 1].text in (")", "const", "noexcept"):
            return True
        inside = tokens[inside].inside
    return False
