// Everything that the Tab key should reach, in document order: `window.checkedStops`. Returns their names and faults.

const isPlainStop = element =>
  element.matches("a[href], area[href], button, input:not([type=hidden]), select, textarea, summary");
const isShown = element => !isHidden(element) || [...(element.labels ?? [])].some(label => !isHidden(label));

const stops = [];
for (const element of document.body.querySelectorAll("*")) {
  if (element.tagName === "SUMMARY" && element !== element.parentElement.querySelector(":scope > summary")) continue;
  const isScroller = scrolls(element);
  const hasTab = element.hasAttribute("tabindex") && element.tabIndex >= 0;
  if (!(isPlainStop(element) || hasTab || isScroller)) continue;
  if (element.disabled || element.closest("[inert]") || !isShown(element)) continue;
  if (element.tabIndex > 0) fault("tab order", element, `tabindex ${element.tabIndex} changes the order; use 0`);
  if (isScroller && !isPlainStop(element)) {
    if (!hasTab) fault("scroll area", element, "scrolls, but has no tabindex=\"0\"");
    else if (!element.getAttribute("role") || !(element.ariaLabel || element.hasAttribute("aria-labelledby"))) {
      fault("scroll area", element, "has a tabindex, but not both role (\"region\") and aria-label");
    }
  }
  if (element.type === "radio" && element.name) {  // Tab reaches one of a group
    const group = [...document.getElementsByName(element.name)]
      .filter(other => other.type === "radio" && other.form === element.form);
    if (element !== (group.find(other => other.checked) ?? group[0])) continue;
  }
  stops.push(element);
}

/// What may show that an element has the focus: itself, its labels, the next element, and the one around it.
const marks = element => [element, ...(element.labels ?? []), element.nextElementSibling, element.parentElement]
  .filter(Boolean).map(mark => {
    const style = getComputedStyle(mark);
    const hasOutline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    const paper = background(mark.parentElement ?? mark);
    const stands = !paper || contrast(over(colour(style.outlineColor), paper), paper) >= 3;
    return {
      outline: hasOutline ? `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}` : "none",
      shadow: style.boxShadow, isSeen: style.outlineStyle === "auto" || stands,
    };
  });

window.checkedStops = stops;
window.checkedMarks = marks;
window.checkedBefore = stops.map(marks);
return { faults, stops: stops.map(nameOf) };
