// Texts of the page, outside pictures: overlapping, cut off, beyond the page's edges, of low contrast.
// Returns the faults, the number of texts, and the smallest font.

const tolerance = 1.5;
const wide = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > wide) {
  fault("page scrolls sideways", "html", `${document.documentElement.scrollWidth} px of content in ${wide} px`);
}

/// What clips an element's text, from the inside out: the element itself and those around it, without those that
/// positioned elements leave.
function clipping(element) {
  const found = [];
  let position = "static";
  for (let outer = element; outer && outer !== document.body; outer = outer.parentElement) {
    const style = getComputedStyle(outer);
    if (position === "fixed" || (position === "absolute" && style.position === "static")) continue;
    position = style.position;
    const [x, y] = [style.overflowX, style.overflowY];
    if (x !== "visible" || y !== "visible") found.push({ element: outer, x, y });
  }
  return found;
}

const isCut = overflow => overflow === "hidden" || overflow === "clip";
const inside = (box, frame, { x, y }) => ({
  left: x === "visible" ? box.left : Math.max(box.left, frame.left),
  right: x === "visible" ? box.right : Math.min(box.right, frame.right),
  top: y === "visible" ? box.top : Math.max(box.top, frame.top),
  bottom: y === "visible" ? box.bottom : Math.min(box.bottom, frame.bottom),
});

/// The part of a box that shows, the innermost element it scrolls in, and the element that cuts it off, if any.
function shown(box, ancestors) {
  let scroller = null;
  let visible = box;
  for (const ancestor of ancestors) {
    const rect = ancestor.element.getBoundingClientRect();
    const frame = { left: rect.left + ancestor.element.clientLeft, top: rect.top + ancestor.element.clientTop };
    frame.right = frame.left + ancestor.element.clientWidth;
    frame.bottom = frame.top + ancestor.element.clientHeight;
    const isBeside = visible.left < frame.left - 1 || visible.right > frame.right + 1;
    const isBeyond = visible.top < frame.top - 1 || visible.bottom > frame.bottom + 1;
    if ((isCut(ancestor.x) && isBeside) || (isCut(ancestor.y) && isBeyond)) {
      return { visible, scroller, cutBy: ancestor.element };
    }
    if (scrolls(ancestor.element)) scroller ??= ancestor.element;
    visible = inside(visible, frame, ancestor);
    if (visible.left >= visible.right || visible.top >= visible.bottom) return { visible: null, scroller };
  }
  return { visible, scroller };
}

// Boxes: one for each line of each text, and one for each picture

const boxes = [];
let texts = 0;
let smallest = Infinity;

function addBox(element, rect, label, trim = 0) {
  if (rect.width < 0.5 || rect.height < 0.5) return;
  // The font leaves room above capitals and below letters without descenders.
  const box = { left: rect.left, right: rect.right, top: rect.top + 0.15 * trim, bottom: rect.bottom - 0.07 * trim };
  const { visible, scroller, cutBy } = shown(box, clippingOf(label === "picture" ? element.parentElement : element));
  if (cutBy) fault("cut off", element, `${label} by ${cutBy === element ? "itself" : nameOf(cutBy)}`);
  if (visible && !scroller && (visible.left < -1 || visible.right > wide + 1 || visible.top < -1)) {
    const waits = (visible.right <= 0 || visible.bottom <= 0) && element.closest("a, button");
    if (!waits) fault("leaves the page", element, `from ${visible.left.toFixed(0)} to ${visible.right.toFixed(0)} px`);
  }
  boxes.push({ element, box, visible, scroller, label });
}

const known = new Map();
const clippingOf = element => known.get(element) ?? known.set(element, clipping(element)).get(element);

function checkContrast(element) {
  const style = getComputedStyle(element);
  const paper = background(element);
  if (!paper) return fault("contrast unknown", element, "its background is a picture or a gradient");
  let opacity = 1;
  for (let inner = element; inner; inner = inner.parentElement) opacity *= getComputedStyle(inner).opacity;
  const ink = over(colour(style.color), paper, opacity);
  const [found, needed] = [contrast(ink, paper), neededContrast(parseFloat(style.fontSize), +style.fontWeight)];
  if (found >= needed) return;
  const colours = `${hexadecimal(ink)} on ${hexadecimal(paper)}`;
  fault("low contrast", element, `${found.toFixed(2)} : 1 of ${colours}; at least ${needed}`);
}

/// What sticks or floats above scrolled text must hide it.
function checkCover(element) {
  for (let inner = element; inner; inner = inner.parentElement) {
    const style = getComputedStyle(inner);
    if (!/sticky|fixed/.test(style.position)) continue;
    const isOpaque = colour(style.backgroundColor)[3] === 1;
    if (!isOpaque) fault("see-through", inner, `${style.position}, but its background is not opaque`);
    return;
  }
}

const elsewhere = "svg, script, style, noscript, template, select, textarea";
const range = document.createRange();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const parents = new Set(document.querySelectorAll("input:not([type=hidden]), select, textarea"));
while (walker.nextNode()) {
  const parent = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || parent.closest(elsewhere) || isHidden(parent)) continue;
  const size = parseFloat(getComputedStyle(parent).fontSize);
  texts += 1;
  smallest = Math.min(smallest, size);
  parents.add(parent);
  range.selectNodeContents(walker.currentNode);
  for (const rect of range.getClientRects()) addBox(parent, rect, `"${shortened(walker.currentNode.data)}"`, size);
}
for (const element of parents) {
  if (isHidden(element)) continue;
  checkContrast(element);
  checkCover(element);
}
for (const picture of document.querySelectorAll("img, svg")) {
  if (picture.parentElement.closest("svg") || isHidden(picture)) continue;
  addBox(picture, picture.getBoundingClientRect(), "picture");
}

// Overlaps. Two boxes that scroll together are compared whole, others where they show.
const ordered = boxes.sort((a, b) => a.box.top - b.box.top);
for (let i = 0; i < ordered.length; i++) {
  for (let j = i + 1; j < ordered.length && ordered[j].box.top < ordered[i].box.bottom - tolerance; j++) {
    const [one, other] = [ordered[i], ordered[j]];
    const isTogether = one.scroller === other.scroller;
    const [a, b] = isTogether ? [one.box, other.box] : [one.visible, other.visible];
    if (!a || !b || one.element.contains(other.element) && other.label === "picture") continue;
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (width <= tolerance || height <= tolerance) continue;
    const shared = `${width.toFixed(1)} × ${height.toFixed(1)} px`;
    fault("overlap", one.element, `${one.label} and ${other.label} share ${shared}`);
  }
}
return { faults, texts, smallest: Number.isFinite(smallest) ? smallest : 0 };
