import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/closing-line.mjs"],
    testTimeout: 30_000,
    maxWorkers: "100%",
    minWorkers: 1,
    coverage: { include: ["packages/*/src/**"] }
  }
})
