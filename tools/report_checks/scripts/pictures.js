// Texts of SVG pictures: overlapping, beyond the edge, small, crossed by a line, of low contrast.
// With an argument the document is one SVG file: `argument` has the name, width and height at which the page shows it,
// and the colour behind it. Without one, the pictures are the page's inline <svg> elements.
// Returns the faults, the numbers of pictures and texts, and the smallest font.

const tolerance = 0.1;
const smallestAllowed = 9;
const longLine = 40;
let texts = 0;
let smallest = 0;

const corners = (box, matrix) => [[0, 0], [1, 0], [1, 1], [0, 1]].map(([x, y]) =>
  new DOMPoint(box.x + x * box.width, box.y + y * box.height).matrixTransform(matrix));
const scaleOf = matrix => Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c));
const isDrawn = element => !element.closest("defs, clipPath, mask, marker, symbol, pattern")
  && element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

/// The runs of one font in the picture's <text> elements, with the corners of what their letters cover.
function runsOf(root) {
  const runs = [];
  for (const text of [...root.querySelectorAll("text")].filter(isDrawn)) {
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) if (walker.currentNode.data.trim()) nodes.push(walker.currentNode);
    for (const node of nodes) {
      let run = node.parentElement;
      if (run.childNodes.length > 1) {  // its own element, which can be measured
        run = document.createElementNS("http://www.w3.org/2000/svg", "tspan");
        node.replaceWith(run);
        run.append(node);
      }
      const style = getComputedStyle(run);
      const [box, matrix] = [run.getBBox(), run.getScreenCTM()];
      // The box has the font's full height; take what these letters need of it.
      brush.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
      const letters = brush.measureText(node.data.trim());
      const top = letters.fontBoundingBoxAscent - letters.actualBoundingBoxAscent;
      const bottom = letters.fontBoundingBoxDescent - letters.actualBoundingBoxDescent;
      const spaces = /pre/.test(style.whiteSpace) ? /^(\s*).*?(\s*)$/s.exec(node.data).slice(1) : ["", ""];
      const [left, right] = spaces.map(space => brush.measureText(space).width);
      const ink = new DOMRect(box.x + left, box.y + top, box.width - left - right, box.height - top - bottom);
      const [beside, above] = [0.075 * ink.width, 0.075 * ink.height];
      const middle = new DOMRect(ink.x + beside, ink.y + above, ink.width - 2 * beside, ink.height - 2 * above);
      runs.push({
        text, style, run, label: `"${shortened(node.data)}"`,
        quad: corners(ink, matrix), middle: corners(middle, matrix),
        size: parseFloat(style.fontSize) * scaleOf(matrix),
      });
    }
  }
  return runs;
}

// Lines

/// The corners that a path's straight strokes join, each of them in a list; curves end the path.
function pathStrokes(path) {
  const strokes = [];
  const numbers = text => (text.match(/-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/gi) ?? []).map(Number);
  let [x, y, start] = [0, 0, [0, 0]];
  for (const [, command, rest] of (path.getAttribute("d") ?? "").matchAll(/([a-df-z])([^a-df-z]*)/gi)) {
    const values = numbers(rest);
    const isRelative = command === command.toLowerCase();
    const kind = command.toUpperCase();
    if (!"MLHVZ".includes(kind)) break;
    if (kind === "Z") { strokes.push([x, y, ...start]); [x, y] = start; }
    for (let i = 0; i < values.length; i += "HV".includes(kind) ? 1 : 2) {
      const from = [x, y];
      if (kind === "V") y = values[i] + (isRelative ? y : 0);
      else x = values[i] + (isRelative ? x : 0);
      if ("ML".includes(kind)) y = values[i + 1] + (isRelative ? y : 0);
      if (kind === "M" && i === 0) start = [x, y]; else strokes.push([...from, x, y]);
    }
  }
  return strokes;
}

function strokesOf(shape) {
  const value = name => shape[name].baseVal.value;
  if (shape.tagName === "path") return pathStrokes(shape);
  if (shape.tagName === "line") return [[value("x1"), value("y1"), value("x2"), value("y2")]];
  if (shape.tagName === "rect") {
    const [left, top] = [value("x"), value("y")];
    const [right, bottom] = [left + value("width"), top + value("height")];
    return [
      [left, top, right, top], [left, bottom, right, bottom], [left, top, left, bottom], [right, top, right, bottom]];
  }
  const points = [...shape.points];
  if (shape.tagName === "polygon" && points.length) points.push(points[0]);
  return points.slice(1).map((point, i) => [points[i].x, points[i].y, point.x, point.y]);
}

/// Long horizontal and vertical lines.
function linesOf(root) {
  const lines = [];
  for (const shape of root.querySelectorAll("path, line, rect, polyline, polygon")) {
    if (!isDrawn(shape)) continue;
    const style = getComputedStyle(shape);
    if (style.stroke === "none" || parseFloat(style.strokeWidth) === 0) continue;
    const matrix = shape.getScreenCTM();
    for (const [x, y, toX, toY] of strokesOf(shape)) {
      const ends = [new DOMPoint(x, y), new DOMPoint(toX, toY)].map(point => point.matrixTransform(matrix));
      const [across, down] = [Math.abs(ends[0].x - ends[1].x), Math.abs(ends[0].y - ends[1].y)];
      if (Math.min(across, down) < 0.5 && Math.max(across, down) >= longLine) lines.push({ shape, ends, style });
    }
  }
  return lines;
}

