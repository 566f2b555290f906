"""All checks of one page at one width and in one colour scheme."""

from pathlib import Path

from . import keyboard
from .browser import call, opened, short

# The choices that show other parts of a page: radio buttons that are not chosen, and check boxes.
CHOICES = """() => {
    const inputs = document.querySelectorAll("input[type=radio]:not(:checked), input[type=checkbox]");
    window.checkedChoices = [...inputs].filter(input => !input.disabled);
    return window.checkedChoices.length;
}"""
CHOOSE = "index => window.checkedChoices[index].click()"


class PageCheck:
    """Checks pages in a browser and adds what it finds to `findings`.

    - pictures: a `Pictures`, and the browser page in which it opens them
    - screenshots: a folder for images of the pages, or None
    """

    def __init__(self, browser, findings, pictures, picture_page, screenshots=None):
        self.browser, self.findings = browser, findings
        self.pictures, self.picture_page = pictures, picture_page
        self.screenshots = screenshots

    def check(self, name, path, width, scheme):
        self.place = (name, width, scheme)
        with opened(self.browser, width, scheme, self.report) as page:
            load = lambda: page.goto(path.as_uri())
            load()
            self.look(page)
            self.screenshot(page, path, "")
            if page.evaluate("() => document.querySelector('details:not([open])') !== null"):
                page.evaluate(keyboard.OPEN_ALL)
                self.look(page)
                self.screenshot(page, path, "-open")
            for index in range(page.evaluate(CHOICES)):
                page.evaluate(CHOOSE, index)
                self.look(page)
            structure = call(page, "structure")
            self.findings.add(self.place, structure["faults"])
            for file in structure["files"]:
                if not Path(file["path"]).exists():
                    self.report("link without target", file["element"], f"{file['target']}: no such file")
            load()
            with_scripts = self.lines(page)
            self.findings.add(self.place, keyboard.check(page, load))
        with opened(self.browser, width, scheme, self.report, has_scripts=False) as page:
            page.goto(path.as_uri())
            missing = with_scripts - self.lines(page)
            for line in sorted(missing)[:5]:
                self.report(
                    "needs scripts", f'"{short(line, 60)}"', f"one of {len(missing)} lines missing without JavaScript")

    def look(self, page):
        """Checks the texts and pictures that show now."""
        images = call(page, "images")
        self.findings.add(self.place, images["faults"])
        self.count(call(page, "texts"), "page")
        self.count(call(page, "pictures"), "pictures")
        for image in images["images"]:
            result, is_new = self.pictures.check(self.picture_page, image, self.place[2])
            if is_new:
                self.count(result, "pictures")
            elif result:
                self.findings.add(self.place, result["faults"])

    def count(self, result, where):
        self.findings.add(self.place, result["faults"])
        self.findings.texts += result["texts"]
        self.findings.pictures += result.get("pictures", 0)
        self.findings.see_font(self.place, result["smallest"], where)

    def lines(self, page):
        """The lines of text that show, with all <details> open."""
        page.evaluate(keyboard.OPEN_ALL)
        text = page.evaluate("() => document.body.innerText")
        return {" ".join(line.split()) for line in text.splitlines() if line.strip()}

    def screenshot(self, page, path, suffix):
        if self.screenshots:
            _, width, scheme = self.place
            file = self.screenshots / f"{path.parent.name}-{path.stem}-{width}-{scheme}{suffix}.png"
            page.screenshot(path=file, full_page=True)

    def report(self, kind, element, detail):
        self.findings.add(self.place, [{"kind": kind, "element": element, "detail": detail}])
