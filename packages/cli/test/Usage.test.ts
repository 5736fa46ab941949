import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Help from "../src/Help.js"
import * as Npm from "../src/Npm.js"
import * as Usage from "../src/Usage.js"

const problem = (line: string) => Usage.problem(line === "" ? [] : line.split(" "))

describe("Usage", () => {
  it("takes what can be typed", () => {
    for (
      const line of [
        "",
        "demo",
        "demo --for 5s --json",
        "demo --for=5s",
        "demo --stream orders --region r --from -2h",
        "read --stream orders -o raw",
        "read --json --stream=orders --output none --resume p1.abc --endpoint http://127.0.0.1:4567",
        "fleet --for 45s --fan-out",
        "--version",
        "--completions bash"
      ]
    ) assert.isUndefined(problem(line), line)
  })

  it("says what is wrong, and what was probably meant", () => {
    const cases = {
      "demo --fro 5s": "there is no option --fro; did you mean --for or --from?",
      "demo --jsno": "there is no option --jsno; did you mean --json?",
      "read --steam orders": "there is no option --steam; did you mean --stream?",
      "read --stream orders --regoin=r": "there is no option --regoin; did you mean --region?",
      "demo --watermelon": "there is no option --watermelon",
      "demo --for": "--for needs a value: --for TIME",
      "demo --for --json": "--for needs a value: --for TIME",
      "read --stream orders -o": "-o needs a value: -o FORM",
      "demo --from latest": "--from needs a stream: kinesis demo --stream STREAM --from latest",
      "demo --region eu-west-1": "--region needs a stream: kinesis demo --stream STREAM --region eu-west-1",
      "read --from latest": "--stream is missing: kinesis read --stream STREAM",
      read: "--stream is missing: kinesis read --stream STREAM",
      "read orders": "the stream is an option: kinesis read --stream orders",
      "demo --for 5s 5s --stream s": "unexpected argument \"5s\"",
      "demo --for 5 s": "a time is written without a space: --for 5s",
      "fleet --for 1m 30s": "a time is written without a space: --for 1m30s",
      "read --stream orders --from -2 hours": "a time is written without a space: --from -2h",
      raed: "there is no command raed; did you mean read?",
      watermelon: "there is no command watermelon",
      "--for 5s": "a command comes first: demo, read, serve, fleet"
    }
    for (const [line, message] of Object.entries(cases)) assert.strictEqual(problem(line), message, line)
  })

  it("suggests an option for each slip of one letter in it", () => {
    const names = Object.keys(Usage.commands.read.options)
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.constantFrom("drop", "double", "swap"), (name, i, slip) => {
        const at = i % (name.length - 1)
        const typed = slip === "drop"
          ? name.slice(0, at) + name.slice(at + 1)
          : slip === "double"
          ? name.slice(0, at) + name[at] + name.slice(at)
          : name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2)
        assert.include(Usage.nearest(typed, names), name)
      })
    )
  })

  it("knows whose help is asked for", () => {
    const wanted = (line: string) => Usage.helpWanted(line === "" ? [] : line.split(" "))
    assert.deepStrictEqual(
      ["", "--help", "-h", "help", "help read", "demo --help", "read -h", "demo", "--version"].map(wanted),
      ["overview", "overview", "overview", "overview", "read", "demo", "read", undefined, undefined]
    )
  })
})

describe("Help", () => {
  const all = [Help.overview, ...Usage.names.map(Help.ofCommand)]

  it("fits 80 columns and has no escape sequence", () => {
    for (const line of all.flat()) {
      assert.isAtMost(line.length, 80, line)
      assert.notInclude(line, "\u001b")
    }
  })

  it("begins with the commands, and tells every option and example of each", () => {
    const places = Usage.names.map((name) => Help.overview.findIndex((line) => line.startsWith(`kinesis ${name} `)))
    assert.deepStrictEqual([...places].sort((a, b) => a - b), places)
    assert.isTrue(places.every((place) => place > 0 && place < 24), String(places))
    for (const name of Usage.names) {
      const text = Help.ofCommand(name).join("\n")
      for (const option of Object.keys(Usage.commands[name].options)) assert.include(text, `--${option}`)
      for (const { args } of Usage.commands[name].examples) {
        assert.include(text, `kinesis ${args}`)
        assert.isUndefined(problem(args), args)
      }
    }
  })
})

describe("Npm", () => {
  const start = { npm_lifecycle_event: "start" }

  it("says what to type when npm kept an option for itself", () => {
    const advice = (env: Record<string, string>, ...args: ReadonlyArray<string>) =>
      Npm.advice({ ...start, ...env }, args)
    const kept = "npm kept --for for itself; type: npm start -- --for 5s"
    assert.strictEqual(advice({ npm_config_for: "true" }, "demo", "5s"), kept)
    assert.strictEqual(advice({ npm_config_for: "5s" }, "demo"), kept)
    assert.strictEqual(
      advice({ npm_config_json: "true", npm_config_for: "true" }, "demo", "5s"),
      "npm kept --for and --json for itself; type: npm start -- --for 5s --json"
    )
    assert.strictEqual(
      Npm.advice({ npm_lifecycle_event: "start:fleet", npm_config_json: "true" }, ["fleet"]),
      "npm kept --json for itself; type: npm run start:fleet -- --json"
    )
    assert.strictEqual(
      Npm.advice({ npm_lifecycle_event: "start:fleet", npm_config_fan_out: "true" }, ["fleet"]),
      "npm kept --fan-out for itself; type: npm run start:fleet -- --fan-out"
    )
  })

  it("is silent when all was handed on, and elsewhere", () => {
    assert.isUndefined(Npm.advice(start, ["demo", "--for", "5s"]))
    assert.isUndefined(Npm.advice({ ...start, npm_config_json: "true" }, ["demo", "--json"]))
    assert.isUndefined(Npm.advice({ ...start, npm_config_json: "" }, ["demo"]))
    assert.isUndefined(Npm.advice({ npm_lifecycle_event: "test", npm_config_json: "true" }, ["demo"]))
    assert.isUndefined(Npm.advice({}, ["demo"]))
  })
})
