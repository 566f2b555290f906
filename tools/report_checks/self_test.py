"""Tests the checker: a correct page, and for each kind of fault a page that has it and nothing else."""

import base64
import sys
import tempfile
from pathlib import Path

STYLE = """:root { color-scheme: light dark; --ink: #222; --paper: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --paper: #111 } }
body { margin: 1rem; color: var(--ink); background: var(--paper); font: 16px/1.5 sans-serif }
a { color: inherit } .scroll { overflow-x: auto } .long { width: 3000px } th { position: sticky; left: 0 }
input:focus-visible + label { outline: 2px solid }
.shown { display: none } #second:checked ~ .shown { display: block }"""


def page(body, head="", lang=' lang="en"', title="<h1>Title</h1>"):
    return (f'<!doctype html><html{lang}><head><meta charset="utf-8"><title>Title</title><meta name="viewport" '
            f'content="width=device-width"><style>{STYLE}</style>{head}</head><body>{title}{body}</body></html>')


def picture(content, size='viewBox="0 0 300 150"', style="max-width: 300px; width: 100%", alt="A picture"):
    document = (f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect width="300" height="150" fill="#fff"/>'
                f'<g font-family="sans-serif" font-size="14">{content}</g></svg>')
    code = base64.b64encode(document.encode()).decode()
    return f'<img alt="{alt}" style="{style}" src="data:image/svg+xml;base64,{code}">'


def inline(content):
    return f'<svg viewBox="0 0 200 40" width="200" role="img" aria-label="Inline">{content}</svg>'


SCROLLER = '<div class="scroll" {}><div class="long">A long line</div></div>'
RADIOS = ('<input type="radio" name="r" id="first" checked><label for="first">First</label> '
          '<input type="radio" name="r" id="second"><label for="second">Second</label>')
ONLY_TAB = '<script>onkeydown = event => event.key == "Tab" || event.preventDefault()</script>'

RIGHT = (
    '<nav><a href="#a">To A</a> <a href="right0.html">A file</a></nav><h2 id="a">A</h2><h3>A.A</h3><h2>B</h2>'
    '<p>Text with <sup>2</sup> and <b>bold</b>.</p>'
    '<details><summary>More</summary><p>Inside <a href="#a">A</a></p></details>'
    + SCROLLER.format('tabindex="0" role="region" aria-label="A table"') + RADIOS + '<p class="shown">Only second</p>'
    + '<p style="position: absolute; clip-path: inset(50%)">For screen readers</p>'
    + picture('<text x="10" y="20">One</text><text x="10" y="36">Two<tspan dy="-4" font-size="10">2</tspan></text>'
              '<path d="M60,130 L290,130" stroke="#555"/><text x="100" y="146">below the axis</text>'
              '<text x="200" y="110" xml:space="preserve">spaces    </text><text x="248" y="110">follow</text>'
              '<path d="M60,80 L290,80" stroke="#ddd"/><text x="100" y="85">on the grid</text>'
              '<path d="M60,50 h230" stroke="#555"/><rect x="95" y="40" width="100" height="20" fill="#fff"/>'
              '<text x="100" y="55">boxed</text><g transform="translate(20,140) rotate(270)"><text>upwards</text></g>'
              '<g transform="translate(220,30) rotate(315)"><text>tick</text></g>'
              '<g transform="translate(242,30) rotate(315)"><text>tick</text></g>')
    + inline('<text x="5" y="20" fill="currentColor">In</text>'))

