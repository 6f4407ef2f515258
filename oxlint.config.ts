// Lint rules; the import rules below are the architecture (docs/architecture.md): arrows only point down.
import { defineConfig } from "oxlint";

/** From the top down. Folders of one row may not import one another. */
const layers = [
  ["cli"],
  ["lab"],
  ["main.ts"],
  ["threads"],
  ["node.ts"],
  ["api", "storage", "web"],
  ["stages.ts"],
  ["all-checks.ts"],
  ["reception.ts"],
  ["journey.ts"],
  ["content-judgement.ts"],
  ["incoming-content.ts"],
  ["settling.ts"],
  ["returning"],
  ["owner-warning.ts"],
  ["notices.ts"],
  ["check", "receive", "judge", "signing", "queue", "route", "deliver", "dsn"],
  ["config"],
  ["autoconfig"],
  ["smtp"],
  ["journal"],
  ["dns"],
  ["explain"],
  ["mail"],
  ["base"],
] as const;

/** These are pure: no socket, no file, no clock. */
const pure = new Set<string>(["smtp", "autoconfig", "mail", "explain", "dsn", "journal"]);

const importRules = layers.flatMap((row, depth) =>
  row.map((place) => {
    const above = layers.slice(0, depth).flat();
    const beside = row.filter((other) => other !== place);
    const forbidden = [...above, ...beside].map((other) => (other.endsWith(".ts") ? `**/${other}` : `**/${other}/**`));
    const patterns = [
      ...(forbidden.length > 0
        ? [{ group: forbidden, message: "Imports only point down: see docs/architecture.md." }]
        : []),
      ...(pure.has(place)
        ? [
            {
              group: [
                "node:net",
                "node:tls",
                "node:fs",
                "node:fs/*",
                "node:dns",
                "node:http",
                "node:child_process",
                "node:worker_threads",
                "node:timers",
                "node:timers/*",
              ],
              message: "This folder is pure: take sockets, files and time as parameters.",
            },
          ]
        : []),
    ];
    return {
      files: [place.endsWith(".ts") ? `src/${place}` : `src/${place}/**/*.ts`],
      excludeFiles: ["**/*.test.ts"],
      rules: { "no-restricted-imports": ["error", { patterns }] as ["error", { patterns: typeof patterns }] },
    };
  }),
);

export default defineConfig({
  plugins: ["typescript", "import", "unicorn", "promise", "node"],
  categories: { correctness: "error", suspicious: "error", perf: "error" },
  options: { typeAware: true },
  rules: {
    "typescript/no-explicit-any": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "import/no-cycle": "error",
    "import/no-default-export": "error",
    "eslint/no-await-in-loop": "off",
    "eslint/no-underscore-dangle": "off",
    "unicorn/consistent-function-scoping": "off",
    "eslint/max-params": ["error", { max: 3 }],
    "eslint/max-lines-per-function": ["error", { max: 100, skipComments: true, skipBlankLines: true }],
    "eslint/no-shadow": "off",
    "unicorn/no-array-sort": "off",
    "eslint/no-unused-vars": ["error", { ignoreRestSiblings: true, varsIgnorePattern: "^_", argsIgnorePattern: "^_" }],
    "typescript/consistent-return": "off", // switches over kinds are exhaustive, tsc sees to it
    "typescript/no-unsafe-type-assertion": "off", // brands are made by assertion
  },
  overrides: [
    { files: ["oxlint.config.ts"], rules: { "import/no-default-export": "off" } },
    {
      files: ["**/*.test.ts", "test/**"],
      rules: { "typescript/no-floating-promises": "off", "max-lines-per-function": "off" },
    },
    ...importRules,
  ],
});
