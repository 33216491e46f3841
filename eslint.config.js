import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  { files: ["static/js/**"], languageOptions: { globals: globals.browser } },
  { files: ["bench/**"], languageOptions: { globals: globals.node } },
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
];
