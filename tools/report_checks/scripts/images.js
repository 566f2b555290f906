// The pictures that the page shows: their sources, sizes, and the colours behind them. Decodes all of them first.

const shownImages = [...document.images].filter(image => !isHidden(image));
for (const image of shownImages) {
  image.loading = "eager";
  await image.decode().catch(() => {});
  const isDecoded = image.complete && image.naturalWidth > 0;
  if (!isDecoded) fault("picture not decoded", image, shortened(image.currentSrc || image.src));
}
for (const element of document.querySelectorAll("iframe, object, embed, canvas, video")) {
  if (!isHidden(element)) fault("not checkable", element, "this check sees only <img> and <svg>");
}
const images = shownImages.map(image => {
  const style = getComputedStyle(image);
  const paper = background(image);
  return {
    name: nameOf(image), source: image.currentSrc, paper: paper ? hexadecimal(paper) : "#ffffff",
    width: image.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
    height: image.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom),
    scheme: /^(only )?(light|dark)$/.exec(style.colorScheme)?.[2] ?? null,
  };
});
return { faults, images };
