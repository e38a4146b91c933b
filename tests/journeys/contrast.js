/* Which texts do not stand out from their ground, of those whose looks are not `known`; and which looks do.
 *
 * Looks are a text's colour, size, weight and shadow, and the grounds of all that it stands in, down to one that lets
 * nothing through. What is laid over others without such a ground has no looks to be known by, and axe cannot decide
 * about everything: such are known by their class, on pages of one kind only.
 */
async ([where, known]) => {
  const seen = new Set(known);
  const leftOut = where.exclude.flat().join(", ");
  const grounds = new Map();

  const groundOf = (element) => {
    if (!element) return "";
    if (!grounds.has(element)) {
      const { backgroundColor, backgroundImage, opacity, filter, position } = getComputedStyle(element);
      const isClear = /^rgba\(|\//.test(backgroundColor) || backgroundImage !== "none" || opacity !== "1";
      const floats = isClear && ["absolute", "fixed", "sticky"].includes(position);
      const below = isClear && !floats ? groundOf(element.parentElement) : "";
      const own = [backgroundColor, backgroundImage, opacity, filter, below];
      grounds.set(element, floats || below === null ? null : own.join(" "));
    }
    return grounds.get(element);
  };
  const looksOf = (element) => {
    const ground = groundOf(element);
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
    return ground === null ? null : [color, fontSize, fontWeight, textShadow, ground].join(" ");
  };
  const kind = location.pathname.replace(/[^/]*\d[^/]*/g, "*");
  const looksHere = (element) => [kind, element.tagName, element.className, looksOf(element)].join(" ");
  const speaks = (element) =>
    element.matches("input, select, textarea") ||
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());

  const fresh = [...document.body.querySelectorAll("*")].filter(
    (element) =>
      speaks(element) &&
      element.checkVisibility({ visibilityProperty: true }) &&
      !(leftOut && element.closest(leftOut)) &&
      !seen.has(looksOf(element)) &&
      !seen.has(looksHere(element)),
  );
  if (!fresh.length) return { violations: [], judged: [] };
  const { violations, passes } = await axe.run(
    // Told to look at many places, axe is slower than at everything.
    fresh.length > 100 ? where : { ...where, include: fresh },
    { preload: false, elementRef: true, runOnly: { type: "rule", values: ["color-contrast"] } },
  );
  const judged = passes.flatMap((rule) => rule.nodes.map((node) => looksOf(node.element)));
  judged.push(...fresh.map(looksHere));
  for (const node of violations.flatMap((rule) => rule.nodes)) delete node.element;
  return { violations, judged: [...new Set(judged)].filter((looks) => looks !== null && !seen.has(looks)) };
};
