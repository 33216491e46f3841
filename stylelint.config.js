const WORDS = "[a-z0-9]+(-[a-z0-9]+)*";

export default {
  extends: "stylelint-config-standard",
  rules: {
    // Blocks, elements and modifiers: .card, .card__name, .card--gone.
    "selector-class-pattern": `^${WORDS}(__${WORDS})?(--${WORDS})?$`,
    // Rules stand with the component they belong to, whatever their specificity.
    "no-descending-specificity": null,
    // Colours are named in tokens.css alone; the reader's own (Canvas, Highlight …) are no colours of ours.
    "color-no-hex": true,
    "color-named": "never",
    "function-disallowed-list": ["rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "color"],
  },
  overrides: [{ files: ["static/css/tokens.css"], rules: { "color-no-hex": null } }],
};
