import { tmpdir } from "node:os"
import { join } from "node:path"

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  plugins: ["@stryker-mutator/vitest-runner"],
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutation.config.ts" },
  coverageAnalysis: "perTest",
  mutate: [
    "packages/kinesis/src/internal/shard/*.ts",
    "packages/kinesis/src/internal/record/*.ts",
    "packages/kinesis/src/internal/decode/{inflate,cloudWatchLogs,jsonText,jsonValues,exactJson}.ts",
    "packages/kinesis/src/internal/encode/{issues,kinds,plainSchema}.ts"
  ],
  ignorePatterns: ["**/dist", "coverage", "reports"],
  concurrency: 2,
  incremental: false,
  disableTypeChecks: false,
  // Stryker would read it by TypeScript's JS API, which TypeScript 7 has not: a name that is no file keeps it from that.
  tsconfigFile: "none",
  // Outside of node_modules, whose files vitest does not transform.
  tempDirName: join(tmpdir(), "effect-kinesis-mutation"),
  cleanTempDir: "always",
  reporters: ["clear-text", "progress", "html"],
  htmlReporter: { fileName: "reports/mutation.html" },
  clearTextReporter: { allowColor: false, logTests: false },
  thresholds: { high: 95, low: 85, break: 85 }
}
