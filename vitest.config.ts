import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/closing-line.mjs"],
    testTimeout: 30_000,
    coverage: { include: ["packages/*/src/**"] }
  }
})