# What is wrong, and a page that has it.
FAULTY = [
    ("overlap", page('<p>Text</p><p style="margin-top: -30px">Other text</p>')),
    ("overlap", page('<details><summary>More</summary><p>Text</p><p style="margin-top: -30px">Other</p></details>')),
    ("overlap", page(f'{RADIOS}<div class="shown"><p>Text</p><p style="margin-top: -30px">Other</p></div>')),
    ("overlap", page('<table style="line-height: 0.5"><td>two<br>lines</table>')),
    ("overlap", page('<p>Text</p>' + picture("", style="margin-top: -30px; width: 300px"))),
    ("cut off", page('<div style="overflow: hidden; width: 3em; white-space: nowrap">A line too long</div>')),
    ("cut off", page('<div style="overflow: clip; height: 2em">Line<br>Line<br>Line</div>')),
    ("leaves the page", page('<p style="margin-left: -40px">Text</p>')),
    ("leaves the page, page scrolls sideways", page('<div style="white-space: nowrap">' + "word " * 20 + '</div>')),
    ("page scrolls sideways", page('<div class="long">Text</div>')),
    ("low contrast", page('<p style="color: #888">Text</p>')),
    ("low contrast", page('<p style="opacity: 0.5">Text</p>')),
    ("low contrast", page('<p style="font: bold 20px sans-serif; color: #999; background: #fff">Text</p>')),
    ("contrast unknown", page('<p style="background: linear-gradient(#fff, #000)">Text</p>')),
    ("see-through", page('<table><tr><th>Head<td>Cell</table>')),
    ("picture not decoded", page('<img alt="A picture" width="50" height="50" src="data:image/png;base64,AAAA">')),
    ("picture not decoded", page('<img alt="A picture" width="50" height="50" src="data:image/svg+xml,%3Csvg%3E">')),
    ("overlap in picture", page(picture('<text x="10" y="20">One</text><text x="15" y="28">Two</text>'))),
    ("overlap in picture", page(picture(
        '<g transform="translate(20,60) rotate(270)"><text>upwards</text></g><text x="12" y="50">Two</text>'))),
    ("overlap in picture", page(inline(
        '<g fill="currentColor"><text x="5" y="20">In</text><text x="5" y="22">In</text></g>'))),
    ("text beyond the picture's edge", page(picture('<text x="280" y="20">Right</text>'))),
    ("text beyond the picture's edge", page(picture('<text x="10" y="5">Above</text>'))),
    ("small font in picture", page(picture('<text x="10" y="20" font-size="8">One</text>'))),
    ("small font in picture", page(picture('<text x="10" y="20">One</text>', style="width: 150px"))),
    ("small font in picture", page(picture(
        '<text x="10" y="20">One</text>', 'width="300" height="150"', "width: 150px"))),
    ("low contrast in picture", page(picture('<text x="10" y="20" fill="#999">One</text>'))),
    ("low contrast in picture", page(picture(
        '<rect width="50" height="50" fill="#539acb"/><text x="10" y="20" fill="#fff">One</text>'))),
    ("line through text", page(picture(
        '<path d="M5,15 L100,15" stroke="rgb(85,85,85)"/><text x="10" y="20">One</text>'))),
    ("line through text", page(picture(
        '<g transform="translate(10,5)"><path d="M10,0 v100" stroke="#555"/></g><text x="5" y="20">One</text>'))),
    ("scroll area", page(SCROLLER.format(""))),
    ("scroll area", page(SCROLLER.format('tabindex="0"'))),
    ("not reached by Tab", page('<a href="#" tabindex="-1">Link</a>')),
    ("not reached by Tab", page('<input type="checkbox" id="c" style="display: none"><label for="c">Choice</label>')),
    ("tab order", page('<div style="display: flex"><a href="#">One</a></div><a href="#" tabindex="1">Two</a>')),
    ("focus does not show", page('<a href="#" style="outline: none">Link</a>')),
    ("focus does not show", page('<style>a:focus-visible { outline: 2px solid #8884 }</style><a href="#">Link</a>')),
    ("focus trap", page('<a href="#" onkeydown="event.preventDefault()">Link</a>')),
    ("unexpected focus", page('<p id="p">Text</p><span contenteditable>Text</span>')),
    ("summary without keys", page('<details open><summary>More</summary>Text</details>' + ONLY_TAB)),
    ("radio without keys", page(RADIOS + ONLY_TAB)),
    ("heading skips a level", page("<h3>Deep</h3>")),
    ("empty heading", page("<h2></h2>")),
    ("h1", page("<h1>Other title</h1>")),
    ("no language", page("Text", lang="")),
    ("no title", page("Text").replace("<title>Title</title>", "")),
    ("no alt text", page(picture("", alt=""))),
    ("no alt text", page(inline("").replace("aria-label", "id"))),
    ("no label", page('<button></button>')),
    ("no label", page('<input type="text">')),
    ("id not unique", page('<p id="x">Text</p><p id="x">Text</p>')),
    ("link without target", page('<a href="#nowhere">Link</a>')),
    ("link without target", page('<a href="nowhere.csv">Link</a>')),
    ("console", page('<script>console.error("wrong")</script>')),
    ("script error", page("<script>undefinedName()</script>")),
    ("request", page('<script>fetch("https://example.org/x").catch(() => {})</script>')),
    ("request", page('<link rel="stylesheet" href="nowhere.css">')),
    ("needs scripts", page('<p id="p"></p><script>document.getElementById("p").textContent = "Text"</script>')),
    ("not checkable", page('<canvas></canvas>')),
]

IN_DARK = [
    ("low contrast", page('<p style="background: #ffe">Text</p>')),
    ("low contrast in picture", page(inline('<text x="5" y="20">In</text>'))),
]


def run(check):
    """Returns the exit status."""
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        findings, pages = [], {}
        for name, cases, schemes in [
                ("right", [("", page(RIGHT))], ("light", "dark")),
                ("light", FAULTY, ("light",)), ("dark", IN_DARK, ("dark",))]:
            paths = []
            for number, (kinds, text) in enumerate(cases):
                paths.append(Path(folder, f"{name}{number}.html"))
                paths[-1].write_text(text, encoding="utf-8")
                pages[paths[-1]] = set(filter(None, kinds.split(", ")))
            findings += check(paths, (390,), schemes).by_key.values()
        for path, expected in pages.items():
            of_page = [finding for finding in findings if finding.page == str(path)]
            if {finding.kind for finding in of_page} == expected:
                continue
            failures += 1
            print(f"{path.name}: expected {', '.join(expected) or 'no fault'}; found:", file=sys.stderr)
            print(*(f"    {finding}" for finding in of_page), sep="\n", file=sys.stderr)
            print(f"    {path.read_text(encoding='utf-8').partition('<body>')[2][:200]}", file=sys.stderr)
    print(f"check-report: self-test, {len(pages)} pages, {failures} of them judged wrongly")
    return 1 if failures else 0
