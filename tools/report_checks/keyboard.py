"""Walks through a page with the keyboard alone."""

from .browser import call

# Focuses an element of the list; returns whether it took the focus.
FOCUS = "index => { const stop = window.checkedStops[index]; stop.focus(); return document.activeElement === stop; }"
IS_OPEN = "index => window.checkedStops[index].parentElement.open"
SUMMARIES = "() => window.checkedStops.flatMap((stop, i) => stop.tagName === 'SUMMARY' ? [i] : [])"
RADIOS = """() => window.checkedStops.flatMap((stop, i) =>
    stop.type === 'radio' && stop.name && document.getElementsByName(stop.name).length > 1 ? [i] : [])"""
CHECKED = """index => [...document.getElementsByName(window.checkedStops[index].name)].findIndex(one => one.checked)"""
OPEN_ALL = "() => document.querySelectorAll('details').forEach(details => { details.open = true; })"


def check(page, load):
    """Checks a page that `load` loads; returns faults. It leaves other radio buttons chosen."""
    load()
    faults = walk(page)
    if page.evaluate("() => document.querySelector('details:not([open])') !== null"):
        load()
        page.evaluate(OPEN_ALL)
        faults += walk(page)
    load()
    page.evaluate(OPEN_ALL)
    names = call(page, "keyboard_list")["stops"]
    for index in page.evaluate(SUMMARIES):
        for key in ("Enter", "Space"):
            page.evaluate(FOCUS, index)
            before = page.evaluate(IS_OPEN, index)
            page.keyboard.press(key)
            if page.evaluate(IS_OPEN, index) == before:
                faults.append(fault("summary without keys", names[index], f"{key} neither opens nor closes it"))
        page.evaluate(OPEN_ALL)
    for index in page.evaluate(RADIOS):
        before = page.evaluate(CHECKED, index)
        page.evaluate(FOCUS, index)
        page.keyboard.press("ArrowDown")
        if page.evaluate(CHECKED, index) in (before, -1):
            faults.append(fault("radio without keys", names[index], "the arrow keys do not change the choice"))
    return faults


def walk(page):
    """Presses Tab from the top of the page until the focus leaves it."""
    listed = call(page, "keyboard_list")
    faults, names = listed["faults"], listed["stops"]
    reached = []
    for _ in range(2 * len(names) + 10):
        page.keyboard.press("Tab")
        step = call(page, "keyboard_step")
        if step is None:
            break
        faults += step["faults"]
        index, name = step["index"], step["name"]
        if index < 0:
            faults.append(fault("unexpected focus", name, "Tab reaches it, though it does nothing"))
            continue
        if index in reached:
            how = "Tab does not leave it" if index == reached[-1] else "Tab comes back to it before the page's end"
            faults.append(fault("focus trap", name, how))
            break
        if reached and index < max(reached):
            faults.append(fault("tab order", name, f"reached after {names[max(reached)]}, which is below it"))
        reached.append(index)
    else:
        faults.append(fault("focus trap", "page", "Tab does not leave it"))
    return faults + [fault("not reached by Tab", name, "the Tab key passes it by")
                     for index, name in enumerate(names) if index not in reached]


def fault(kind, element, detail):
    return {"kind": kind, "element": element, "detail": detail}
