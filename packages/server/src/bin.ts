#!/usr/bin/env node
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { readFileSync } from "node:fs"

/** The AWS SDK warns of old versions of Node, which is no news to somebody who starts a server. */
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true"

const command = "kinesis-server"

const version = (): string => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8")
  return (JSON.parse(manifest) as { readonly version: string }).version
}

const signals = { SIGINT: 130, SIGTERM: 143 } as const

let ended: keyof typeof signals | undefined

const codeOf = (exit: Exit.Exit<unknown, { readonly _tag: string }>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.isInterruptedOnly(exit.cause)) return ended === undefined ? 1 : signals[ended]
  const error = Cause.squash(exit.cause) as { readonly _tag?: string; readonly message?: string }
  process.stderr.write(`${command}: ${error.message ?? String(error)}\n`)
  return error._tag === "UsageError" || error._tag === "InvalidArgument" ? 2 : 1
}

const args = process.argv.slice(2)

if (args.includes("--version")) process.stdout.write(`${version()}\n`)
else {
  const { main } = await import("./ServerCommand.js")
  const fiber = Effect.runFork(main(args, command))
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (ended !== undefined) process.exit(signals[signal])
      ended = signal
      fiber.unsafeInterruptAsFork(fiber.id())
    })
  }
  fiber.addObserver((exit) => process.exit(codeOf(exit)))
}
