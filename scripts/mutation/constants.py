"""The constants of formulas in a C++ file: literals, and the uses of named scalar constants, less what a stated rule
leaves out."""

import re
from dataclasses import dataclass, field

from .cpp import is_float, tokens_of, value_of

PER_FILE = 512  # numbers, so that a change in one file leaves those of the others alone
COMPARE = {"==", "!=", "<", ">", "<=", ">="}
SCALAR = re.compile(r"(?:std::)?(?:double|float|int|unsigned|long|size_t|u?int(?:8|16|32|64)_t)")

RULES = {
    "zero": "0 has no 5 %",
    "enum": "values of an enumeration",
    "index": "an index or the extent of an array",
    "loop": "an integer in the head of a for loop",
    "case": "a case label or a static_assert: the language's own constants",
    "one or many": "the 1 of a comparison such as ranks > 1, which asks whether there are several",
    "text": "a place in a text or a range: substr, find, first, reserve",
    "reader": "a bound on what a reader of configs accepts",
    "column": "the layout of a table",
    "neutral": "a member's or a default argument's 1: what the loader or the caller sets, and a factor until then",
    "size": "a named integer that is also the extent of an array or a template's argument",
    "type": "in a type, which does not compile with another number",
}


@dataclass
class Constant:
    file: str
    line: int
    start: int
    text: str
    code: str  # its line, without indentation
    named: bool
    spans: list = field(default_factory=list)  # (file, start, end, text): where it is read
    id: int = 0
    size: bool = False  # the compiler needs it, too
    nth: int = 0  # of those in the line


@dataclass
class Scanned:
    text: str
    tokens: list
    scalars: dict = field(default_factory=dict)   # name -> index of its declaration's name
    dead: set = field(default_factory=set)        # tokens of the definitions of scalars
    objects: list = field(default_factory=list)   # indices of `constexpr` of arrays and structures
    functions: list = field(default_factory=list)  # ... and of functions


def next_at_depth(tokens, i, wanted):
    """The first of `wanted` from i on that lies in no bracket opened after i."""
    inside, angle = tokens[i].inside, 0
    while i < len(tokens):
        token = tokens[i]
        if token.kind == "sign" and token.inside == inside:
            if token.text in wanted and angle == 0:
                return i
            angle += (token.text == "<") - (token.text == ">") - 2 * (token.text == ">>")
            angle = max(angle, 0)
        i += 1
    return len(tokens) - 1


def scan(text):
    tokens = tokens_of(text)
    scanned = Scanned(text, tokens)
    for i, token in enumerate(tokens):
        if token.text != "constexpr" or (i > 0 and tokens[i - 1].text == "if"):
            continue
        stop = next_at_depth(tokens, i + 1, {"(", "=", "{", ";", "["})
        if tokens[stop].text == "(" or "operator" in [t.text for t in tokens[i:stop]] or tokens[stop].text == ";":
            scanned.functions.append(i)
            continue
        kind = "".join(t.text for t in tokens[i + 1:stop - 1])
        if not SCALAR.fullmatch(kind.replace("const", "")) or tokens[stop].text != "=":
            if kind not in ("bool", "char"):
                scanned.objects.append(i)
            continue
        end = next_at_depth(tokens, stop, {";"})
        scanned.dead.update(range(i, end))
        while stop < end:
            comma = next_at_depth(tokens, stop + 1, {",", ";"})
            body = tokens[stop + 1:comma]
            if any(t.kind == "number" and value_of(t.text) != 0 or t.text in scanned.scalars or t.text.startswith("k") for t in body):
                scanned.scalars[tokens[stop - 1].text] = stop - 1
            stop = next_at_depth(tokens, comma, {"=", ";"}) if comma < end else end
    return scanned


def call_of(tokens, i):
    """The name before the innermost bracket around token i."""
    inside = tokens[i].inside
    return tokens[inside - 1].text if inside > 0 else ""


