// Finds the elements of a page that scripts need.

/**
 * @typedef {<T extends Element = HTMLElement>(name: string, type?: new () => T) => T} Find
 *   returns the element with a name. Throws an error if it is missing or of another type.
 */

/**
 * Returns a function that finds elements in `root` by an attribute: `find(page, "part")("chat")` finds
 * `data-part="chat"`.
 * @param {ParentNode} root
 * @param {string} attribute
 * @returns {Find}
 */
export function find(root, attribute) {
  return (name, type) => {
    const element = root.querySelector(`[data-${attribute}="${name}"]`);
    if (element instanceof (type ?? HTMLElement)) return /** @type {any} */ (element);
    throw new Error(`The page has no ${attribute} “${name}”.`);
  };
}

/**
 * Returns the element with an id. Throws an error if it is missing or of another type.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type]
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (element instanceof (type ?? HTMLElement)) return /** @type {any} */ (element);
  throw new Error(`The page has no #${id}.`);
}
