import { defineWorkspace } from "vitest/config"

const project = (name: string, root: string, folder = "test") => ({
  extends: "./vitest.config.ts",
  test: { name, root, include: [`${folder}/**/*.test.ts`] }
})

export default defineWorkspace([
  project("kinesis", "packages/kinesis"),
  project("local", "packages/local"),
  project("dynamodb", "packages/dynamodb"),
  project("server", "packages/server"),
  project("cli", "packages/cli"),
  project("simulation", "packages/simulation"),
  project("docs", "docs", "examples")
])
