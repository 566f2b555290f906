// What has the focus now: its place in the list of keyboard_list.js (−1: none of them), and what is wrong with how it
// shows. null if nothing has the focus.

const active = document.activeElement;
if (!active || active === document.body || active === document.documentElement) return null;
const index = window.checkedStops.indexOf(active);
const name = nameOf(active);
if (index < 0) return { index, name, faults };

const now = window.checkedMarks(active);
const changed = now.filter((mark, i) => {
  const before = window.checkedBefore[index][i];
  return ["outline", "shadow"].some(kind => mark[kind] !== "none" && mark[kind] !== before?.[kind]);
});
if (!active.matches(":focus-visible")) fault("focus does not show", active, "focused, but not :focus-visible");
if (!changed.length) fault("focus does not show", active, "no outline or shadow");
else if (!changed.some(mark => mark.isSeen || mark.shadow !== "none")) {
  fault("focus does not show", active, `its outline hardly shows: ${changed[0].outline}; contrast of at least 3`);
}

// The focused element must be in the window, itself or its label, and be more than a dot.
const rects = [active, ...(active.labels ?? [])].flatMap(element => [...element.getClientRects()]);
const isInside = rects.some(rect => Math.min(rect.right, innerWidth) - Math.max(rect.left, 0) > 1
  && Math.min(rect.bottom, innerHeight) - Math.max(rect.top, 0) > 1);
if (!isInside) fault("focus does not show", active, "focused outside the window");
return { index, name, faults };
