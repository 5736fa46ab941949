import * as Usage from "./Usage.js"

/** The scripts of the repository that run a command. */
const scripts: Readonly<Record<string, { readonly typed: string; readonly command: Usage.Name }>> = {
  start: { typed: "npm start", command: "demo" },
  "start:fleet": { typed: "npm run start:fleet", command: "fleet" }
}

/**
 * What to type instead, if npm kept options for itself that were meant for the command: `npm start --for 5s` sets `npm_config_for` and
 * passes only the `5s` on. Undefined if nothing was kept.
 */
export const advice = (
  env: Readonly<Record<string, string | undefined>>,
  args: ReadonlyArray<string>
): string | undefined => {
  const script = scripts[env["npm_lifecycle_event"] ?? ""]
  if (script === undefined) return undefined
  const { options } = Usage.commands[script.command]
  const keptOf = (name: string) => env[`npm_config_${name.replaceAll("-", "_")}`]
  const kept = Object.keys(options).filter((name) =>
    Boolean(keptOf(name)) && !args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))
  )
  if (kept.length === 0) return undefined
  const [, ...handedOn] = args
  const isWord = (arg: string | undefined) => arg !== undefined && !arg.startsWith("-")
  const words = kept.map((name) => {
    const value = keptOf(name)!
    if (options[name]!.value === undefined) return `--${name}`
    if (value !== "true") return `--${name} ${value}`
    return `--${name} ${isWord(handedOn[0]) ? handedOn.shift()! : options[name]!.value}`
  })
  const flags = kept.map((name) => `--${name}`).join(" and ")
  return `npm kept ${flags} for itself; type: ${script.typed} -- ${[...words, ...handedOn].join(" ")}`
}
