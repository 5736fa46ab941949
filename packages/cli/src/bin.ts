#!/usr/bin/env node
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { kinesis } from "./KinesisCommand.js"

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string
}

/** The parser has told of its own errors already. */
const complain = (error: unknown) =>
  Effect.sync(() => {
    if (ValidationError.isValidationError(error)) return
    process.stderr.write(`kinesis: ${error instanceof Error ? error.message : String(error)}\n`)
  })

Command.run(kinesis, { name: "kinesis", version })(process.argv).pipe(
  Effect.tapError(complain),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
