// Finds the elements that a page and its scripts agree on.

/**
 * @typedef {<T extends Element = HTMLElement>(name: string, type?: new () => T) => T} Find
 *   returns the element with that name, which must be there, and of that type
 */

/**
 * Returns what finds elements inside of another one by an attribute: `find(page, "part")("chat")` looks for
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
 * Returns the element with an id, which must be there, and of that type.
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
