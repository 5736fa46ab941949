/** Which versions of the AWS SDK's packages belong to a release, as far back as its packages permit. */
import { run } from "../packages/run.mjs"

const view = async (what, ...fields) => [JSON.parse(await run("npm", ["view", what, ...fields, "--json"]))].flat()

/** The newest version of a package. */
export const newest = async (name) => (await view(name, "version"))[0]

const numbers = (version) => version.split(".").map(Number)

const isHigher = (one, other) => {
  const difference = numbers(one).map((number, index) => number - numbers(other)[index]).find((number) => number !== 0)
  return difference !== undefined && difference > 0
}

/** The lowest published version within a range, and its dependencies. */
const lowestOf = async (name, range) => {
  const found = await view(`${name}@${range}`, "name", "version", "dependencies")
  return found.reduce((lowest, one) => (isHigher(lowest.version, one.version) ? one : lowest))
}

const isOfSdk = (name) => /^@(aws-sdk|aws|smithy)\//.test(name)

/**
 * The lowest version of each package of the SDK that all packages which need it permit, for these ranges: what was installed when the release
 * was new.
 */
export const oldest = async (ranges) => {
  const versions = {}
  let wanted = Object.entries(ranges)
  while (wanted.length > 0) {
    const found = await Promise.all(wanted.map(([name, range]) => lowestOf(name, range)))
    const raised = found.filter(({ name, version }) => {
      const isNew = versions[name] === undefined || isHigher(version, versions[name])
      if (isNew) versions[name] = version
      return isNew
    })
    const next = raised.flatMap(({ dependencies }) => Object.entries(dependencies ?? {})).filter(([name]) =>
      isOfSdk(name)
    )
    wanted = [...new Map(next.map((one) => [one.join("@"), one])).values()]
  }
  return versions
}
