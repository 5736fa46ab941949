import { defineWorkspace } from "vitest/config"

const project = (name: string, root: string) => ({
  extends: "./vitest.config.ts",
  test: { name, root, include: ["test/**/*.test.ts"] }
})

export default defineWorkspace([
  project("kinesis", "packages/kinesis"),
  project("local", "packages/local"),
  project("cli", "packages/cli")
])
