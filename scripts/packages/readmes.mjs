/** What a newcomer copies out of the READMEs: lines of a shell, and code; and where their links lead. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { readJson, refuse, workspace } from "./run.mjs"

const published = () => workspace().filter(({ manifest }) => manifest.private !== true)

/** The repository's README, and those of the public packages. */
export const readmes = () => ["README.md", ...published().map(({ folder }) => `${folder}/README.md`)]

/** The blocks of one language in a README. */
export const blocks = (readme, language) =>
  [...readFileSync(readme, "utf8").matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, text]) =>
    text
  )

/** The lines that begin with a command, as npm's, without their comments. */
export const lines = (readme, command) =>
  blocks(readme, "sh").join("").split("\n")
    .map((line) => line.replace(/\s+#.*$/, ""))
    .filter((line) => line.startsWith(`${command} `))

const sourcesOf = ({ folder }) =>
  readdirSync(`${folder}/src`, { recursive: true }).filter((file) => file.endsWith(".ts")).map((file) =>
    `${folder}/src/${file}`
  )

/**
 * A package comes without the repository around it: the links of its README must be whole, and so must what its messages and doc comments
 * say of the documentation; and they must lead to what is there.
 */
export const checkLinks = () => {
  const repository = readJson("packages/kinesis/package.json").homepage.replace(/#.*/, "")
  const faultOf = (link) => {
    if (!link.startsWith("https://")) return [`${link} is no whole URL`]
    const path = link.startsWith(repository) ? link.slice(repository.length).replace(/#.*/, "") : ""
    const file = /^\/(?:blob|tree)\/main\/(.+)/.exec(path)?.[1]
    return path === "" || (file !== undefined && existsSync(file)) ? [] : [`${link} leads nowhere`]
  }
  const faults = (file, links) =>
    [...readFileSync(file, "utf8").matchAll(links)].flatMap(([, link]) => faultOf(link)).map((fault) =>
      `${file}: ${fault}`
    )
  refuse([
    ...published().flatMap(({ folder }) => faults(`${folder}/README.md`, /\]\(([^)]+)\)/g)),
    ...published().flatMap(sourcesOf).flatMap((file) => faults(file, /([^\s"`'()]*docs\/[\w-]+\.md)/g))
  ])
}