// Checks

/// The topmost painted area at the middle of a run, under its letters.
function areaUnder({ run, text, middle }) {
  if (!argument) run.scrollIntoView({ block: "center", inline: "center" });
  const rect = run.getBoundingClientRect();
  const [x, y] = [rect.left + rect.width / 2, rect.top + rect.height / 2];
  for (const element of document.elementsFromPoint(x, y)) {
    if (element.closest("text") || element.tagName === "use") continue;
    if (!element.closest("svg") || element.tagName === "svg") return null;
    const local = new DOMPoint(x, y).matrixTransform(element.getScreenCTM().inverse());
    if (getComputedStyle(element).fill !== "none" && element.isPointInFill?.(local)) return element;
  }
  return null;
}

const isColour = paint => /^(rgb|color|#|ok|lab|lch)/.test(paint);

/// The colour behind a run; null if it is no plain colour.
function behind(area, paper) {
  if (!area) return paper;
  const style = getComputedStyle(area);
  return isColour(style.fill) ? over(colour(style.fill), paper, style.fillOpacity * style.opacity) : null;
}

/// What is wrong with a run's contrast, if anything.
function contrastFault({ style, size, label }, ground) {
  if (!ground || !isColour(style.fill)) return null;
  const ink = over(colour(style.fill), ground, style.fillOpacity * style.opacity);
  const [found, needed] = [contrast(ink, ground), neededContrast(size, +style.fontWeight)];
  if (found >= needed) return null;
  return `${label} ${found.toFixed(2)} : 1 of ${hexadecimal(ink)} on ${hexadecimal(ground)}, at least ${needed}`;
}

/// Whether a line crosses a run and stands out there, as axes and frames do, and light grids do not. A filled area
/// drawn after the line, such as a label's box, hides it.
function isCrossed(run, { shape, ends, style }, area, ground) {
  if (overlap(run.middle, ends) === 0 || !ground) return false;
  if (area && area !== shape && shape.compareDocumentPosition(area) & Node.DOCUMENT_POSITION_FOLLOWING) return false;
  return contrast(over(colour(style.stroke), ground, style.strokeOpacity * style.opacity), ground) >= 3;
}

function check(root, name, frame, paper) {
  const report = (kind, detail) => fault(kind, name, detail);
  const runs = runsOf(root);
  const lines = linesOf(root);
  texts += runs.length;
  const small = runs.filter(run => run.size < smallestAllowed - 0.05).sort((a, b) => a.size - b.size);
  if (small.length) {
    report("small font in picture", `${small.length} of ${runs.length} texts, the smallest ${small[0].label} of ` +
      `${small[0].size.toFixed(1)} px; at least ${smallestAllowed}`);
  }
  for (const run of runs) smallest = Math.min(smallest || Infinity, run.size);
  const [crossed, cut, overlapping, faint] = [[], [], [], []];
  for (const [i, run] of runs.entries()) {
    const beyond = Math.max(...run.quad.flatMap(({ x, y }) =>
      [frame.left - x, x - frame.right, frame.top - y, y - frame.bottom]));
    if (beyond > 0.5) cut.push(`${run.label} by ${beyond.toFixed(1)} px`);
    for (const other of runs.slice(i + 1)) {
      const depth = other.text === run.text ? 0 : overlap(run.quad, other.quad);
      if (depth > tolerance) overlapping.push(`${run.label} and ${other.label} by ${depth.toFixed(1)} px`);
    }
    const area = areaUnder(run);
    const ground = behind(area, paper);
    const wrong = contrastFault(run, ground);
    if (wrong) faint.push(wrong);
    if (lines.some(line => isCrossed(run, line, area, ground))) crossed.push(run.label);
  }
  const some = list => `${list.length}: ` + list.slice(0, 3).join("; ") + (list.length > 3 ? "; …" : "");
  if (cut.length) report("text beyond the picture's edge", some(cut));
  if (overlapping.length) report("overlap in picture", some(overlapping));
  if (faint.length) report("low contrast in picture", some(faint));
  if (crossed.length) report("line through text", some(crossed));
}

let pictures = 0;
if (argument) {
  const root = document.documentElement;
  if (root.tagName !== "svg" || document.querySelector("parsererror")) {
    fault("picture not decoded", argument.name, "not a well-formed SVG file");
  } else {
    // As in an <img>: the whole picture in the size shown.
    const { width, height } = argument;
    const own = [root.width.baseVal.value, root.height.baseVal.value];
    if (!root.hasAttribute("viewBox")) root.setAttribute("viewBox", `0 0 ${own.join(" ")}`);
    root.setAttribute("style", `${root.getAttribute("style") ?? ""}; width: ${width}px; height: ${height}px`);
    check(root, argument.name, { left: 0, top: 0, right: width, bottom: height }, colour(argument.paper));
    pictures = 1;
  }
} else {
  for (const root of document.querySelectorAll("svg")) {
    if (root.parentElement.closest("svg") || isHidden(root)) continue;
    const rect = root.getBoundingClientRect();
    check(root, nameOf(root), rect, background(root) ?? colour("#fff"));
    pictures += 1;
  }
  for (const element of document.querySelectorAll("*")) element.scrollTo(0, 0);
}
return { faults, pictures, texts, smallest };
