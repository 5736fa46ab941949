import type * as ParseResult from "effect/ParseResult"
import { kindOf } from "./kinds.js"

type Issue = ParseResult.ParseIssue

type Path = ReadonlyArray<PropertyKey>

/** More of them would hide what is wrong. */
const mostLeaves = 3

const leafOf = (issue: Issue): string => {
  switch (issue._tag) {
    case "Pointer":
      return leafOf(issue.issue)
    case "Missing":
      return "is missing"
    case "Unexpected":
      return "is not known to the schema"
    case "Forbidden":
      return "needs an effect"
    default:
      return "message" in issue && issue.message !== undefined
        ? issue.message
        : `expected ${String(issue.ast)}, was ${kindOf(issue.actual)}`
  }
}

const insideOf = (issue: Issue): ReadonlyArray<Issue> => {
  switch (issue._tag) {
    case "Pointer":
    case "Refinement":
    case "Transformation":
      return [issue.issue]
    case "Composite":
      return [issue.issues].flat() as ReadonlyArray<Issue>
    default:
      return []
  }
}

const linesOf = (issue: Issue, path: Path): ReadonlyArray<string> => {
  const inner = issue._tag === "Pointer" ? [...path, ...[issue.path].flat() as ReadonlyArray<PropertyKey>] : path
  const inside = insideOf(issue)
  if (inside.length > 0) return inside.flatMap((each) => linesOf(each, inner))
  const place = inner.map(String).join(".")
  return [place === "" ? leafOf(issue) : `${place}: ${leafOf(issue)}`]
}

/** What a schema refuses, and where: Effect's own words would quote the value. */
export const describe = (issue: Issue): string => {
  const lines = linesOf(issue, [])
  const more = lines.length - mostLeaves
  return `${lines.slice(0, mostLeaves).join("; ")}${more > 0 ? `; and ${more} more` : ""}`
}