def rule_against(path, tokens, i):
    token = tokens[i]
    whole = not is_float(token.text)
    before = tokens[i - 1].text if i else ""
    after = tokens[i + 1].text if i + 1 < len(tokens) else ""
    one = value_of(token.text) == 1
    if value_of(token.text) == 0:
        return "zero"
    inside, around = token.inside, []
    while inside >= 0:
        around.append(inside)
        inside = tokens[inside].inside
    innermost = tokens[around[0]] if around else None
    if around and innermost.text == "{" and any(
            t.text == "enum" for t in tokens[max(0, around[0] - 8):around[0]]):
        return "enum"
    if before == "case" or any(tokens[a - 1].text == "static_assert" for a in around if a):
        return "case"
    if whole and innermost is not None and innermost.text == "[":
        return "index"
    if whole and innermost is not None and innermost.text == "(" and call_of(tokens, i) == "for":
        return "loop"
    if whole and before in ("<", ",") and after == ">" or before == "<" and after == "," or (
            before in "=-" and "Dimension" in line_words(tokens, i) and "using" in line_words(tokens, i)):
        return "type"
    if innermost is not None and call_of(tokens, i) == "vector_size":
        return "type"
    call = call_of(tokens, i) if innermost is not None and innermost.text == "(" else ""
    if whole and call in TEXT_CALLS:
        return "text"
    if call in READER_CALLS and any(t.kind == "string" or t.text == "key" for t in tokens[around[0]:i]):
        return "reader"
    if whole and (before == "=" and tokens[i - 2].text in ("priority", "width") or call in ("left", "words")):
        return "column"
    if one and whole and (after in COMPARE or before in COMPARE):
        return "one or many"
    if one and whole and path.endswith(".h") and after in ";,)" and (
            before == "=" or before == "-" and tokens[i - 2].text == "="):
        return "neutral"
    return None


TEXT_CALLS = {"substr", "find", "rfind", "remove_prefix", "remove_suffix", "first", "last", "subspan", "reserve"}
READER_CALLS = {"number", "count", "whole", "number_or", "count_or"}


def line_words(tokens, i):
    line, words = tokens[i].line, []
    while i >= 0 and tokens[i].line == line:
        words.append(tokens[i].text)
        i -= 1
    return words


def constants_of(files):
    """files: {path: text}. All constants in order, and {rule: number left out by it}."""
    scans = {path: scan(text) for path, text in files.items()}
    shared, named, left_out = {}, {}, dict.fromkeys(RULES, 0)
    for path, scanned in scans.items():
        for name, at in scanned.scalars.items():
            constant = make(path, scanned, at, True)
            named[path, name] = constant
            if path.endswith(".h"):
                shared[name] = constant
    found = []
    for path, scanned in scans.items():
        tokens = scanned.tokens
        for i, token in enumerate(tokens):
            if i in scanned.dead:
                continue
            if token.kind == "number":
                rule = rule_against(path, tokens, i)
                if rule:
                    left_out[rule] += 1
                    continue
                constant = make(path, scanned, i, False)
                constant.spans.append((path, token.start, token.end, i))
                found.append(constant)
            elif token.kind == "name":
                constant = named.get((path, token.text)) or shared.get(token.text)
                if constant is None or tokens[i - 1].text in (".", "->"):
                    continue
                if index_or_type(tokens, i):
                    constant.size = True
                    continue
                first = i
                while tokens[first - 1].text == "::" and tokens[first - 2].kind == "name":
                    first -= 2
                if tokens[first - 1].text == "using":
                    continue
                constant.spans.append((path, tokens[first].start, token.end, i))
    named = [c for c in named.values() if c.spans]
    left_out["size"] = sum(c.size for c in named)
    found += [c for c in named if not c.size]
    found.sort(key=lambda c: (c.file, c.start))
    first = {path: PER_FILE * number for number, path in enumerate(sorted(files), 1)}
    before = None
    for constant in found:
        constant.id = first[constant.file]
        first[constant.file] += 1
        if before is not None and (before.file, before.line) == (constant.file, constant.line):
            constant.nth = before.nth + 1
        before = constant
    return found, scans, left_out


def index_or_type(tokens, i):
    inside = tokens[i].inside
    return inside >= 0 and tokens[inside].text == "[" or tokens[i - 1].text in ("<", ",") and tokens[i + 1].text == ">"


def make(path, scanned, i, named):
    token = scanned.tokens[i]
    begin = scanned.text.rfind("\n", 0, token.start) + 1
    end = scanned.text.find("\n", token.start)
    return Constant(path, token.line, token.start, token.text, scanned.text[begin:end].strip(), named)
