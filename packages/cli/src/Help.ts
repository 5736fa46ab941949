import * as Usage from "./Usage.js"

const width = 80

/** Words in lines of at most this many columns. A wider word gets a line of its own. */
export const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

const paragraph = (text: string): ReadonlyArray<string> => [...wrap(text, width), ""]

const examplesOf = (examples: ReadonlyArray<Usage.Example>): ReadonlyArray<string> => {
  const widest = Math.max(...examples.map(({ args }) => args.length))
  return examples.map(({ args, text }) => `  kinesis ${args.padEnd(widest)}  ${text}`)
}

const optionsOf = (options: Usage.CommandUsage["options"]): ReadonlyArray<string> => {
  const entries = Object.entries({ ...options, help: { alias: "h", text: "This text." } } as typeof options)
  const labels = entries.map(([name, { alias, value }]) =>
    `  ${alias === undefined ? "" : `-${alias}, `}--${name}${value === undefined ? "" : ` ${value}`}`
  )
  const indent = Math.max(...labels.map(({ length }) => length)) + 2
  return entries.flatMap(([, { text }], i) =>
    wrap(text, width - indent).map((line, j) => `${(j === 0 ? labels[i]! : "").padEnd(indent)}${line}`)
  )
}

/** The help of one command. */
export const ofCommand = (name: Usage.Name): ReadonlyArray<string> => {
  const { examples, options, text, title } = Usage.commands[name]
  return [
    `kinesis ${name}${name === "read" ? " --stream STREAM" : ""} [options]`,
    "",
    ...paragraph(title),
    ...examplesOf(examples),
    "",
    ...text.flatMap(paragraph),
    "Options",
    ...optionsOf(options),
    "",
    ...exits
  ]
}

const exits = wrap(
  "Exit code: 0 done; 1 records were lost, duplicated or reordered, or a call failed; 2 the command line is wrong; 130 " +
    "ended by Ctrl-C, after the summary.",
  width
)

/** The output of `kinesis` without arguments: the commands first. */
export const overview: ReadonlyArray<string> = [
  "kinesis demo|read|serve|fleet [options]",
  "",
  "Read Amazon Kinesis streams, and serve a Kinesis of your own.",
  "",
  ...Usage.names.flatMap((name) => {
    const { examples, text, title } = Usage.commands[name]
    return [
      ...wrap(`${`kinesis ${name}`.padEnd(15)}${title}`, width),
      ...wrap(text[0]!, width - 2).map((line) => `  ${line}`),
      `  Try: kinesis ${examples.at(name === "demo" ? 1 : 0)!.args}`,
      ""
    ]
  }),
  "kinesis COMMAND --help shows the options. In a clone of the repository:",
  "npm start is kinesis demo (npm start -- --for 30s), npm run start:fleet is",
  "kinesis fleet. kinesis --completions bash|zsh|fish prints a completion script.",
  "",
  ...exits
]
