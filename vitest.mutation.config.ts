import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The tests that Stryker runs: those of the pure cores. */
export default defineConfig({
  // By its name the package would be found in node_modules, which leads out of Stryker's sandbox, to sources without mutants.
  resolve: {
    alias: [
      { find: /^effect-kinesis$/, replacement: here("packages/kinesis/src/index.ts") },
      { find: /^effect-kinesis\/(.+)$/, replacement: here("packages/kinesis/src/$1.ts") }
    ]
  },
  test: {
    isolate: false,
    testTimeout: 60_000,
    // Named, so that vitest.workspace.ts is not looked at.
    projects: [{
      extends: true,
      test: {
        name: "mutation",
        include: [
          "packages/kinesis/test/internal/*.test.ts",
          "packages/kinesis/test/internal/encode/*.test.ts",
          "packages/kinesis/test/RecordDecoder.test.ts"
        ],
        exclude: ["packages/kinesis/test/internal/errorMapping.test.ts"],
        setupFiles: ["scripts/mutation-setup.mjs"]
      }
    }]
  }
})
