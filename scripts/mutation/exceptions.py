"""Constants that may be wrong without a test noticing, each with its reason. Named by file and by a piece of its line, so
that they survive edits elsewhere; a line that is no longer there is an error."""

# reason: [(file, piece of the line), or (file, piece of the line, the literal)]
EXCEPTIONS = {}


class Exceptions:
    def __init__(self, table):
        self.rows = [(reason, *row, *([None] if len(row) == 2 else [])) for reason, rows in table.items() for row in rows]
        self.used = {}

    def cover(self, constant):
        for row in self.rows:
            _, file, piece, literal = row
            if constant.file == file and piece in constant.code and literal in (None, constant.text):
                self.used.setdefault(row, []).append(constant)
                return True
        return False

    def reason(self, constant):
        return next((row[0] for row, covered in self.used.items() if constant in covered), None)

    def unused(self):
        return [f"{row[1]}: {row[2]}" for row in self.rows if row not in self.used]

    def counts(self):
        found = {}
        for row, covered in self.used.items():
            found[row[0]] = found.get(row[0], 0) + len(covered)
        return [f"{n} {reason}" for reason, n in found.items()]
