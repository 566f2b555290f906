"""Faults, and how they are counted and printed."""

from dataclasses import dataclass, field


@dataclass
class Finding:
    """One fault of one element, with all the widths and schemes that have it."""

    page: str
    kind: str
    element: str
    detail: str
    places: list = field(default_factory=list)

    def __str__(self):
        widths = {}
        for width, scheme in self.places:
            widths.setdefault(width, []).append(scheme)
        where = ", ".join(f"{width} px {' and '.join(schemes)}" for width, schemes in widths.items())
        return f"{self.page}: {where}: {self.kind}: {self.element}: {self.detail}"


class Findings:
    """Collects faults and counts. The same fault at several widths and schemes is one finding."""

    def __init__(self):
        self.by_key = {}
        self.texts = 0
        self.pictures = 0
        self.smallest = {}

    def add(self, place, faults):
        """place: the page's name, a width and a scheme; faults: dictionaries of kind, element and detail."""
        page, width, scheme = place
        for fault in faults:
            key = (page, fault["kind"], fault["element"])
            finding = self.by_key.setdefault(key, Finding(page, detail=fault["detail"], **{
                name: fault[name] for name in ("kind", "element")}))
            if (width, scheme) not in finding.places:
                finding.places.append((width, scheme))

    def see_font(self, place, size, where):
        """Remembers the smallest font, apart for the text of pages and for pictures."""
        if size and size < self.smallest.get(where, (float("inf"), ""))[0]:
            self.smallest[where] = (size, f"{place[0]} at {place[1]} px")

    def lines(self):
        return [str(finding) for finding in self.by_key.values()]

    def counts(self):
        """How many findings there are of each kind, the commonest first."""
        counts = {}
        for finding in self.by_key.values():
            counts[finding.kind] = counts.get(finding.kind, 0) + 1
        return sorted(counts.items(), key=lambda item: -item[1])
