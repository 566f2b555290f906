// Headings, names, languages and links. Returns the faults and the local files that links lead to.

const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .filter(heading => heading.checkVisibility() || heading.closest("details"));
let level = 0;
for (const heading of headings) {
  const next = +heading.tagName[1];
  if (next > level + 1) fault("heading skips a level", heading, `h${next} after ${level ? `h${level}` : "no heading"}`);
  if (!heading.textContent.trim()) fault("empty heading", heading, "no text");
  level = next;
}
const titles = headings.filter(heading => heading.tagName === "H1").length;
if (titles !== 1) fault("h1", "page", `${titles} of them; expected one`);
if (!document.documentElement.lang) fault("no language", "html", "no lang attribute");
if (!document.title.trim()) fault("no title", "head", "no title");

const isNamed = element => element.ariaLabel?.trim() || (element.getAttribute("aria-labelledby") ?? "").split(/\s+/)
  .some(id => id && document.getElementById(id)?.textContent.trim());
for (const image of document.images) {
  const isDecoration = image.closest("[role=presentation], [role=none], [aria-hidden=true]");
  if (!image.alt.trim() && !isDecoration) fault("no alt text", image, shortened(image.currentSrc || image.src));
}
for (const picture of document.querySelectorAll("svg")) {
  if (picture.parentElement.closest("svg, [aria-hidden=true]") || picture.ariaHidden === "true") continue;
  const title = picture.querySelector(":scope > title")?.textContent.trim();
  if (!isNamed(picture) && !title) fault("no alt text", picture, "no title or aria-label");
}
const fields = "input:not([type=hidden], [type=submit], [type=button], [type=reset]), select, textarea";
for (const field of document.querySelectorAll(fields)) {
  const hasLabel = [...field.labels].some(label => label.textContent.trim());
  if (!isNamed(field) && !hasLabel) fault("no label", field, "no label or aria-label");
}
for (const element of document.querySelectorAll("a[href], button, summary")) {
  const hasText = element.textContent.trim() || element.querySelector("img[alt], svg title");
  if (!isNamed(element) && !hasText) fault("no label", element, "no text or aria-label");
}

const ids = new Map();
for (const element of document.querySelectorAll("[id]")) ids.set(element.id, (ids.get(element.id) ?? 0) + 1);
for (const [id, count] of ids) if (count > 1) fault("id not unique", `#${id}`, `${count} elements have it`);

const files = [];
for (const link of document.querySelectorAll("a[href]")) {
  const target = link.getAttribute("href");
  if (target.startsWith("#")) {
    const name = decodeURIComponent(target.slice(1));
    if (name && name !== "top" && !document.getElementById(name) && !document.getElementsByName(name).length) {
      fault("link without target", link, `no element has the id ${name}`);
    }
  } else if (link.protocol === "file:") {
    files.push({ element: nameOf(link), target, path: decodeURIComponent(link.pathname) });
  }
}
return { faults, files };
