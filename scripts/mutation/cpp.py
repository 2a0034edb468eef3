"""Tokens of a C++ file, and what encloses each."""

import re
from dataclasses import dataclass

TOKEN = re.compile(r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
  | (?P<string>(?:u8|[uUL])?R"(?P<raw>[^(\s]*)\(.*?\)(?P=raw)"|(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*"|(?:u8|[uUL])?'(?:[^'\\\n]|\\.)+')
  | (?P<number>0[xX][0-9a-fA-F'.]+(?:[pP][+-]?\d+)?[uUlLfFzZ]*|(?:\d[\d']*\.?[\d']*|\.\d[\d']*)(?:[eE][+-]?\d+)?[uUlLfFzZ]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign><<=|>>=|<=>|\.\.\.|->\*|::|->|\+\+|--|<<|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s])
""", re.VERBOSE | re.DOTALL | re.MULTILINE)
CLOSES = {")": "(", "]": "[", "}": "{"}


@dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int
    line: int
    inside: int = -1  # index of the token of the innermost open bracket


def tokens_of(text):
    """All tokens but comments. A bracket's own `inside` is what encloses it."""
    found, stack, line, at = [], [], 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        kind = match.lastgroup if match.lastgroup != "raw" else "string"
        if kind == "comment":
            continue
        token = Token(kind, match.group(), match.start(), match.end(), line)
        if kind == "sign" and token.text in CLOSES and stack:
            stack.pop()
        token.inside = stack[-1] if stack else -1
        if kind == "sign" and token.text in "([{":
            stack.append(len(found))
        found.append(token)
    return found


def is_float(number):
    """Of a literal's text: whether its type is a floating-point one."""
    if number[:2].lower() == "0x":
        return "p" in number.lower()
    return "." in number or "e" in number.lower()


def value_of(number):
    text = number.replace("'", "")
    if is_float(text):
        return float.fromhex(text.rstrip("fFlL")) if text[:2].lower() == "0x" else float(text.rstrip("fFlL"))
    return int(text.rstrip("uUlLzZ"), 0) if text[:2].lower() == "0x" else int(text.rstrip("uUlLzZ"))
