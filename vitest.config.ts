import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/closing-line.mjs"],
    // A guard against what hangs, not a measure of speed: a busy machine is ten times slower, and its tests pass.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // To load Effect for each file takes longer than most files do; none leaves anything behind for the next of its project.
    isolate: false,
    setupFiles: [fileURLToPath(new URL("./scripts/test-setup.mjs", import.meta.url))],
    maxWorkers: "100%",
    minWorkers: 1,
    coverage: { include: ["packages/*/src/**"] }
  }
})
