// Shared by the scripts of this folder: names of elements, what shows, colours, overlaps.

const faults = [];
const fault = (kind, element, detail) =>
  faults.push({ kind, element: typeof element === "string" ? element : nameOf(element), detail });
const shortened = text => {
  const line = (text || "").replace(/\s+/g, " ").trim();
  return line.length > 40 ? line.slice(0, 40) + "…" : line;
};

/// For example `section#table1 td.text "FedAvg"`, or `section#table1 img 2 "…"` for the section's second picture.
function nameOf(element) {
  const tag = element.tagName.toLowerCase();
  const outer = element.id ? null : element.parentElement?.closest("[id]");
  let own = element.id ? `${tag}#${element.id}` : [tag, ...element.classList].join(".");
  if (tag === "img" || tag === "svg") own += ` ${[...(outer ?? document).querySelectorAll(tag)].indexOf(element) + 1}`;
  const text = shortened(element.alt || (tag === "svg" ? "" : element.textContent));
  return (outer ? `${outer.tagName.toLowerCase()}#${outer.id} ` : "") + own + (text ? ` "${text}"` : "");
}

// What shows

/// Whether an element is hidden from everybody, or from all but screen readers.
function isHidden(element) {
  return !element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || isCutAway(element);
}

// Elements share most of what is around them, which is looked at once.
const cutAway = new Map();

/// Whether an element, or one around it, leaves nothing to see of it.
function isCutAway(element) {
  if (!element) return false;
  if (!cutAway.has(element)) cutAway.set(element, cutsItself(element) || isCutAway(element.parentElement));
  return cutAway.get(element);
}

function cutsItself(element) {
  const details = element.parentElement;
  const isClosed = details?.tagName === "DETAILS" && !details.open;
  if (isClosed && element !== details.querySelector(":scope > summary")) return true;
  const style = getComputedStyle(element);
  if (/inset\((50|100)%/.test(style.clipPath) || /rect\([01]px/.test(style.clip)) return true;
  return /hidden|clip/.test(style.overflow) && (element.offsetWidth <= 1 || element.offsetHeight <= 1);
}

const scrolls = element => {
  if (element === document.documentElement || element === document.body) return false;
  const style = getComputedStyle(element);
  return (/auto|scroll/.test(style.overflowX) && element.scrollWidth > element.clientWidth + 1)
    || (/auto|scroll/.test(style.overflowY) && element.scrollHeight > element.clientHeight + 1);
};

// Colours: [red, green, blue, alpha], of 0…255 and 0…1

const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const knownColours = new Map();

function colour(text) {
  if (!knownColours.has(text)) {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = "#000";
    brush.fillStyle = text;
    brush.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
    knownColours.set(text, [red, green, blue, alpha / 255]);
  }
  return knownColours.get(text);
}

/// A colour painted over an opaque one.
const over = (upper, lower, opacity = 1) => {
  const alpha = upper[3] * opacity;
  return [0, 1, 2].map(i => upper[i] * alpha + lower[i] * (1 - alpha)).concat(1);
};

/// WCAG's contrast of two opaque colours, 1…21.
function contrast(one, other) {
  const luminance = c => [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => {
    const value = c[i] / 255;
    return sum + share * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }, 0);
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const neededContrast = (size, weight) => size >= 24 || (size >= 18.66 && weight >= 700) ? 3 : 4.5;
const hexadecimal = c => "#" + c.slice(0, 3).map(v => Math.round(v).toString(16).padStart(2, "0")).join("");

let knownCanvas;

/// The colour behind everything. A probe makes the browser lay out the page again, so there is one only.
function canvas() {
  if (!knownCanvas) {
    const probe = document.createElement("div");
    probe.style.backgroundColor = "Canvas";
    document.body.append(probe);
    knownCanvas = colour(getComputedStyle(probe).backgroundColor);
    probe.remove();
  }
  return knownCanvas;
}

/// The opaque colour behind an element's text; null where a background picture makes it unknown.
function background(element) {
  const layers = [];
  for (let inner = element; inner; inner = inner.parentElement) {
    const style = getComputedStyle(inner);
    if (style.backgroundImage !== "none") return null;
    const layer = colour(style.backgroundColor);
    if (layer[3] > 0) layers.push(layer);
    if (layer[3] === 1) break;
  }
  return layers.reduceRight((lower, upper) => over(upper, lower), canvas());
}

/// How far two convex shapes reach into each other: the shortest way that would part them, 0 if they are apart. Shapes
/// are given by their corners, a line by two.
function overlap(one, other) {
  let least = Infinity;
  for (const shape of [one, other]) {
    for (let i = 0; i < shape.length; i++) {
      const [a, b] = [shape[i], shape[(i + 1) % shape.length]];
      const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
      const along = p => (p.x * (b.y - a.y) - p.y * (b.x - a.x)) / length;
      const [first, second] = [one.map(along), other.map(along)];
      const depth = Math.min(Math.max(...first) - Math.min(...second), Math.max(...second) - Math.min(...first));
      if (depth <= 0) return 0;
      least = Math.min(least, depth);
    }
  }
  return least;
}
