"""Code names of the methods page: what a method's section names is in that method's own source files.

A section's heading ends with the method's name in inline code. The names in its tables are looked up, and elsewhere
those that can only be code (`Type.member`, `camelCase`):

- `Type.member`: declared where the type is declared or extended, or in a protocol that it conforms to.
- Other names, such as a local constant or a state tensor, occur in the code (not in comments or explanations) of the
  file that declares the method, of the protocols that it conforms to, or of the types that the same line of the page
  names.
"""

import re
from pathlib import Path

PAGE = "Documentation/methods.md"
SOURCES = "Sources"
METHODS = "Sources/FederatedLearning/Methods"


def check(page, root, files):
    """Reports names of a methods page that are not in the right file."""
    if page.path != PAGE:
        return
    code = {path: _without_prose((Path(root) / path).read_text(encoding="utf-8"))
            for path in files if path.startswith(f"{SOURCES}/") and path.endswith(".swift")}
    places = _places(code, "struct|class|enum|protocol|typealias|extension")
    protocols = _places(code, "protocol")
    own, lines = set(), page.text.splitlines()
    sections = {number: match[1] for number, line in enumerate(lines, 1)
                if (match := re.match(r"#+ (?:.*\(`([\w-]+)`\))?", line))}
    spans = {}
    for number, text in page.code_spans():
        spans.setdefault(number, []).append(text)
    method = None
    for number, line in enumerate(lines, 1):
        if number in sections:
            method = sections[number]
            own = _own_files(method, code, protocols) if method else set()
            if method and not own:
                page.fault(number, f"the method `{method}`", f"a method declared in {METHODS}")
            continue
        if not own:
            continue
        named = {path for text in spans.get(number, []) for path in places.get(text.split(".")[0], ())}
        for text in spans.get(number, []):
            missing = _missing(text, line.startswith("|"), own, named, code, places, protocols)
            if missing:
                page.fault(number, f"`{text}` of {method}", missing)


def _missing(text, is_table, own, named, code, places, protocols):
    """What was expected instead of a name; none if it is right or not a code name."""
    if member := re.fullmatch(r"([A-Z]\w*)\.(\w+)(?:\(.*\))?", text):
        if member[2] == "swift":
            return None  # a file
        there = set(places.get(member[1], own))
        for path in sorted(there):
            there |= _conformances(code[path], code, protocols)
        pattern = rf"\b(?:func|var|let|case|struct|enum)\s+`?{member[2]}\b|\b(?:let|var)\s+\([^)]*\b{member[2]}\b"
        return None if any(re.search(pattern, code[path]) for path in there) else f"a member of {member[1]}"
    if not is_table and not re.fullmatch(r"[a-z]+(?:[A-Z]\w*)+(?:\(.*\))?", text):
        return None
    # For `bank[i]`, only the bank: the index is the page's own.
    for word in re.findall(r"[A-Za-z_]\w*", re.sub(r"\[\w\]|\(.*\)", "", text)):
        if not any(re.search(rf"\b{word}\b", code[path]) for path in own | named):
            return f"{word} in the code of {', '.join(sorted(Path(path).name for path in own | named))}"
    return None


def _own_files(method, code, protocols):
    """The file that declares a method, and those of the protocols that it conforms to."""
    found = {path for path, text in code.items()
             if path.startswith(METHODS) and re.search(rf'name: "{method}"', text)}
    for path in sorted(found):
        found |= _conformances(code[path], code, protocols)
    return found


def _conformances(text, code, protocols):
    """The files of the protocols that the types of a file conform to, and so on."""
    found, left = set(), [text]
    while left:
        for conforms in re.findall(r"\b(?:struct|class|enum|protocol)\s+\w+\s*:\s*([\w\s,&]*)", left.pop()):
            for name in re.findall(r"[A-Z]\w*", conforms.split("where")[0]):
                for path in protocols.get(name, set()) - found:
                    found.add(path)
                    left.append(code[path])
    return found


def _places(code, kinds):
    """{type: the files that declare it as one of these kinds}"""
    places = {}
    for path, text in code.items():
        for name in re.findall(rf"\b(?:{kinds})\s+([A-Z]\w*)", text):
            places.setdefault(name, set()).add(path)
    return places


def _without_prose(text):
    """Swift code without comments and without literals of more than a word."""
    text = re.sub(r"(?m)//.*$", "", text)
    return re.sub(r'"[^"\n]*"', lambda literal: '""' if " " in literal[0] else literal[0], text)
