// Writes all generated pages of docs/; `--check` writes nothing, and exits with 1 when one is stale.
await import("./generate-docs.ts");
await import("./rfc-list.ts");
